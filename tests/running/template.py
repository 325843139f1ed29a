"""Makes the database every test gets a copy of. Run as a process of its own: ``python -m tests.running.template STEP``.

Step ``tables`` comes as the owner (migrations, grants), step ``cast`` as the application, with no more rights than it.
"""

import importlib
import importlib.util
import sys

import django
from django.core.management import call_command


def main() -> None:
    """Do the one step the command line names."""
    django.setup()
    steps = {"tables": make_tables, "cast": make_cast}
    steps[sys.argv[1]]()


def make_tables() -> None:
    """Migrate, then give the application's role its rights."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("protect", verbosity=0)


def make_cast() -> None:
    """Let ``tests.cast.build()`` put its people in, if it is there."""
    if importlib.util.find_spec("tests.cast") is None:
        return
    build = getattr(importlib.import_module("tests.cast"), "build", None)
    if build is not None:
        build()


if __name__ == "__main__":
    main()
