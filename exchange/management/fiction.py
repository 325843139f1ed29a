"""A fictional partnership: six agencies of different kinds and sectors, sixteen people, some in two teams.

Everyone and every number is invented: Ofcom's drama range, example.org. It is built through the acts themselves, as
people would: invited, keys made, admitted by a lead.
"""

import json
import time
from base64 import b32decode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.utils import timezone

from accounts import agencies, begin, joining, passphrases, people, second_factor, sessions, signin, teams
from accounts.agencies import AgencyDetails, AgreementDetails
from accounts.keyring import Keyholder
from accounts.models import Team
from accounts.people import PersonDetails
from accounts.teams import TeamDetails
from audit import logkey


@dataclass(frozen=True, slots=True)
class Role:
    """Someone in the fiction: their first team and role, and perhaps a second team."""

    key: str
    name: str
    job: str
    engagement: str
    team: str
    role: str
    second_team: str = ""


@dataclass(frozen=True, slots=True)
class AgencyRole:
    """An agency in the fiction and its teams: key, name, remit, telephone."""

    key: str
    details: AgencyDetails
    teams: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class SignIn:
    """How one of the cast signs in. `last_step` is the last authenticator step used: each counts once."""

    key: str
    name: str
    job: str
    agency: str
    email: str
    passphrase: str
    seed: str
    last_step: int = 0


@dataclass(slots=True)
class Building:
    """The fiction as it is being built."""

    report: Callable[[str], None]
    signins: dict[str, SignIn] = field(default_factory=dict)
    team_ids: dict[str, str] = field(default_factory=dict)
    agency_ids: dict[str, str] = field(default_factory=dict)


COUNCIL = AgencyRole(
    "council",
    AgencyDetails("Northshire Council", "CHILDRENS_SOCIAL_CARE", "PUBLIC", "LA-0000", "01632 960100"),
    (
        ("mash", "MASH", "The front door: multi-agency safeguarding hub", "01632 960101"),
        ("family-help", "Family Help East", "Early and family help, east of the river", "01632 960102"),
    ),
)
OTHERS = (
    AgencyRole(
        "primary",
        AgencyDetails("Hillside Primary School", "PRIMARY_SCHOOL", "PUBLIC", "URN-000001", "01632 960110"),
        (("hillside", "Hillside safeguarding", "Designated safeguarding team", "01632 960111"),),
    ),
    AgencyRole(
        "secondary",
        AgencyDetails("Ravensbrook Academy", "SECONDARY_SCHOOL", "PUBLIC", "URN-000002", "01632 960120"),
        (("ravensbrook", "Ravensbrook safeguarding", "Designated safeguarding team", "01632 960121"),),
    ),
    AgencyRole(
        "police",
        AgencyDetails("Northshire Police", "POLICE", "PUBLIC", "", "01632 960130"),
        (
            ("caiu", "Child Abuse Investigation Unit", "Investigations", "01632 960131"),
            ("police-mash", "Police desk in the MASH", "Multi-agency checks", "01632 960132"),
        ),
    ),
    AgencyRole(
        "health",
        AgencyDetails("Northshire Health Trust", "HEALTH_TRUST", "PUBLIC", "RX0", "01632 960140"),
        (("nurses", "Safeguarding nurses", "Named nurses and health visitors", "01632 960141"),),
    ),
    AgencyRole(
        "harbour",
        AgencyDetails("Safe Harbour", "DOMESTIC_ABUSE_CHARITY", "VOLUNTARY", "CH-000000", "01632 960150"),
        (("advocates", "Safe Harbour advocates", "Independent domestic violence advocates", "01632 960151"),),
    ),
)
FOUNDERS = {
    "lead": Role("lena", "Lena Okafor", "MASH manager", "EMPLOYEE", "mash", "lead", "family-help"),
    "administrator": Role("agnes", "Agnes Holt", "Office manager", "EMPLOYEE", "mash", "administrator"),
    "auditor": Role("audrey", "Audrey Finch", "Partnership privacy officer", "EMPLOYEE", "exchange", "auditor"),
}
LEADS = (
    Role("grace", "Grace Abara", "Designated safeguarding lead", "EMPLOYEE", "hillside", "lead"),
    Role("sunita", "Sunita Rao", "Designated safeguarding lead", "EMPLOYEE", "ravensbrook", "lead"),
    Role("paul", "Paul Merrick", "Detective sergeant", "EMPLOYEE", "caiu", "lead", "police-mash"),
    Role("hannah", "Hannah Lowe", "Named nurse", "EMPLOYEE", "nurses", "lead"),
    Role("dina", "Dina Petrov", "Service manager", "EMPLOYEE", "advocates", "lead"),
)
MEMBERS = (
    Role("tom", "Tom Bright", "Social worker", "EMPLOYEE", "mash", "practitioner", "family-help"),
    Role("amina", "Amina Yusuf", "Class teacher", "EMPLOYEE", "hillside", "practitioner"),
    Role("ben", "Ben Carrow", "Reading volunteer", "VOLUNTEER", "hillside", "practitioner"),
    Role("sam", "Sam Ellery", "School counsellor", "CONTRACTOR", "ravensbrook", "practitioner"),
    Role("priya", "Priya Nair", "Detective constable", "EMPLOYEE", "caiu", "practitioner", "police-mash"),
    Role("hugo", "Hugo Lindt", "Bank health visitor", "CONTRACTOR", "nurses", "practitioner"),
    Role("vera", "Vera Stone", "Helpline volunteer", "VOLUNTEER", "advocates", "practitioner"),
    Role("imran", "Imran Shah", "School business manager", "EMPLOYEE", "audit:primary", "auditor"),
)


