"""``manage.py test``: one fresh pytest per database, both counts, and the worse result."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parent.parent.parent
VENDORS = ("sqlite", "postgresql")
USAGE = """usage: manage.py test [--long] [--only sqlite|postgresql] [pytest's own arguments]

Runs the tests on SQLite and on PostgreSQL, side by side. --long adds what takes more than a minute (kills, volumes,
fuzzing).
--only is for the minutes between two thoughts: nothing counts as tested on one database."""


def run_tests(arguments: list[str]) -> int:
    """Run the tests with the arguments of the command line; give the exit code."""
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(USAGE + "\n")
        return 0
    vendors, is_long, rest = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="confer-counts-") as folder:
        # Side by side: each has its own databases, broker, mail server and ports, and there are two cores.
        runs = [_Run(vendor, rest, Path(folder), is_long=is_long) for vendor in vendors]
        results = [run.follow() for run in runs]
    sys.stdout.write("\n" + "\n".join(line for _, line in results) + "\n")
    if len(vendors) < len(VENDORS):
        sys.stdout.write(f"Only {vendors[0]} was asked for; this is not the whole of the tests.\n")
    return max(code for code, _ in results)


def _parse(arguments: list[str]) -> tuple[tuple[str, ...], bool, list[str]]:
    rest = list(arguments)
    vendors: tuple[str, ...] = VENDORS
    is_long = "--long" in rest
    while "--long" in rest:
        rest.remove("--long")
    if "--only" in rest:
        place = rest.index("--only")
        only = rest[place + 1] if place + 1 < len(rest) else ""
        if only not in VENDORS:
            sys.exit(f"--only takes one of: {', '.join(VENDORS)}\n\n{USAGE}")
        vendors = (only,)
        del rest[place : place + 2]
    return vendors, is_long, rest


class _Run:
    """Pytest on one database, in a process of its own, its words kept in a file until it is their turn."""

    def __init__(self, vendor: str, arguments: list[str], folder: Path, *, is_long: bool) -> None:
        """Start it."""
        self.vendor = vendor
        self.counts, self.words = folder / f"{vendor}.json", folder / f"{vendor}.log"
        self.started = time.time()
        environment = os.environ | {
            "CONFER_TEST_VENDOR": vendor,
            "CONFER_TEST_COUNTS": str(self.counts),
            "CONFER_LONG": "1" if is_long else "0",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start many a Python: compile once, not each time
        command = [sys.executable, "-m", "pytest", *arguments]
        with self.words.open("wb") as output:
            self.child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)

    def follow(self) -> tuple[int, str]:
        """Print its words as they come; give its exit code and a line that says what happened."""
        sys.stdout.write(f"\n=== Tests on {self.vendor} ===\n")
        with self.words.open("rb") as words:
            while (code := self.child.poll()) is None:
                _pass_on(words)
                _pause()
            _pass_on(words)
        code = code if code >= 0 else 128 - code
        told = json.loads(self.counts.read_text(encoding="utf-8")) if self.counts.exists() else {}
        summary = ", ".join(f"{number} {what}" for what, number in told.items() if number) or "nothing was run"
        took = self.words.stat().st_mtime - self.started  # its last words, not when they were read out
        return code, f"{self.vendor:>10}: {summary} in {took:.0f} s (exit {code})"


def _pass_on(words: BinaryIO) -> None:
    sys.stdout.buffer.write(words.read())
    sys.stdout.flush()


def _pause() -> None:
    """Wait a moment; on Ctrl-C pytest has been told, too, and tidies up before it ends."""
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(0.2)
