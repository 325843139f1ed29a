"""A lead's standing instruction: every new disclosure to the team is given to one of its services too."""

from django.db import transaction
from django.utils import timezone

from accounts import rules
from accounts.errors import conflict, not_allowed, not_there
from accounts.keyring import Keyholder, signing_key
from accounts.models import Person
from audit import events, log
from exchange.models import StandingInstruction


def instruct(team_id: str, service_id: str, *, by: Keyholder) -> None:
    """Give the team's new disclosures to this service from now on. Raises `NotAllowed`, `NotThere`, `Conflict`."""
    signing_key(by)
    with transaction.atomic():
        if not rules.leads(by.person_id, team_id):
            raise not_allowed(by, "Only a lead of the team can give a standing instruction.")
        service = Person.objects.filter(id=service_id, kind="service", memberships__team_id=team_id).first()
        if service is None:
            raise not_there(by)
        _, is_new = StandingInstruction.objects.get_or_create(
            team_id=team_id, person=service, defaults={"made_by_id": by.person_id, "made_at": timezone.now()}
        )
        if not is_new:
            raise conflict(by, "already_there", "That instruction is already in force.")
        log.append(
            events.TOKEN_MADE,
            by=by,
            parties=(f"person:{service_id}", f"team:{team_id}"),
            detail="standing_instruction",
        )
