"""``manage.py test``: one fresh pytest per database, both counts, and the worse result."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENDORS = ("sqlite", "postgresql")
USAGE = """usage: manage.py test [--long] [--only sqlite|postgresql] [pytest's own arguments]

Runs the tests on SQLite, then on PostgreSQL. --long adds what takes more than a minute (kills, volumes, fuzzing).
--only is for the minutes between two thoughts: nothing counts as tested on one database."""


def run_tests(arguments: list[str]) -> int:
    """Run the tests with the arguments of the command line; give the exit code."""
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(USAGE + "\n")
        return 0
    vendors, is_long, rest = _parse(arguments)
    results = [_run(vendor, rest, is_long=is_long) for vendor in vendors]
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


def _run(vendor: str, arguments: list[str], *, is_long: bool) -> tuple[int, str]:
    """Run pytest on one database; give its exit code and a line that says what happened."""
    sys.stdout.write(f"\n=== Tests on {vendor} ===\n")
    sys.stdout.flush()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="confer-counts-") as folder:
        counts = Path(folder) / "counts.json"
        environment = os.environ | {
            "CONFER_TEST_VENDOR": vendor,
            "CONFER_TEST_COUNTS": str(counts),
            "CONFER_LONG": "1" if is_long else "0",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start many a Python: compile once, not each time
        command = [sys.executable, "-m", "pytest", *arguments]
        code = _wait(subprocess.Popen(command, cwd=ROOT, env=environment))
        told = json.loads(counts.read_text(encoding="utf-8")) if counts.exists() else {}
    summary = ", ".join(f"{number} {what}" for what, number in told.items() if number) or "nothing was run"
    return code, f"{vendor:>10}: {summary} in {time.monotonic() - started:.0f} s (exit {code})"


def _wait(child: subprocess.Popen[bytes]) -> int:
    """Wait for pytest; on Ctrl-C it has been told, too, and tidies up before it ends."""
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            continue
        return code if code >= 0 else 128 - code
