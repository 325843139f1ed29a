"""The cast: a fictional partnership, made once through the real acts, and everyone's way in through the real API.

`build()` fills the template database; what its people would keep in their heads and pockets (passphrases, codes) is
kept in ``cast.json`` in its data folder, so that a test's copy has it beside its database.

- Northshire Council, MASH: **lena** leads it and holds the partnership's root; **tom** is her teammate; **rhys** is
  the one who is removed in the tests; **adam** administers; **service** is a case-management system's token.
- Hillside Primary, DSLs: **amina** is the owner of what is raised; **ben** her teammate; **grace** leads; **olive**
  audits the school alone.
- Northshire Police, CAIU: **paul** leads. Their night desk has a telephone and nobody with a key.
- Northshire Health Trust: **hannah** leads. Safe Harbour, a charity: **dina** leads, **vera** volunteers.
- Farleigh Secondary: **stan**, the stranger, to whom nothing is shared. **audrey** audits the whole exchange.
"""

import json
import time
from base64 import b32decode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import agencies, joining, passphrases, people, second_factor, sessions, signin, teams, tokens
from accounts import begin as beginning
from accounts.agencies import AgencyDetails, AgreementDetails
from accounts.keyring import Keyholder
from accounts.models import Invitation, SealedSecrets, Team
from accounts.models.team import AUDIT_OFFICE, AUDITOR, LEAD, PRACTITIONER
from accounts.people import PersonDetails
from accounts.teams import TeamDetails
from audit import logkey, numbering
from tests.answers import Answer

API = "/api/v1/"
PEOPLE = {
    "lena": PersonDetails("Lena Hart", "lena@example.org", "EMPLOYEE", "Team manager"),
    "adam": PersonDetails("Adam Osei", "adam@example.org", "EMPLOYEE", "Office manager"),
    "audrey": PersonDetails("Audrey Finch", "audrey@example.org", "EMPLOYEE", "Privacy officer"),
    "tom": PersonDetails("Tom Bell", "tom@example.org", "EMPLOYEE", "Social worker"),
    "rhys": PersonDetails("Rhys Pugh", "rhys@example.org", "CONTRACTOR", "Locum social worker"),
    "grace": PersonDetails("Grace Doyle", "grace@example.org", "EMPLOYEE", "Designated safeguarding lead"),
    "amina": PersonDetails("Amina Yusuf", "amina@example.org", "EMPLOYEE", "Deputy safeguarding lead"),
    "ben": PersonDetails("Ben Carter", "ben@example.org", "EMPLOYEE", "Class teacher"),
    "olive": PersonDetails("Olive Marsh", "olive@example.org", "EMPLOYEE", "Data protection officer"),
    "paul": PersonDetails("Paul Reid", "paul@example.org", "EMPLOYEE", "Detective sergeant"),
    "hannah": PersonDetails("Hannah Cole", "hannah@example.org", "EMPLOYEE", "Named nurse"),
    "dina": PersonDetails("Dina Rossi", "dina@example.org", "EMPLOYEE", "Service manager"),
    "vera": PersonDetails("Vera Lund", "vera@example.org", "VOLUNTEER", "Advocate"),
    "stan": PersonDetails("Stan Novak", "stan@example.org", "EMPLOYEE", "Designated safeguarding lead"),
}
# Team: its agency (name, kind, sector), its own details, who leads it, who else is in it.
JOINING = {
    "hillside": (
        AgencyDetails("Hillside Primary", "PRIMARY_SCHOOL", "PUBLIC"),
        TeamDetails("DSLs", email="dsl@hillside.example.org", telephone="01632 960201"),
        "grace",
        ("amina", "ben"),
    ),
    "caiu": (
        AgencyDetails("Northshire Police", "POLICE", "PUBLIC"),
        TeamDetails("CAIU", email="caiu@police.example.org", telephone="01632 960301"),
        "paul",
        (),
    ),
    "trust": (
        AgencyDetails("Northshire Health Trust", "HEALTH_TRUST", "PUBLIC"),
        TeamDetails("Named nurses", email="nurses@trust.example.org", telephone="01632 960401"),
        "hannah",
        (),
    ),
    "harbour": (  # without a mailbox of its own: each member is told
        AgencyDetails("Safe Harbour", "DOMESTIC_ABUSE_CHARITY", "VOLUNTARY"),
        TeamDetails("Advocates", telephone="01632 960501"),
        "dina",
        ("vera",),
    ),
    "farleigh": (
        AgencyDetails("Farleigh Secondary", "SECONDARY_SCHOOL", "PUBLIC"),
        TeamDetails("Pastoral", email="pastoral@farleigh.example.org", telephone="01632 960601"),
        "stan",
        (),
    ),
}
NIGHT_TELEPHONE = "01632 960399"


