"""Makes ``.venv`` beside ``manage.py`` on first use, and goes on inside it. Standard library alone.

Nothing is made where everything already is: in a container, or in an environment somebody made for themselves.
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = ROOT / ".venv"
STAMP = HOME / "stamp"
PYTHON = HOME / "bin" / "python"
RUNTIME_LOCK = ROOT / "requirements.txt"
FULL_LOCK = ROOT / "requirements-dev.txt"
INSTALLER_LOCK = ROOT / "requirements-uv.txt"
PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)\s*(;)?")


def ensure_ready() -> None:
    """Return when this interpreter has what the lock names; else prepare ``.venv`` and go on there (no return)."""
    if Path(sys.prefix) == HOME:
        if not _is_current():
            _prepare()
            _continue_inside()
        return
    if _is_installed_here():
        return
    if not _is_current():
        _prepare()
    _continue_inside()


def _continue_inside() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *sys.argv[1:]])  # noqa: S606 - our own interpreter


def _fingerprint() -> str:
    return hashlib.sha256(FULL_LOCK.read_bytes()).hexdigest()


def _is_current() -> bool:
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="ascii") == _fingerprint()


def read_pins(lock: Path) -> Iterator[tuple[str, str, bool]]:
    """Give (name, version, only on some machines?) of every line of a lock."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := PINNED.match(line):
            yield found[1], found[2], bool(found[3])


def _is_installed_here() -> bool:
    """Say whether every pinned distribution is here at its version: that something imports proves too little."""
    for name, version, conditional in read_pins(RUNTIME_LOCK):
        try:
            if importlib.metadata.version(name) != version:
                return False
        except importlib.metadata.PackageNotFoundError:
            if not conditional:
                return False
    return True


def _prepare() -> None:
    """Make ``.venv``, one process at a time, the stamp last."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        sys.exit(
            "Confer prepares its own environment, and Python's venv module is missing for that.\n"
            "On Debian or Ubuntu:  apt install python3-venv\n"
            "Then run the same command again."
        )
    with _alone():
        if _is_current():
            return
        started = time.monotonic()
        _say("First use (or new requirements): preparing .venv beside manage.py. Nothing outside this folder changes.")
        shutil.rmtree(HOME, ignore_errors=True)
        _step("1/3 making the environment", [sys.executable, "-m", "venv", str(HOME)])
        pip = [
            str(PYTHON),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "install",
            "-q",
            "--require-hashes",
        ]
        has_uv = _try("2/3 installing the installer", [*pip, "-r", str(INSTALLER_LOCK)])
        if not (has_uv and _try("3/3 installing the requirements", _uv_install())):
            _say("  uv could not; pip does it instead (about half a minute)")
            _step("3/3 installing the requirements", [*pip, "-r", str(FULL_LOCK)])
        STAMP.write_text(_fingerprint(), encoding="ascii")
        _say(f"Ready after {time.monotonic() - started:.0f} s.")


def _uv_install() -> list[str]:
    uv = str(HOME / "bin" / "uv")
    return [uv, "pip", "install", "-q", "--python", str(PYTHON), "--require-hashes", "-r", str(FULL_LOCK)]


@contextmanager
def _alone() -> Iterator[None]:
    with (ROOT / ".venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another process is preparing .venv; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress of a command


def _try(what: str, command: list[str]) -> bool:
    started = time.monotonic()
    _say(f"  {what} …")
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "PIP_ROOT_USER_ACTION": "ignore"}
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - our own
    except OSError as error:
        _say(f"  {what}: {error}")
        return False
    _say(f"  {what}: {'done' if done.returncode == 0 else 'failed'} ({time.monotonic() - started:.1f} s)")
    return done.returncode == 0


def _step(what: str, command: list[str]) -> None:
    if not _try(what, command):
        sys.exit(f"Could not prepare .venv: {what} failed (see above). Run the same command again to retry.")
