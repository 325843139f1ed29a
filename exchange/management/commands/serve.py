"""``manage.py serve``: the whole exchange on this machine, as configured, until Ctrl-C."""

import argparse
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from exchange import safety
from exchange.management import onebox, supervisor


class Command(BaseCommand):
    """Web, worker and beat side by side; a broker and a mail catcher too, where the environment names none."""

    help = "Serve web and API with worker and beat beside them, until Ctrl-C. Example: manage.py serve --port 8000"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take where to listen."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *_arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Check, start, wait, stop."""
        refuse_unready_database()
        data = settings.CONFER_DATA
        self.stdout.write(f"Starting (what each process says goes to {data / 'logs'}):")
        try:
            with (
                supervisor.interruptible(),
                onebox.running({}, data, host=options["host"], port=options["port"], logs=data / "logs") as box,
            ):
                if box.mail:
                    self.stdout.write(f"Mail is caught in {box.mail} and goes nowhere (CONFER_MAIL names no server).")
                self.stdout.write(f"Serving on {box.url}. Ctrl-C stops everything.")
                box.house.wait()
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        except (supervisor.ServiceFailed, OSError) as error:
            raise CommandError(str(error)) from error


def refuse_unready_database() -> None:
    """Raise CommandError, with what to do, when the database is unsafe or not migrated."""
    try:
        safety.refuse_unsafe_database(connection)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run: manage.py migrate, then manage.py protect.")
    connection.close()
