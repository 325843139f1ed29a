"""``manage.py export_log``: the log as a file that `python -m audit.verify` checks on any machine."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import errors, verifying


class Command(BaseCommand):
    """Envelopes, numbers and checkpoints; no reasons, which stay sealed."""

    help = (
        "Write the log to a file. Example: manage.py export_log log.jsonl && "
        "python -m audit.verify log.jsonl --key log.key.pub"
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *_arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Write line by line; refuses to overwrite."""
        count = 0
        try:
            with options["file"].open("xb") as file:
                for line in verifying.export_log():
                    file.write(line)
                    count += 1
        except (errors.LogBroken, OSError) as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{count} lines written to {options['file']}.")
