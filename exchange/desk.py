"""What a signed-in person is here, and the acts of their desk that need the edition's codes."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import agencies, people, rules, teams
from accounts.agencies import AgencyDetails
from accounts.errors import KeyRefused
from accounts.keyring import Keyholder
from accounts.models import Person
from accounts.people import PersonDetails, Waiting
from audit import events, log
from exchange import errors, refusals
from exchange.guidance import edition as editions
from exchange.guidance import requirements
from exchange.guidance.requirements import Problem


@dataclass(frozen=True, slots=True)
class Place:
    """One role in one team."""

    team_id: str
    team: str
    kind: str
    role: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Who this is, where, and whether signing is unlocked now."""

    person_id: str
    name: str
    kind: str
    agency_id: str
    agency: str
    places: Sequence[Place]
    may_sign_now: bool


def find_standing(*, by: Keyholder) -> Standing:
    """Who is signed in."""
    person = Person.objects.select_related("agency").get(id=by.person_id)
    memberships = rules.live_memberships().select_related("team").filter(person=person).order_by("team__name", "role")
    return Standing(
        by.person_id,
        person.name,
        person.kind,
        by.agency_id,
        person.agency.name,
        [Place(str(m.team_id), m.team.name, m.team.kind, m.role) for m in memberships],
        by.signing is not None and by.kind == "person",
    )


def renew_keys(*, by: Keyholder) -> None:
    """Begin the key epochs that wait for this lead, who has just signed in.

    A member's key that is refused is alarmed, and the epoch waits on: it must not keep the lead out.
    """
    try:
        teams.renew_due(by=by)
    except KeyRefused as refused:
        refusals.record_refusal(refused)


def invite(details: PersonDetails, *, team_id: str, role: str, by: Keyholder) -> str:
    """Invite a person, their engagement being a code of the edition. Raises `Unacceptable`, and as `people.invite`."""
    edition = editions.current_edition(timezone.localdate())
    problems = requirements.check_code(edition, "engagement_kinds", "engagement", details.engagement)
    first = details.valid_from or timezone.localdate()
    if details.valid_until is not None and details.valid_until < max(first, timezone.localdate()):
        problems.append(
            Problem("valid_until", "in_past", "This day is over, or before the first. Give their last day.")
        )
    if problems:
        raise errors.unacceptable(by, problems)
    return people.invite(details, team_id=team_id, role=role, by=by)


def list_waiting(*, by: Keyholder) -> Sequence[Waiting]:
    """Whom this lead may admit; the list is itself logged."""
    found = people.waiting_for(by)
    with transaction.atomic():
        log.append(events.LIST_SHOWN, by=by, parties=[f"person:{one.person_id}" for one in found])
    return found


def join_agency(details: AgencyDetails, *, by: Keyholder) -> str:
    """Bring in an agency, its kind and sector being codes of the edition; its id."""
    edition = editions.current_edition(timezone.localdate())
    problems = requirements.check_code(edition, "agency_kinds", "kind", details.kind)
    problems += requirements.check_code(edition, "sectors", "sector", details.sector)
    if problems:
        raise errors.unacceptable(by, problems)
    return str(agencies.join_agency(details, by=by).id)