@dataclass(frozen=True)
class Secrets:
    """What one person keeps: never in the database, and here only because everyone here is fictional."""

    person_id: str
    agency_id: str
    team_id: str
    membership_id: str
    email: str
    passphrase: str
    seed: str
    recovery_code: str
    spare_codes: list[str]
    bearer: str = ""  # a service's token; a person's session is opened when a test first needs it
    token_id: str = ""


class Someone:
    """One of the cast, on one test's database, as the API meets them."""

    def __init__(self, secrets: Secrets) -> None:
        """Sign in only when something is first asked."""
        self.secrets = secrets
        self.person_id, self.agency_id = secrets.person_id, secrets.agency_id
        self.team_id, self.membership_id = secrets.team_id, secrets.membership_id
        self.email, self.passphrase = secrets.email, secrets.passphrase
        self._codes = list(secrets.spare_codes)
        self._bearer = secrets.bearer
        # The only name the settings let a server be called by.
        self.client = Client(SERVER_NAME=urlsplit(settings.CONFER_ORIGIN).hostname or "")

    @property
    def bearer(self) -> str:
        """The bearer of this person's session."""
        if not self._bearer:
            self.sign_in()
        return self._bearer

    @property
    def party(self) -> str:
        """How the log names them."""
        return f"person:{self.person_id}"

    def sign_in(self) -> str:
        """Open a session through the API with passphrase and the next spare code; its bearer. Ten times at most."""
        typed = {"email": self.email, "passphrase": self.passphrase, "code": self._codes.pop(0)}
        answer = self.client.post(f"{API}session", typed, content_type="application/json")
        assert answer.status_code == 201, answer.content
        self._bearer = answer.json()["bearer"]
        return self._bearer

    def step_up(self) -> str:
        """Give the passphrase again; the new bearer."""
        answer = self.post("session/step-up", {"passphrase": self.passphrase})
        assert answer.status_code == 200, answer.content
        self._bearer = answer.json()["bearer"]
        return self._bearer

    def keyholder(self) -> Keyholder:
        """Who a request of theirs is made by: for calling acts directly."""
        resume = tokens.resume if self.bearer.startswith(tokens.PREFIX) else sessions.resume
        return resume(self.bearer)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Answer:
        """GET an address below ``/api/v1/``."""
        return self._send(self.client.get, path, dict(query or {}))

    def post(self, path: str, body: object = None, *, key: str = "", **headers: str) -> Answer:
        """POST: bytes as they are, anything else as JSON; ``key`` is the Idempotency-Key."""
        return self._send(self.client.post, path, body, key=key, **headers)

    def put(self, path: str, body: object = None) -> Answer:
        """PUT as JSON."""
        return self._send(self.client.put, path, body)

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self._send(self.client.delete, path)

    def do(self, path: str, body: object = None, *, expect: int = 201, key: str = "") -> Any:
        """POST what must work; the JSON of the answer."""
        answer = self.post(path, body, key=key)
        assert answer.status_code == expect, (answer.status_code, answer.content)
        return answer.json() if answer.content else None

    def see(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """GET what must be there; the JSON of the answer."""
        answer = self.get(path, query)
        assert answer.status_code == 200, (answer.status_code, answer.content)
        return answer.json()

    def upload(self, ref: str, content: bytes, *, name: str = "note.txt", kind: str = "text/plain") -> Answer:
        """Add a document to a concern."""
        sent = {"X-Confer-File-Name": name, "X-Confer-File-Type": kind}
        return self.client.post(
            f"{API}concerns/{ref}/documents", content, content_type=kind, headers={**sent, **self._headers()}
        )

    def download(self, ref: str, document: str) -> bytes:
        """Fetch a document, whole."""
        answer = self.get(f"records/{ref}/documents/{document}")
        assert answer.status_code == 200, answer.content
        assert answer.streaming
        return b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # as its own type says it has

    def _send(self, method: Any, path: str, body: object = None, *, key: str = "", **headers: str) -> Answer:
        sent = {**self._headers(), **({"Idempotency-Key": key} if key else {}), **headers}
        if method == self.client.get:
            answer = method(f"{API}{path}", body, headers=sent)
        elif body is None:
            answer = method(f"{API}{path}", headers=sent)
        else:
            answer = method(f"{API}{path}", _spell(body), content_type="application/json", headers=sent)
        return answer  # type: ignore[no-any-return]  # Django's own methods, chosen by name

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer}"}


