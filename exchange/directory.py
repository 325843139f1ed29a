"""The directory: agencies and teams, enough to tell two similar teams apart, and how many people could open a share."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q

from accounts import agencies, rules
from accounts.errors import not_allowed, not_there
from accounts.keyring import Keyholder
from accounts.models import Team
from accounts.models.team import DESK
from audit import events, log


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team one can share with. `readers` is how many people could open something given to it today."""

    id: str
    name: str
    remit: str
    telephone: str
    agency: str
    agency_id: str
    agency_kind: str
    readers: int
    has_agreement: bool


@dataclass(frozen=True, slots=True)
class Colleague:
    """One membership in a team of one's own."""

    membership_id: str
    person_id: str
    name: str
    role: str


def list_teams(words: str, *, by: Keyholder) -> Sequence[TeamLine]:
    """Open desks whose name or agency holds every word; at most a hundred, by agency and name.

    Raises `NotAllowed` for someone who is in no team: not admitted yet, or removed from all.
    """
    if not rules.has_place(by.person_id):
        raise not_allowed(by, "You are not in a team yet: a lead admits you, and then the directory opens.")
    found = Team.objects.select_related("agency").filter(kind=DESK, closed_at=None, agency__closed_at=None)
    for word in words.split()[:5]:
        found = found.filter(Q(name__icontains=word) | Q(agency__name__icontains=word) | Q(remit__icontains=word))
    teams = list(found.order_by("agency__name", "name")[:100])
    readers = _count_readers(teams)
    bound = agencies.partners_of(by.agency_id)
    with transaction.atomic():
        log.append(events.SEARCH_MADE, by=by, detail=f"directory:{len(teams)}")
    return [_line(team, readers.get(team.pk, 0), team.agency_id in bound) for team in teams]


def list_colleagues(team_id: str, *, by: Keyholder) -> Sequence[Colleague]:
    """Who is in one of one's own teams now. Raises `NotThere`."""
    if team_id not in rules.team_ids(by.person_id) and not rules.administers_team(by.person_id, team_id):
        raise not_there(by)
    members = rules.live_memberships().select_related("person").filter(team_id=team_id).order_by("person__name", "role")
    with transaction.atomic():
        log.append(events.LIST_SHOWN, by=by, parties=(f"team:{team_id}",))
    return [Colleague(str(m.id), str(m.person_id), m.person.name, m.role) for m in members[:500]]


def _count_readers(teams: Sequence[Team]) -> dict[object, int]:
    """Present key-holding members of each team, in one query."""
    members = rules.live_memberships().filter(
        team__in=teams, role__in=rules.READING_ROLES, person__kind="person", person__keys__confirmed_at__isnull=False
    )
    return dict(members.values_list("team_id").annotate(Count("person_id", distinct=True)))


def _line(team: Team, readers: int, has_agreement: bool) -> TeamLine:  # noqa: FBT001  # a fact of the row, not a flag
    return TeamLine(
        id=str(team.id),
        name=team.name,
        remit=team.remit,
        telephone=team.telephone,
        agency=team.agency.name,
        agency_id=str(team.agency_id),
        agency_kind=team.agency.kind,
        readers=readers,
        has_agreement=has_agreement,
    )
