"""Settings are read strictly, logs hold no content, locks pin everything, and the first command explains itself."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from exchange import environment, quiet
from exchange.management import bootstrap
from tests.running import runner

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = [bootstrap.RUNTIME_LOCK, bootstrap.FULL_LOCK, bootstrap.INSTALLER_LOCK]
SECRET = "Wetherby-tangerine"  # a word that stands for what somebody typed


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of their own."""
    code = "import exchange.settings as s; print(s.DATABASES['default']['ENGINE'])"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | changes, capture_output=True, text=True, check=False
    )


def test_cheap_stretching_is_refused_outside_the_tests() -> None:
    assert start(CONFER_STRETCH="tests", CONFER_TESTING="1").returncode == 0
    refused = start(CONFER_STRETCH="tests", CONFER_TESTING="0")
    assert "refused outside the tests" in refused.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONFER_DATABASE", "mysql://app@example.org/confer"),
        ("CONFER_ORIGIN", "confer.example.org"),
        ("CONFER_ORIGIN", "http://confer.example.org"),
        ("CONFER_MAIL", "mail.example.org"),
        ("CONFER_SECRET_KEY_FILE", "/nowhere/at/all"),
        ("CONFER_STRETCH", "weak"),
    ],
)
def test_a_setting_that_cannot_be_understood_stops_the_start(name: str, value: str) -> None:
    refused = start(**{name: value})
    assert refused.returncode != 0
    assert name in refused.stderr.splitlines()[-1] or "CONFER" in refused.stderr.splitlines()[-1]


def test_a_database_address_is_read_part_by_part() -> None:
    read = environment.parse_database("postgres://app:p%40ss@db.example.org:5433/confer?sslmode=verify-full")
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["PORT"], read["NAME"]) == (
        "app", "p@ss", "db.example.org", "5433", "confer",
    )  # fmt: skip
    assert read["OPTIONS"] == {"sslmode": "verify-full"}
    assert environment.parse_database("postgres://app@/confer?host=/run/pg")["HOST"] == "/run/pg"
    assert environment.parse_database("sqlite:///a/b%20c")["NAME"] == "/a/b c"


def test_the_embedded_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret-key"
    first = environment.read_secret("CONFER_NOT_SET", path)
    assert environment.read_secret("CONFER_NOT_SET", path) == first
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("short")
    with pytest.raises(ImproperlyConfigured, match="too short"):
        environment.read_secret("CONFER_NOT_SET", path)


def test_nothing_that_passes_round_the_vault_is_installed() -> None:
    for app in ("django.contrib.sessions", "django.contrib.admin", "django.contrib.messages"):
        assert app not in settings.INSTALLED_APPS
    assert settings.CACHES["default"]["BACKEND"].endswith("DummyCache")
    assert not any("Temporary" in handler for handler in settings.FILE_UPLOAD_HANDLERS)
    assert not settings.DEBUG
    assert not settings.ADMINS


def fail() -> None:
    raise ValueError(f"could not read {SECRET}")


def fail_twice() -> None:
    try:
        fail()
    except ValueError as error:
        raise KeyError(SECRET) from error


def log_line(logger: str, message: str, *arguments: object) -> str:
    try:
        fail_twice()
    except KeyError as error:
        filled = tuple(error if each is KeyError else each for each in arguments)
        record = logging.LogRecord(logger, logging.ERROR, __file__, 1, message, filled, sys.exc_info())
        return quiet.Formatter().format(record)
    raise AssertionError


def test_a_log_line_keeps_places_and_loses_content() -> None:
    line = log_line("django.request", "Internal Server Error: %s failed with %s", f"/search?q={SECRET}&x=1", KeyError)
    assert "Wetherby" not in line
    assert "/search?" in line
    assert "KeyError" in line
    assert "ValueError" in line
    assert "in fail" in line


def test_a_failing_task_is_logged_by_name_alone() -> None:
    line = log_line("celery.app.trace", "Task %(name)s raised unexpected: %(exc)s")
    assert "Wetherby" not in line
    assert "KeyError" in line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_by_hash_and_names_no_place(lock: Path) -> None:
    text = lock.read_text()
    pins = list(bootstrap.read_pins(lock))
    assert pins
    assert len(pins) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE))
    assert not re.search(r"https?://|^\s*-", re.sub(r"^\s+--hash=sha256:[0-9a-f]{64}", "", text, flags=re.MULTILINE))
    for name, _, _ in pins:
        block = text[text.index(f"{name}==") :].split("\n")[1]
        assert "--hash=sha256:" in block


def test_the_full_lock_holds_the_runtime_lock() -> None:
    assert set(bootstrap.read_pins(bootstrap.RUNTIME_LOCK)) <= set(bootstrap.read_pins(bootstrap.FULL_LOCK))


def test_a_missing_venv_module_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        bootstrap._prepare()


def test_another_version_of_a_library_is_not_taken_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    monkeypatch.setattr(bootstrap, "RUNTIME_LOCK", lock)
    version = next(version for name, version, _ in bootstrap.read_pins(bootstrap.FULL_LOCK) if name == "django")
    lock.write_text(f"django=={version}\nnowhere==1 ; sys_platform == 'win32'\n")
    assert bootstrap._is_installed_here()
    lock.write_text("django==0.96\n")
    assert not bootstrap._is_installed_here()
    lock.write_text("nowhere==1\n")
    assert not bootstrap._is_installed_here()


def test_the_runner_knows_its_own_words_and_passes_the_others_on() -> None:
    assert runner._parse(["-k", "vault", "--long", "-x"]) == (("sqlite", "postgresql"), True, ["-k", "vault", "-x"])
    assert runner._parse(["--only", "sqlite", "-x"]) == (("sqlite",), False, ["-x"])
    with pytest.raises(SystemExit, match="--only takes one of"):
        runner._parse(["--only", "oracle"])
