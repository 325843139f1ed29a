"""``manage.py make_partnership``: the fictional partnership, on an empty database."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts.errors import Conflict
from accounts.models import Agency
from exchange.management import fiction


class Command(BaseCommand):
    """Makes agencies, teams and people for a demonstration or a load test. Everyone is invented."""

    help = "Make the fictional partnership on an empty database. Example: manage.py make_partnership var/cast.json"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take where the sign-ins go."""
        parser.add_argument("cast", type=Path, help="file for the cast's sign-ins (readable by you alone)")

    def handle(self, *_arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Make it, or refuse where people already are."""
        if Agency.objects.exists():
            message = f"The database {connection.settings_dict['NAME']} is in use. This needs an empty one."
            raise CommandError(message)
        try:
            made = fiction.build(self.stdout.write)
        except Conflict as refused:
            raise CommandError(refused.sentence) from None
        fiction.write(made, options["cast"])