def build(report: Callable[[str], None]) -> Building:
    """Make it all on an empty database. Raises `accounts.errors.Conflict` when a partnership has begun there."""
    if not settings.CONFER_LOG_KEY_FILE.exists():
        logkey.make_log_key(settings.CONFER_LOG_KEY_FILE)
    made = Building(report)
    lena = _begin(made)
    _join_agencies(made, by=lena)
    _join_leads(made, by=lena)
    _join_members(made, lena=lena)
    _agree(made)
    return made


def write(made: Building, path: Path) -> None:
    """Keep the sign-ins for the narrator: a file for this machine's eyes, of a fiction."""
    cast = {"people": {key: asdict(signin) for key, signin in made.signins.items()}, "teams": made.team_ids}
    path.touch(mode=0o600)
    path.write_text(json.dumps(cast, indent=1), encoding="utf-8")


def read(path: Path) -> tuple[dict[str, SignIn], Mapping[str, str]]:
    """The cast's sign-ins by key, and team ids by key."""
    cast = json.loads(path.read_text(encoding="utf-8"))
    return {key: SignIn(**person) for key, person in cast["people"].items()}, cast["teams"]


def next_step(person: SignIn, *, now: float) -> int:
    """The authenticator's present step, or the next one when that has been used: each counts once."""
    return max(int(now) // second_factor.STEP, person.last_step + 1)


def make_code(person: SignIn, step: int) -> str:
    """The six digits of one step."""
    return second_factor.make_code(b32decode(person.seed), at=step * second_factor.STEP)


def _begin(made: Building) -> Keyholder:
    roles = FOUNDERS
    first = COUNCIL.teams[0]
    begun = begin.begin(
        COUNCIL.details,
        TeamDetails(first[1], remit=first[2], email=_mailbox(first[0]), telephone=first[3]),
        lead=_details(roles["lead"]),
        administrator=_details(roles["administrator"]),
        auditor=_details(roles["auditor"]),
    )
    made.agency_ids["council"], made.team_ids["mash"] = begun.agency_id, begun.team_id
    secrets = {role: secret for _, role, secret in begun.invitations}
    for role in ("lead", "administrator", "auditor"):
        _take(made, roles[role], secrets[role], agency=COUNCIL.details.name)
    lena = _sign_in(made, "lena")
    _admit_all(by=lena)
    return lena


def _join_agencies(made: Building, *, by: Keyholder) -> None:
    _add_teams(made, COUNCIL.teams[1:], "council", by=by)
    for agency in OTHERS:
        joined = agencies.join_agency(agency.details, by=by)
        made.agency_ids[agency.key] = str(joined.id)
        office = Team.objects.get(agency=joined, kind="audit")
        made.team_ids[f"audit:{agency.key}"] = str(office.id)
        _add_teams(made, agency.teams, agency.key, by=by)


def _add_teams(made: Building, lines: tuple[tuple[str, str, str, str], ...], agency: str, *, by: Keyholder) -> None:
    for key, name, remit, telephone in lines:
        details = TeamDetails(name, remit=remit, email=_mailbox(key), telephone=telephone)
        made.team_ids[key] = str(teams.add_team(made.agency_ids[agency], details, by=by).id)


def _join_leads(made: Building, *, by: Keyholder) -> None:
    """The root's holder admits the first lead of every team, their own second team's included."""
    for role in (FOUNDERS["lead"], *LEADS):
        places = [role.team, role.second_team] if role.key != "lena" else [role.second_team]
        for place in filter(None, places):
            secret = people.invite(_details(role), team_id=made.team_ids[place], role="lead", by=by)
            if role.key not in made.signins:
                _take(made, role, secret, agency=_agency_name(role.team))
            _admit_all(by=by)
    teams.renew_due(by=by)


def _join_members(made: Building, *, lena: Keyholder) -> None:
    """Each team's lead invites and admits its members."""
    leads = {place: role.key for role in (FOUNDERS["lead"], *LEADS) for place in (role.team, role.second_team) if place}
    leads["audit:primary"] = "grace"
    signed_in = {"lena": lena}
    for role in MEMBERS:
        for place in filter(None, (role.team, role.second_team)):
            lead = leads[place]
            by = signed_in.get(lead) or _sign_in(made, lead)
            signed_in[lead] = by
            secret = people.invite(_details(role), team_id=made.team_ids[place], role=role.role, by=by)
            if role.key not in made.signins:
                _take(made, role, secret, agency=_agency_name(role.team))
            _admit_all(by=by)


def _agree(made: Building) -> None:
    """One sharing agreement of every agency but the charity: its absence is advice, never a lock."""
    bound = [made.agency_ids[key] for key in ("council", "primary", "secondary", "police", "health")]
    details = AgreementDetails("Northshire sharing agreement", "NSA-1", timezone.localdate(), None, bound)
    agencies.record_agreement(details, by=_sign_in(made, "agnes"))


def _take(made: Building, role: Role, secret: str, *, agency: str) -> None:
    """Someone follows their link: passphrase, keys, recovery code typed back."""
    passphrase = passphrases.suggest()
    taken = joining.take_invitation(secret, passphrase)
    seed = parse_qs(urlsplit(taken.authenticator_uri).query)["secret"][0]
    person = SignIn(role.key, role.name, role.job, agency, _email(role.key), passphrase, seed)
    step = next_step(person, now=time.time())
    joining.confirm_invitation(secret, passphrase, taken.recovery_code, make_code(person, step))
    made.signins[role.key] = _used(person, step)
    made.report(f"  {role.name}, {role.job}, {agency}")


def _sign_in(made: Building, key: str) -> Keyholder:
    person = made.signins[key]
    step = next_step(person, now=time.time())
    # The authenticator moves on every thirty seconds, and the server takes the next step early but no earlier.
    while step > int(time.time()) // second_factor.STEP + 1:
        time.sleep(0.5)
    attempt = signin.Attempt(person.email, person.passphrase, make_code(person, step), "127.0.0.1")
    opened = signin.sign_in(attempt)
    made.signins[key] = _used(person, step)
    teams.renew_due(by=opened.keyholder)
    return sessions.resume(opened.bearer)


def _admit_all(*, by: Keyholder) -> None:
    for waiting in people.waiting_for(by):
        people.admit(waiting.invitation_id, waiting.fingerprint, by=by)


def _used(person: SignIn, step: int) -> SignIn:
    return SignIn(**{**asdict(person), "last_step": step})


def _details(role: Role) -> PersonDetails:
    ends = timezone.localdate() + timedelta(days=365) if role.engagement != "EMPLOYEE" else None
    return PersonDetails(role.name, _email(role.key), role.engagement, role.job, valid_until=ends)


def _email(key: str) -> str:
    return f"{key}@example.org"


def _mailbox(team: str) -> str:
    return f"{team}-team@example.org"


def _agency_name(team: str) -> str:
    if team.startswith("audit:"):
        return next(a.details.name for a in OTHERS if a.key == team.removeprefix("audit:"))
    return next(a.details.name for a in (COUNCIL, *OTHERS) if team in [t[0] for t in a.teams])
