"""``manage.py verify_log``: verify every row of the log, and say where it fails."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit import checkpoint, errors, events, log, logkey, verifying


class Command(BaseCommand):
    """Checks leaves, numbers, the tree and every signed checkpoint, and compares those you hold elsewhere."""

    help = (
        "Verify the whole log and say where it fails. Example: manage.py verify_log --held /media/stick/checkpoints "
        "--key /media/stick/log.key.pub"
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take what was kept outside."""
        parser.add_argument(
            "--held", type=Path, action="append", default=[], help="a file of signed checkpoints (repeatable)"
        )
        parser.add_argument("--key", type=Path, help="the log's public key as you hold it; otherwise this machine's")

    def handle(self, *_arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Verify, with progress; non-zero when anything fails."""
        try:
            held = [path.read_text(encoding="utf-8") for path in options["held"]]
            key: checkpoint.LogKey | None = logkey.load_public_key(options["key"]) if options["key"] else None
            with transaction.atomic():
                log.append(events.LOG_VERIFIED, by=None, detail=str(len(held)))
            found = verifying.verify_log(self._show, held, key=key)
        except (errors.LogBroken, errors.NoteMalformed, errors.KeyFileUnusable, OSError) as fault:
            raise CommandError(f"NOT WHOLE, or not to be checked: {fault}") from fault
        self.stdout.write(
            f"Whole: {found.size} entries, root {found.root.hex()}; {found.held} held checkpoints agree "
            f"(up to entry {found.held_up_to}); {found.unnumbered} newest entries wait for their number."
        )
        if not held:
            self.stdout.write("Nothing held outside was compared: an operator could have rewritten it all. Use --held.")

    def _show(self, done: int, size: int) -> None:
        self.stderr.write(f"\r  {done} of {size}", ending="\n" if done == size else "")
