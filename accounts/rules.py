"""Small predicates about people and teams, read from the rows as they are now."""

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from accounts.keyring import Keyholder
from accounts.models import Membership, Person, Team
from accounts.models.team import ADMINISTRATOR, AUDIT_OFFICE, AUDITOR, DESK, EXCHANGE_OFFICE, LEAD, PRACTITIONER

READING_ROLES = (PRACTITIONER, LEAD)


def live_memberships() -> QuerySet[Membership]:
    """Memberships in force now, of people engaged today, in teams that are open."""
    today = timezone.localdate()
    return Membership.objects.filter(
        ended_at=None, team__closed_at=None, person__closed_at=None, person__valid_from__lte=today
    ).exclude(person__valid_until__lt=today)


def has_place(person_id: str) -> bool:
    """Whether this person holds any role anywhere now: admitted, and not removed from all."""
    return live_memberships().filter(person_id=person_id).exists()


def has_role(person_id: str, team_id: str, *roles: str) -> bool:
    """Whether this person holds one of these roles in this team now."""
    return live_memberships().filter(person_id=person_id, team_id=team_id, role__in=roles).exists()


def works_in(person_id: str, team_id: str) -> bool:
    """Whether this person reads and writes for this team (practitioner or lead)."""
    return has_role(person_id, team_id, *READING_ROLES)


def leads(person_id: str, team_id: str) -> bool:
    """Whether this person leads this team."""
    return has_role(person_id, team_id, LEAD)


def leads_in_agency(person_id: str, agency_id: str) -> bool:
    """Whether this person leads any desk of this agency."""
    return (
        live_memberships().filter(person_id=person_id, team__agency_id=agency_id, team__kind=DESK, role=LEAD).exists()
    )


def administers(person_id: str, agency_id: str) -> bool:
    """Whether this person keeps this agency's people and teams (and opens no content)."""
    return live_memberships().filter(person_id=person_id, team__agency_id=agency_id, role=ADMINISTRATOR).exists()


def administers_team(person_id: str, team_id: str) -> bool:
    """Whether this person keeps the people of the agency this team belongs to."""
    agency_id = Team.objects.filter(id=team_id).values_list("agency_id", flat=True).first()
    return agency_id is not None and administers(person_id, str(agency_id))


def audits(person_id: str) -> tuple[str, ...]:
    """The audit offices (team ids) this person is an auditor of."""
    rows = live_memberships().filter(person_id=person_id, role=AUDITOR, team__kind__in=(AUDIT_OFFICE, EXCHANGE_OFFICE))
    return tuple(str(pk) for pk in rows.values_list("team_id", flat=True))


def team_ids(person_id: str) -> tuple[str, ...]:
    """The teams this person reads and writes for."""
    rows = live_memberships().filter(person_id=person_id, role__in=READING_ROLES).order_by("team_id")
    return tuple(dict.fromkeys(str(pk) for pk in rows.values_list("team_id", flat=True)))


def holds_root(by: Keyholder) -> bool:
    """Whether this person's key is the partnership's root, which vouches across agencies."""
    return bool(by.pins.root) and by.statement == by.pins.root


@dataclass(frozen=True, slots=True)
class Admitting:
    """Where one person may admit, read once for any number of people who wait."""

    led: frozenset[uuid.UUID]
    led_in: frozenset[uuid.UUID]
    holds_root: bool
    without_lead: frozenset[uuid.UUID]

    def includes(self, team: Team, role: str) -> bool:
        """To a desk, its lead; to an office or an administrator's place, any lead of the agency.

        The first lead of a team is admitted by whoever holds the partnership's root, and so are its auditors.
        """
        if team.kind == DESK and role in READING_ROLES:
            return team.id in self.led or (role == LEAD and self.holds_root and team.id in self.without_lead)
        if team.kind == EXCHANGE_OFFICE:
            return self.holds_root
        return team.agency_id in self.led_in


def find_admitting(by: Keyholder) -> Admitting:
    """Where this person may admit now, in three queries at most."""
    places = live_memberships().filter(person_id=by.person_id, team__kind=DESK, role=LEAD)
    led = dict(places.values_list("team_id", "team__agency_id"))
    root, without_lead = holds_root(by), frozenset[uuid.UUID]()
    if root:
        having = live_memberships().filter(role=LEAD).values("team_id")
        without_lead = frozenset(Team.objects.exclude(id__in=having).values_list("id", flat=True))
    return Admitting(frozenset(led), frozenset(led.values()), root, without_lead)


def may_admit(by: Keyholder, team: Team, role: str) -> bool:
    """Whether this person may admit somebody to this role in this team: see `Admitting`."""
    return find_admitting(by).includes(team, role)


def may_invite(by: Keyholder, team: Team) -> bool:
    """An administrator of the agency or one of its leads; for a team without a lead, the root's holder too."""
    agency_id = str(team.agency_id)
    return (
        administers(by.person_id, agency_id)
        or leads_in_agency(by.person_id, agency_id)
        or (holds_root(by) and not has_lead(team))
    )


def has_lead(team: Team) -> bool:
    """Whether anyone leads this team now."""
    return live_memberships().filter(team=team, role=LEAD).exists()


def is_acceptable_role(team: Team, role: str) -> bool:
    """Auditors belong in audit offices; practitioners, leads and administrators at desks."""
    if team.kind == DESK:
        return role in (PRACTITIONER, LEAD, ADMINISTRATOR)
    return role == AUDITOR


def is_known(email: str) -> bool:
    """Whether anyone, past or present, has this work address."""
    return Person.objects.filter(email=email.lower()).exists()
