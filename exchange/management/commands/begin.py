"""``manage.py begin``: the first agency, its lead, administrator and the exchange's auditor, on an empty database."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import begin
from accounts.agencies import AgencyDetails
from accounts.errors import Conflict
from accounts.people import PersonDetails
from accounts.teams import TeamDetails
from audit import logkey
from exchange.guidance import edition as editions
from exchange.guidance import requirements

EXAMPLE = """example:
  manage.py begin --agency "Northshire Council" --kind CHILDRENS_SOCIAL_CARE --sector PUBLIC \\
    --team MASH --team-email mash@example.org --team-telephone "01632 960101" \\
    --lead "Lena Okafor" lena@example.org --administrator "Agnes Holt" agnes@example.org \\
    --auditor "Audrey Finch" audrey@example.org
"""


class Command(BaseCommand):
    """Begins a partnership for real and prints three single-use invitations; refuses a second time."""

    help = "Begin a partnership on an empty database, and print the first invitations."

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:  # noqa: ANN401 - Django's signature
        """Show the example in --help as it is typed."""
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter, **options
        )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the agency, its first team and three people."""
        parser.add_argument("--agency", required=True, help="the first agency's name")
        parser.add_argument("--kind", required=True, help="its kind, a code of the edition")
        parser.add_argument("--sector", default="PUBLIC", help="PUBLIC, PRIVATE or VOLUNTARY")
        parser.add_argument("--team", required=True, help="its first team's name")
        parser.add_argument("--team-email", default="", help="the team's mailbox")
        parser.add_argument("--team-telephone", default="", help="the number to ring when nobody can be reached here")
        for role in ("lead", "administrator", "auditor"):
            parser.add_argument(f"--{role}", nargs=2, metavar=("NAME", "E-MAIL"), required=True)

    def handle(self, *_arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Begin, or say why not."""
        edition = editions.current_edition(timezone.localdate())
        problems = requirements.check_code(edition, "agency_kinds", "--kind", options["kind"])
        problems += requirements.check_code(edition, "sectors", "--sector", options["sector"])
        if problems:
            raise CommandError("\n".join(f"{problem.field}: {problem.sentence}" for problem in problems))
        people = {role: _person(options[role]) for role in ("lead", "administrator", "auditor")}
        try:
            begun = begin.begin(
                AgencyDetails(options["agency"], options["kind"], options["sector"]),
                TeamDetails(options["team"], email=options["team_email"], telephone=options["team_telephone"]),
                lead=people["lead"],
                administrator=people["administrator"],
                auditor=people["auditor"],
            )
        except Conflict as refused:
            raise CommandError(refused.sentence) from None
        self._make_log_key()
        self._tell(begun)

    def _make_log_key(self) -> None:
        if not settings.CONFER_LOG_KEY_FILE.exists():
            public = logkey.make_log_key(settings.CONFER_LOG_KEY_FILE)
            self.stdout.write(f"The log's public key, for everyone who will check it: {public.format()}")

    def _tell(self, begun: begin.Beginning) -> None:
        self.stdout.write(
            "Give each person their own secret yourself; it works once, for fourteen days, and is not kept here."
        )
        self.stdout.write("The lead goes first: their key becomes the root of trust, and they admit the others.")
        for email, role, secret in begun.invitations:
            self.stdout.write(f"  {role:13} {email}\n    invitation secret: {secret}")
        self.stdout.write(f"They take it up at {settings.CONFER_ORIGIN}/api/v1/invitations/take (see docs/api.md).")


def _person(given: list[str]) -> PersonDetails:
    name, email = given
    return PersonDetails(name, email, "EMPLOYEE")
