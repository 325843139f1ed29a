"""Beginning, on an empty database: the first agency, its team, its first people, and the exchange's audit office."""

from dataclasses import dataclass

from django.db import transaction

from accounts import agencies, people, teams
from accounts.agencies import AgencyDetails
from accounts.errors import conflict
from accounts.models import Agency, Team
from accounts.models.team import ADMINISTRATOR, AUDIT_OFFICE, AUDITOR, EXCHANGE_OFFICE, LEAD
from accounts.people import PersonDetails
from accounts.teams import TeamDetails
from audit import events, log


@dataclass(frozen=True, slots=True, repr=False)
class Beginning:
    """The three invitations that begin a partnership: who each is for, and the link's secret, shown once."""

    agency_id: str
    team_id: str
    invitations: tuple[tuple[str, str, str], ...]  # (email, role, secret)


def begin(
    agency: AgencyDetails,
    team: TeamDetails,
    *,
    lead: PersonDetails,
    administrator: PersonDetails,
    auditor: PersonDetails,
) -> Beginning:
    """Make them all in one transaction. Raises `Conflict` when the partnership has already begun.

    The lead takes their invitation first: their key becomes the partnership's root, and they admit the others. The
    auditor audits the exchange; an agency's own office begins when its first auditor is admitted.
    """
    with transaction.atomic():
        if Agency.objects.exists():
            raise conflict(None, "already_begun", "This exchange has already begun. Invite people from inside it.")
        founder = agencies.make_agency(agency)
        desk = teams.make_team(founder, team)
        office = teams.make_team(founder, TeamDetails(name="Audit office of the exchange", kind=EXCHANGE_OFFICE))
        log.append(events.AGENCY_JOINED, by=None, parties=(f"agency:{founder.id}",))
        for made in (desk, office, Team.objects.get(agency=founder, kind=AUDIT_OFFICE)):
            log.append(events.TEAM_MADE, by=None, parties=(f"team:{made.id}", f"agency:{founder.id}"))
        invitations = []
        for details, place, role in (
            (lead, desk, LEAD),
            (administrator, desk, ADMINISTRATOR),
            (auditor, office, AUDITOR),
        ):
            person = people.make_person(details, agency=founder)
            secret = people.make_invitation(person, place, role, by=None, founding=role == LEAD)
            invitations.append((person.email, role, secret))
        return Beginning(str(founder.id), str(desk.id), tuple(invitations))
