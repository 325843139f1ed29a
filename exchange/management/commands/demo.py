"""``manage.py demo``: the fictional partnership at work, then served until Ctrl-C."""

import argparse
import subprocess
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import second_factor
from exchange.management import fiction, rehearsal, supervisor, walking

FOLDER = rehearsal.ROOT / "var" / "demo"


class Command(BaseCommand):
    """Keeps to its own folder, made anew each time, and listens to no CONFER_ setting."""

    help = (
        "Walk the main job on a fictional partnership, then serve it until Ctrl-C. Example: manage.py demo --port 8000"
    )
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take a port, where to keep its files, or a wish to see the codes of a demo that is running."""
        parser.add_argument("--port", type=int, default=8000, help="0 takes any free port")
        parser.add_argument("--folder", type=Path, default=FOLDER, help="its own data folder, emptied first")
        parser.add_argument("--codes", action="store_true", help="show the cast's second-factor codes now, and exit")

    def handle(self, *_arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Set the stage, walk, serve, stop."""
        folder = options["folder"].absolute()
        cast = folder / "cast.json"
        if options["codes"]:
            self._show_codes(cast)
            return
        rehearsal.clear_names()
        try:
            rehearsal.prepare_folder(folder)
            environment = rehearsal.embedded_environment(folder)
            rehearsal.set_stage(environment, cast, self._say)
            self._show_cast(cast)
            with (
                supervisor.interruptible(),
                rehearsal.open_house(environment, folder, port=options["port"], say=self._say) as box,
            ):
                walking.walk(rehearsal.make_walk(box, cast, self._say))
                self._say(f"\nServing on {box.url}. Mail is caught in {box.mail}. Ctrl-C stops everything.")
                self._say("Codes to sign in with: python3 manage.py demo --codes (each counts once).")
                box.house.wait()
        except KeyboardInterrupt:
            self._say("Stopped.")
        except (walking.StepFailed, supervisor.ServiceFailed, OSError) as fault:
            raise CommandError(str(fault)) from fault
        except subprocess.CalledProcessError as fault:
            raise CommandError(f"Setting the stage failed in: manage.py {fault.cmd[2]}") from fault

    def _show_cast(self, cast: Path) -> None:
        people, _ = fiction.read(cast)
        self._say("\nWho is who (all invented), and how they sign in:")
        for person in people.values():
            self._say(f"  {person.email:22} {person.name}, {person.job}, {person.agency}")
            self._say(f"  {'':22} passphrase: {person.passphrase}")
        self._say("")

    def _show_codes(self, cast: Path) -> None:
        if not cast.exists():
            raise CommandError("No demo has been made yet. Run: python3 manage.py demo")
        people, _ = fiction.read(cast)
        step = int(time.time()) // second_factor.STEP
        left = second_factor.STEP - int(time.time()) % second_factor.STEP
        self._say(f"Good for {left} more seconds:")
        for person in people.values():
            self._say(f"  {fiction.make_code(person, step)}  {person.email}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