def person(name: str) -> Someone:
    """One of the cast (see the module) on the database of the test that runs."""
    return _find_person(settings.CONFER_DATA, name)


def team(name: str) -> str:
    """A team's id: mash, hillside, caiu, nights, trust, harbour, farleigh; or exchange-office, school-office."""
    return str(_read(settings.CONFER_DATA)["teams"][name])


def agency(name: str) -> str:
    """An agency's id, by the name of its first team."""
    return str(_read(settings.CONFER_DATA)["agencies"][name])


def code(name: str, *, at: float | None = None) -> str:
    """What this person's authenticator shows now."""
    seed = bytes.fromhex(person(name).secrets.seed)
    return second_factor.make_code(seed, at=time.time() if at is None else at)


def call(method: str, path: str, body: object = None, **headers: str) -> Answer:
    """Ask without any bearer, as a stranger would."""
    client = Client(SERVER_NAME=urlsplit(settings.CONFER_ORIGIN).hostname or "")
    content = b"" if body is None else _spell(body)
    return client.generic(method, f"{API}{path}", content, content_type="application/json", headers=headers)


def build() -> None:
    """Make the whole partnership in the database of the settings, and write down its secrets."""
    logkey.make_log_key(Path(settings.CONFER_LOG_KEY_FILE), origin="confer.example.org/log")
    making = _Making()
    making.begin()
    for name in JOINING:
        making.join(name)
    making.finish()
    while numbering.number_entries():
        pass
    text = json.dumps(asdict(making.made))
    (Path(settings.CONFER_DATA) / "cast.json").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class _Made:
    people: dict[str, Secrets]
    teams: dict[str, str]
    agencies: dict[str, str]


