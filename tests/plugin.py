"""Sets the run up before anything of Django is imported: its database, its folder, its addresses.

Named in ``pyproject.toml`` (``-p tests.plugin``) so that it comes before every ``conftest.py``. One process tests one
database; ``manage.py test`` starts one for each.
"""

import json
import os
import secrets
import socket
import sqlite3
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import django
import pytest

from exchange.management import embedded, supervisor
from tests.running import databases, places, postgres

VENDOR = os.environ.get("CONFER_TEST_VENDOR", "sqlite")
IS_LONG = os.environ.get("CONFER_LONG") == "1"


class Run:
    """What this run has brought up. It ends with ``resources``."""

    def __init__(self, resources: ExitStack) -> None:
        """Bring up the folder, the database server and the addresses; raise when one cannot be had."""
        self.resources = resources
        self.folder = resources.enter_context(places.lend_folder())
        server = resources.enter_context(postgres.running()) if VENDOR == "postgresql" else None
        self.version = _describe(server)
        self.copies = databases.Copies(self.folder, server)
        resources.callback(self.copies.drop_template)
        self.mail_port = _reserve_port(resources)
        self.web_port = _reserve_port(resources)
        self.mail_folder = self.folder / "mail"
        os.environ.update(self.environment)
        self.house = supervisor.House(embedded.base_environment(), report=lambda _: None)
        resources.callback(self.house.stop_all)

    @property
    def environment(self) -> dict[str, str]:
        """What this process and every other of the run is told. No database: a test asks for its own."""
        secret = self.folder / "secret-key"
        if not secret.exists():
            secret.write_text(secrets.token_urlsafe(64), encoding="ascii")
        return {
            "DJANGO_SETTINGS_MODULE": "exchange.settings",
            "CONFER_TESTING": "1",
            "CONFER_STRETCH": "tests",
            "CONFER_SECRET_KEY_FILE": str(secret),
            "CONFER_DATA": str(self.folder / "no-data-asked-for"),
            "CONFER_DATABASE": self.copies.describe("no_database_asked_for").url,
            "CONFER_BROKER": embedded.broker_url(self.folder),
            "CONFER_MAIL": f"smtp://127.0.0.1:{self.mail_port}",
            "CONFER_ORIGIN": f"http://127.0.0.1:{self.web_port}",
        }


RUN: pytest.StashKey[Run] = pytest.StashKey()


def _reserve_port(resources: ExitStack) -> int:
    """Give a loopback port that is ours but refuses connections until a service listens on it."""
    holder = resources.enter_context(socket.socket())
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    return port


def _describe(server: postgres.Server | None) -> str:
    if server is None:
        return f"SQLite {sqlite3.sqlite_version}"
    with server.connect() as connection:
        return f"PostgreSQL {connection.info.parameter_status('server_version')}"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Bring the run up, then let Django read its settings."""
    if VENDOR not in {"sqlite", "postgresql"}:
        raise pytest.UsageError(f"CONFER_TEST_VENDOR is {VENDOR!r}; it must be sqlite or postgresql.")
    resources = ExitStack()
    early_config.add_cleanup(resources.close)
    early_config.stash[RUN] = Run(resources)
    django.setup()


def pytest_report_header(config: pytest.Config) -> str:
    """Say which database this is."""
    run = config.stash[RUN]
    return f"confer: testing on {VENDOR} ({run.version}){', with the long tests' if IS_LONG else ''}"


def pytest_configure(config: pytest.Config) -> None:
    """Register our markers, and count."""
    config.pluginmanager.register(Counts(), "confer-counts")
    config.addinivalue_line("markers", "vendor(name): is about sqlite or postgresql alone; counted, not run, elsewhere")
    config.addinivalue_line("markers", "long: takes more than a minute; runs in `manage.py test --long` only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long tests unless they were asked for, and what is about another database; both are counted."""
    left_out = [item for item in items if not _belongs(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _belongs(item)]


def _belongs(item: pytest.Item) -> bool:
    vendor = item.get_closest_marker("vendor")
    return (IS_LONG or not item.get_closest_marker("long")) and (vendor is None or vendor.args[0] == VENDOR)


class Counts:
    """Counts outcomes for the runner, and refuses skips: what could not be tested was not tested."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.counts: Counter[str] = Counter(passed=0, failed=0, errors=0, skipped=0, xfailed=0, deselected=0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of one test."""
        if report.failed:
            self.counts["failed" if report.when == "call" else "errors"] += 1
        elif report.skipped:
            self.counts["xfailed" if hasattr(report, "wasxfail") else "skipped"] += 1
        elif report.when == "call":
            self.counts["passed"] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a file that could not be read, or that skips itself."""
        self.counts["errors"] += report.failed
        self.counts["skipped"] += report.skipped

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count what was left out."""
        self.counts["deselected"] += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the counts; a skip fails the run."""
        if self.counts["skipped"] and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if path := os.environ.get("CONFER_TEST_COUNTS"):
            Path(path).write_text(json.dumps(self.counts), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Say why the run failed when skips are the reason."""
        if self.counts["skipped"]:
            terminalreporter.write_line("A test was skipped. Here nothing is skipped: what it needs is brought up.")
