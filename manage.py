#!/usr/bin/env python3
"""The one entry point. Prepares what it needs on first use, with the standard library alone; then it is Django's own.

python3 manage.py demo     a fictional partnership at work, served until Ctrl-C
python3 manage.py test     every test, on SQLite and on PostgreSQL
python3 manage.py prepare  the preparing alone
"""

import importlib.util
import os
import sys

AS_OWNER = {"migrate", "protect"}  # what changes tables, or who may use them, comes as the owner of the database


def main() -> None:
    """Prepare, then run the command given on the command line."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one should be told in a sentence
        sys.exit("Confer needs Python 3.11 or later; this is %d.%d." % sys.version_info[:2])  # noqa: UP031 - older ones read this

    from exchange.management import bootstrap  # noqa: PLC0415 - what it imports may not be there yet

    bootstrap.ensure_ready()
    if sys.argv[1:] == ["prepare"]:
        return
    if sys.argv[1:2] == ["test"]:
        sys.exit(run_tests(sys.argv[2:]))

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange.settings")
    if sys.argv[1:2] and sys.argv[1] in AS_OWNER:
        os.environ["CONFER_AS_OWNER"] = "1"
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - exists once prepared

    execute_from_command_line(sys.argv)


def run_tests(arguments: "list[str]") -> int:
    """Run the tests, where there are any; give the exit code."""
    if importlib.util.find_spec("tests") is None or importlib.util.find_spec("pytest") is None:
        sys.exit("This image was made without tests and pytest. Run them from a clone: python3 manage.py test")
    from tests.running import runner  # noqa: PLC0415 - as said

    return runner.run_tests(arguments)


if __name__ == "__main__":
    main()