class _Making:
    """The partnership while it is being made."""

    def __init__(self) -> None:
        self.made = _Made({}, {}, {})
        self.bearers: dict[str, str] = {}

    def begin(self) -> None:
        """The council, with its root, its administrator and the exchange's auditor."""
        begun = beginning.begin(
            AgencyDetails("Northshire Council", "CHILDRENS_SOCIAL_CARE", "PUBLIC"),
            TeamDetails("MASH", email="mash@council.example.org", telephone="01632 960101"),
            lead=PEOPLE["lena"],
            administrator=PEOPLE["adam"],
            auditor=PEOPLE["audrey"],
        )
        office = Team.objects.get(kind="exchange")
        self.made.agencies["mash"], self.made.teams["mash"] = begun.agency_id, begun.team_id
        self.made.teams["exchange-office"] = str(office.id)
        for (_, _, secret), name in zip(begun.invitations, ("lena", "adam", "audrey"), strict=True):
            self._take(name, secret)
        self._admit_all("lena")
        for name in ("tom", "rhys"):
            self._invite(name, "mash", PRACTITIONER, inviter="lena")
        self._admit_all("lena")

    def join(self, name: str) -> None:
        """One more agency: the root's holder admits its lead, the lead admits the rest."""
        agency_details, team_details, lead, others = JOINING[name]
        joined = agencies.join_agency(agency_details, by=self.by("lena"))
        made = teams.add_team(str(joined.id), team_details, by=self.by("lena"))
        self.made.agencies[name], self.made.teams[name] = str(joined.id), str(made.id)
        self._invite(lead, name, LEAD, inviter="lena")
        self._admit_all("lena")
        for other in others:
            self._invite(other, name, PRACTITIONER, inviter=lead)
        self.by(lead)  # their first sign-in begins the team's key
        self._admit_all(lead)

    def finish(self) -> None:
        """The school's auditor, the empty night desk, an agreement, and a service's token."""
        office = Team.objects.get(kind=AUDIT_OFFICE, agency_id=self.made.agencies["hillside"])
        self.made.teams["school-office"] = str(office.id)
        self._invite("olive", "school-office", AUDITOR, inviter="grace")
        self._admit_all("grace")
        nights = TeamDetails("Night desk", telephone=NIGHT_TELEPHONE)
        police = self.made.agencies["caiu"]
        self.made.teams["nights"] = str(teams.add_team(police, nights, by=self.by("paul")).id)
        bound = [self.made.agencies[name] for name in ("mash", "hillside", "caiu", "trust")]
        today = timezone.localdate()
        details = AgreementDetails("Northshire partnership", "NP-1", today - timedelta(days=30), None, bound)
        agencies.record_agreement(details, by=self.by("adam"))
        self._make_service()

    def by(self, name: str) -> Keyholder:
        """The keyholder as they now are; signed in the first time."""
        if name not in self.bearers:
            kept = self.made.people[name]
            shown = second_factor.make_code(bytes.fromhex(kept.seed), at=time.time())
            opened = signin.sign_in(signin.Attempt(kept.email, kept.passphrase, shown, "127.0.0.1"))
            teams.renew_due(by=opened.keyholder)
            self.bearers[name] = opened.bearer
        return sessions.resume(self.bearers[name])

    def _invite(self, name: str, place: str, role: str, *, inviter: str) -> None:
        secret = people.invite(PEOPLE[name], team_id=self.made.teams[place], role=role, by=self.by(inviter))
        self._take(name, secret)

    def _take(self, name: str, secret: str) -> None:
        passphrase = passphrases.suggest()
        taken = joining.take_invitation(secret, passphrase)
        seed = b32decode(parse_qs(urlsplit(taken.authenticator_uri).query)["secret"][0])
        shown = second_factor.make_code(seed, at=time.time())
        joining.confirm_invitation(secret, passphrase, taken.recovery_code, shown)
        # As if it had been a while ago: a test that signs in with the authenticator finds its present code unused.
        SealedSecrets.objects.filter(keys__person__email=PEOPLE[name].email).update(factor_step=0)
        invitation = Invitation.objects.select_related("person").get(person__email=PEOPLE[name].email)
        self.made.people[name] = Secrets(
            person_id=str(invitation.person_id),
            agency_id=str(invitation.person.agency_id),
            team_id=str(invitation.team_id),
            membership_id="",
            email=invitation.person.email,
            passphrase=passphrase,
            seed=seed.hex(),
            recovery_code=taken.recovery_code,
            spare_codes=taken.spare_codes,
        )
        if invitation.admitted_at is not None:  # the founder admitted herself
            self._keep_membership(str(invitation.person.memberships.get().id), invitation.person_id)

    def _admit_all(self, lead: str) -> None:
        for waiting in people.waiting_for(self.by(lead)):
            membership = people.admit(waiting.invitation_id, waiting.fingerprint, by=self.by(lead))
            self._keep_membership(str(membership.id), membership.person_id)

    def _keep_membership(self, membership_id: str, person_id: object) -> None:
        for name, kept in self.made.people.items():
            if kept.person_id == str(person_id):
                self.made.people[name] = Secrets(**{**asdict(kept), "membership_id": membership_id})

    def _make_service(self) -> None:
        mash, ends = self.made.teams["mash"], timezone.localdate() + timedelta(days=365)
        email = "caseworks@example.org"
        made = tokens.make_token("Caseworks", email, team_id=mash, expires_on=ends, by=self.by("lena"))
        council = self.made.agencies["mash"]
        self.made.people["service"] = Secrets(
            made.person_id, council, mash, "", email, "", "", "", [], made.secret, made.id
        )


@cache
def _read(folder: Path) -> Any:
    return json.loads((Path(folder) / "cast.json").read_text(encoding="utf-8"))


@cache
def _find_person(folder: Path, name: str) -> Someone:
    return Someone(Secrets(**_read(folder)["people"][name]))


def _spell(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
