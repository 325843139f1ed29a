"""``manage.py walk``: the main job once, through the API, as different people; 0 if every step held."""

import argparse
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchange.management import rehearsal, supervisor, walking


class Command(BaseCommand):
    """Uses the embedded default unless CONFER_DATABASE names a database, which must be empty."""

    help = (
        "Walk the main job once and exit: 0 if every step held. Example: manage.py walk. "
        "With CONFER_DATABASE (empty) and CONFER_BROKER set, the same on those."
    )
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take where the embedded default keeps its files, and a port."""
        parser.add_argument("--folder", type=Path, default=rehearsal.ROOT / "var" / "walk")
        parser.add_argument("--port", type=int, default=0, help="0 takes any free port")

    def handle(self, *_arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Set the stage, walk, look for leaks, stop."""
        began, folder = time.monotonic(), options["folder"].absolute()
        cast = folder / "cast.json"
        try:
            rehearsal.prepare_folder(folder)
            environment = self._choose(folder)
            rehearsal.set_stage(environment, cast, self._say)
            with (
                supervisor.interruptible(),
                rehearsal.open_house(environment, folder, port=options["port"], say=self._say) as box,
            ):
                going = rehearsal.make_walk(box, cast, self._say)
                walking.walk(going)
                rehearsal.find_leaks(going, folder, cast)
                self._say("  None of the concern's words is at rest in the database, queue, mail, logs or documents.")
        except (walking.StepFailed, supervisor.ServiceFailed, OSError) as fault:
            raise CommandError(str(fault)) from fault
        except subprocess.CalledProcessError as fault:
            raise CommandError(f"Setting the stage failed in: manage.py {fault.cmd[2]}") from fault
        self._say(f"Every step held, in {time.monotonic() - began:.0f} s.")

    def _choose(self, folder: Path) -> dict[str, str]:
        if "CONFER_DATABASE" in os.environ:
            named = {name: value for name, value in os.environ.items() if name.startswith("CONFER_")}
            return {"CONFER_DATA": str(folder), **named}
        rehearsal.clear_names()
        return rehearsal.embedded_environment(folder)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
