"""Invariant 9: bad input yields a 4xx that names the field in a sentence; nothing is half done, nothing repeated."""

import base64
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import SigninThrottle
from exchange import quiet
from tests import cast
from tests.house import addresses
from tests.journeys import spoiling, stage, telling
from tests.running.databases import Database

AT_FAULT = range(400, 500)
SHOWN_WORDS = (spoiling.MARK, telling.CHILD, telling.MOTHER, telling.BRUISE, telling.REASON, stage.PASSPHRASE)


@dataclass(frozen=True)
class Sending:
    """An address that takes a body: who sends it ("" for nobody signed in), and a body that would be taken."""

    method: str
    route: str
    who: str
    path: Callable[[stage.Stage], str]
    body: Callable[[stage.Stage], dict[str, Any]]

    def send(self, it: stage.Stage, body: object) -> Any:
        """Send this body instead."""
        if not self.who:
            return cast.call(self.method, self.path(it), body)
        me = cast.person(self.who)
        return (me.put if self.method == "PUT" else me.post)(self.path(it), body)


def at(path: str) -> Callable[[stage.Stage], str]:
    """An address that is the same whatever is on the stage."""
    return lambda _: path


def in_days(days: int) -> str:
    """A date."""
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def lost(_: stage.Stage) -> dict[str, Any]:
    """What Tom would type if he had lost his passphrase."""
    kept = cast.person("tom").secrets
    written = {"recovery_code": kept.recovery_code, "spare_code": kept.spare_codes[-1]}
    return {"email": kept.email, **written, "new_passphrase": stage.PASSPHRASE}


def typed(_: stage.Stage) -> dict[str, Any]:
    """What Tom types to sign in."""
    kept = cast.person("tom").secrets
    return {"email": kept.email, "passphrase": kept.passphrase, "code": kept.spare_codes[-1]}


def passphrases(_: stage.Stage) -> dict[str, Any]:
    """Tom changes his passphrase."""
    return {"passphrase": cast.person("tom").passphrase, "new_passphrase": stage.PASSPHRASE}


def whole_concern(_: stage.Stage) -> dict[str, Any]:
    """A concern with every field there is."""
    child = {
        "id": "child", "role": "child", "name": telling.CHILD, "aliases": ["Zeb"], "date_of_birth": "2018-05-04",
        "expected_on": None, "identifiers": [{"type": "NHS_NUMBER", "value": "999 000 0009"}], "address": "1 High St",
        "parental_responsibility": "mother", "telephone": "01632 960001", "note": "Shy.",
        "absent": {"school": "UNKNOWN"},
    }  # fmt: skip
    one = {
        "id": "s1", "type": "FACT_WITNESSED", "category": "INJURY", "verification": "UNVERIFIED",
        "event_date": in_days(0), "text": telling.BRUISE, "source": "Seen by A. Yusuf", "people": ["child"],
    }  # fmt: skip
    concern = {"title": "T", "people": [child], "statements": [one], "child_voice_absence": ""}
    return {"urgency": "RED", "team": cast.team("hillside"), "concern": concern}


def whole_decision(it: stage.Stage) -> dict[str, Any]:
    """A decision with every field there is."""
    advice = {
        "adviser": "Dr Lee",
        "role": "Named doctor",
        "given_on": in_days(0),
        "said": "Share.",
        "child_was_named": False,
    }
    share = telling.plan(
        "mash", documents=[], message="M", banner=["Ring first."], handling=["NO_ONWARD"], expires_on=in_days(9),
        channel="EXCHANGE", spoken_to="", verified_how="",
    )  # fmt: skip
    return telling.decide_to_share(it.concern, share, advice=[advice], trigger="OWN_INITIATIVE", second_signature=False)


SENDINGS = [
    Sending("POST", "session", "", at("session"), typed),
    Sending(
        "POST", "session/step-up", "tom", at("session/step-up"), lambda _: {"passphrase": cast.person("tom").passphrase}
    ),
    Sending("PUT", "passphrase", "tom", at("passphrase"), passphrases),
    Sending("POST", "recoveries", "", at("recoveries"), lost),
    Sending(
        "POST",
        "invitations",
        "grace",
        at("invitations"),
        lambda it: {**it.newcomer(), "job_title": "Cook", "valid_from": in_days(0), "valid_until": in_days(9)},
    ),
    Sending(
        "POST",
        "invitations/take",
        "",
        at("invitations/take"),
        lambda it: {"secret": it.link, "passphrase": stage.PASSPHRASE},
    ),
    Sending("POST", "invitations/confirm", "", at("invitations/confirm"), lambda it: it.confirmation()),
    Sending(
        "POST",
        "admissions/<uuid:invitation>",
        "grace",
        lambda it: f"admissions/{it.waiting['invitation_id']}",
        lambda it: {"fingerprint": it.taken["fingerprint"]},
    ),
    Sending(
        "POST",
        "agencies",
        "lena",
        at("agencies"),
        lambda _: {
            "name": "B",
            "kind": "CHARITY",
            "sector": "VOLUNTARY",
            "registration": "1",
            "telephone": "01632 960001",
        },
    ),
    Sending(
        "POST",
        "agreements",
        "adam",
        at("agreements"),
        lambda _: {
            "title": "T",
            "reference": "R",
            "starts_on": in_days(0),
            "ends_on": in_days(9),
            "agencies": [cast.agency("mash")],
        },
    ),
    Sending(
        "POST",
        "teams",
        "grace",
        at("teams"),
        lambda _: {
            "name": "Nursery",
            "agency": cast.agency("hillside"),
            "remit": "Under fives",
            "email": "n@example.org",
            "telephone": "01632 960001",
        },
    ),
    Sending(
        "POST",
        "tokens",
        "lena",
        at("tokens"),
        lambda _: {"name": "N", "email": "n@example.org", "team": cast.team("mash"), "expires_on": in_days(9)},
    ),
    Sending(
        "POST",
        "instructions",
        "lena",
        at("instructions"),
        lambda _: {"team": cast.team("mash"), "service": cast.person("service").person_id},
    ),
    Sending("POST", "concerns", "amina", at("concerns"), whole_concern),
    Sending(
        "PUT",
        "concerns/<str:ref>",
        "amina",
        lambda it: f"concerns/{it.concern}",
        lambda it: {"concern": whole_concern(it)["concern"], "expected_version": 1},
    ),
    Sending("POST", "decisions", "amina", at("decisions"), whole_decision),
    Sending(
        "POST",
        "decisions/<str:ref>/completion",
        "amina",
        lambda it: f"decisions/{it.emergency['decision']}/completion",
        lambda it: it.completion(),
    ),
    Sending(
        "POST",
        "emergencies",
        "amina",
        at("emergencies"),
        lambda _: telling.write_emergency("caiu", address="1 High St", date_of_birth="About six", from_team=""),
    ),
    Sending(
        "POST",
        "disclosures/<str:ref>/answers",
        "tom",
        lambda it: f"disclosures/{it.disclosure}/answers",
        lambda _: {"text": telling.BRUISE},
    ),
    Sending("POST", "log/verification", "audrey", at("log/verification"), lambda _: {"held": ["note"]}),
]
# These take no body, and whatever comes is not read.
BODILESS = {
    "decisions/<str:ref>/countersignature",
    "disclosures/<str:ref>/acknowledgement",
    "disclosures/<str:ref>/taking-back",
    "concerns/<str:ref>/documents",
}


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Give what has been written to the log so far, as the settings write it."""
    caplog.set_level(logging.DEBUG)
    formatter = quiet.Formatter()
    return lambda: "\n".join(formatter.format(record) for record in caplog.records)


def check_refusal(answer: Any, *, words: tuple[str, ...] = SHOWN_WORDS) -> None:
    """A problem in the one documented shape, in sentences, that repeats nothing of what was sent."""
    assert answer.status_code in AT_FAULT, (answer.status_code, answer.content)
    problem = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["status"] == answer.status_code
    assert problem["detail"].endswith(".")
    assert problem["code"]
    if problem["code"] in {"malformed", "not_acceptable"}:
        assert problem["errors"], problem
        assert all(fault["field"] and fault["sentence"].endswith(".") for fault in problem["errors"]), problem
    text = answer.content.decode()
    for word in words:
        assert word not in text, text


def test_the_table_holds_every_address_that_takes_a_body() -> None:
    there = {
        (method.upper(), str(pattern.pattern))
        for pattern in addresses.find_api_patterns()
        for method in stage.find_methods(pattern)
        if method not in {"get", "delete"} and str(pattern.pattern) not in {*BODILESS, stage.ELSEWHERE}
    }
    assert {(sending.method, sending.route) for sending in SENDINGS} == there


@pytest.mark.parametrize("sending", SENDINGS, ids=lambda sending: f"{sending.method} {sending.route}")
def test_a_body_that_is_not_of_its_shape_is_refused_and_nothing_is_done(
    database: Database, sending: Sending, written: Callable[[], str]
) -> None:
    it = stage.Stage()
    sending.path(it), sending.body(it)
    if sending.who:
        cast.person(sending.who).see("session")
    before = stage.photograph()
    for what, body in spoiling.BODIES.items():
        if what == "nothing" and sending.route == "log/verification":
            continue  # which is a whole request: an auditor need hold no checkpoint
        answer = sending.send(it, body)
        assert answer.status_code == 400, (what, answer.content)
        check_refusal(answer)
    assert stage.photograph() == before
    assert spoiling.MARK not in written()


@pytest.mark.parametrize("sending", SENDINGS, ids=lambda sending: f"{sending.method} {sending.route}")
def test_one_wrong_field_is_refused_and_nothing_is_done(
    database: Database, sending: Sending, written: Callable[[], str], volume: Callable[[int, int], int]
) -> None:
    it = stage.Stage()
    good = sending.body(it)
    sending.path(it)
    if sending.who:
        cast.person(sending.who).see("session")
    before, refused = stage.photograph(), 0
    for what, must, body in choose(list(spoiling.spoil(good)), volume(40, 100_000)):
        answer = sending.send(it, body)
        SigninThrottle.objects.all().delete()  # or after a few guesses every answer would be the same
        if answer.status_code < 400 and not must:  # some fields may be left out, or hold anything
            before = stage.photograph()
            continue
        assert answer.status_code in AT_FAULT, (what, answer.status_code, answer.content)
        check_refusal(answer, words=(spoiling.MARK,))
        refused += 1
    assert refused >= 2 * len(good)
    assert stage.photograph() == before
    text = written()
    for word in SHOWN_WORDS:
        assert word not in text


def choose(lies: list[spoiling.Lie], number: int) -> list[spoiling.Lie]:
    """Every NUL, and of the rest about this many, spread over all fields and kinds."""
    step = max(1, len(lies) // number)
    while step % spoiling.EACH == 0 or math.gcd(step, spoiling.EACH) > 1:
        step += 1
    chosen = set(range(0, len(lies), step))
    return [lie for position, lie in enumerate(lies) if position in chosen or lie[0].endswith(": nul")]


def lead_to(path: str, **query: Any) -> Callable[[cast.Someone, stage.Stage], Any]:
    """Look at an address."""
    return lambda me, _: me.get(path, query)


def tell(path: str, body: Callable[[stage.Stage], Any]) -> Callable[[cast.Someone, stage.Stage], Any]:
    """Send a body."""
    return lambda me, it: me.post(path, body(it))


def concern_with(**changes: Any) -> Callable[[cast.Someone, stage.Stage], Any]:
    """Raise a concern that is wrong in one statement."""
    statement = {"id": "s1", "type": "FACT_WITNESSED", "category": "INJURY", "event_date": in_days(0), "text": "T"}
    return tell("concerns", lambda _: {
        "urgency": "RED", "concern": telling.write_concern(statements=[{**statement, **changes}]),
    })  # fmt: skip


def decision_with(plan: dict[str, Any] | None = None, **changes: Any) -> Callable[[cast.Someone, stage.Stage], Any]:
    """Sign a decision that is wrong in one field, or in its first share."""
    return tell(
        "decisions", lambda it: telling.decide_to_share(it.concern, {**telling.plan("mash"), **(plan or {})}, **changes)
    )


def refusal_with(**changes: Any) -> Callable[[cast.Someone, stage.Stage], Any]:
    """Sign a decision not to share that is wrong in one field."""
    return tell("decisions", lambda it: telling.decide_not_to_share(it.concern, **changes))


def basis_with(**changes: Any) -> Callable[[cast.Someone, stage.Stage], Any]:
    """Sign a decision with a wrong lawful basis."""
    return tell(
        "decisions", lambda it: _merge(telling.decide_to_share(it.concern, telling.plan("mash")), "basis", changes)
    )


def person_with(place: str, **changes: Any) -> Callable[[cast.Someone, stage.Stage], Any]:
    """Sign a decision with something wrong about one person."""

    def change(it: stage.Stage) -> Any:
        body = telling.decide_to_share(it.concern, telling.plan("mash"))
        return {**body, place: [{**body[place][0], **changes}]}

    return tell("decisions", change)


def _merge(body: dict[str, Any], field: str, changes: dict[str, Any]) -> dict[str, Any]:
    return {**body, field: {**body[field], **changes}}


FAR = 400
WRONG = [
    ("amina", 422, "statements[0].event_date", concern_with(event_date=in_days(1))),
    ("amina", 422, "statements[0].event_date", concern_with(event_date=None)),
    ("amina", 422, "statements[0].event_date", concern_with(event_date="1066-10-14")),
    ("amina", 400, "concern.statements[0].event_date", concern_with(event_date="yesterday")),
    ("amina", 422, "statements[0].type", concern_with(type="RUMOUR")),
    ("amina", 422, "statements[0].category", concern_with(category="GOSSIP")),
    ("amina", 422, "statements[0].verification", concern_with(verification="SURELY")),
    ("amina", 422, "statements[0].people", concern_with(people=["nobody"])),
    ("amina", 400, "concern.statements[0].id", concern_with(id="Not An Id")),
    ("amina", 400, "concern.statements[0].text", concern_with(text="x" * 20_001)),
    ("amina", 422, "urgency", tell("concerns", lambda _: {"urgency": "PUCE", "concern": telling.write_concern()})),
    ("amina", 400, "concern", tell("concerns", lambda _: {"urgency": "RED"})),
    (
        "amina",
        400,
        "concern.people",
        tell("concerns", lambda _: {"urgency": "RED", "concern": telling.write_concern(people=[])}),
    ),
    (
        "amina",
        422,
        "statements",
        tell(
            "concerns",
            lambda _: {
                "urgency": "RED",
                "concern": telling.write_concern(statements=telling.write_concern()["statements"] * 2),
            },
        ),
    ),
    ("amina", 422, "urgency", decision_with(urgency="PUCE")),
    ("amina", 422, "purpose", decision_with(purpose="GOSSIP")),
    ("amina", 422, "outcome", decision_with(outcome="MAYBE")),
    ("amina", 422, "outcome", decision_with(outcome="NOT_SHARED")),
    ("amina", 422, "ending", decision_with(ending="perhaps")),
    ("amina", 422, "ending", decision_with(ending="emergency")),
    ("amina", 422, "trigger", decision_with(trigger="BOREDOM")),
    ("amina", 422, "reason", decision_with(reason="  ")),
    ("amina", 422, "basis", decision_with(basis=None)),
    ("amina", 422, "basis.lawful_basis", basis_with(lawful_basis="BECAUSE")),
    ("amina", 422, "basis.conditions", basis_with(conditions=["A9_9Z"])),
    ("amina", 422, "basis.gateways", basis_with(gateways=["MAGNA_CARTA"])),
    ("amina", 422, "basis.para18_reason", basis_with(para18_reason="BECAUSE")),
    ("amina", 422, "basis.confidence_exit", basis_with(confidence_exit="DOOR")),
    ("amina", 422, "necessity", decision_with(necessity="")),
    ("amina", 422, "risk_of_sharing", decision_with(risk_of_sharing="")),
    ("amina", 422, "risk_of_not_sharing", decision_with(risk_of_not_sharing="")),
    ("amina", 422, "agreements", decision_with(agreements=[])),
    ("amina", 422, "informing", decision_with(informing=[])),
    ("amina", 422, "agreements[0].status", person_with("agreements", status="NODDED")),
    ("amina", 422, "agreements[0].person", person_with("agreements", person="nobody")),
    ("amina", 422, "informing[0].exceptions", person_with("informing", exceptions=[])),
    ("amina", 422, "informing[0].exceptions", person_with("informing", exceptions=["EXC_BUSY"])),
    ("amina", 422, "informing[0].review_date", person_with("informing", review_date=None)),
    ("amina", 422, "informing[0].review_date", person_with("informing", review_date=in_days(-1))),
    ("amina", 422, "informing[0].review_date", person_with("informing", review_date=in_days(FAR))),
    ("amina", 422, "shares", decision_with(shares=[])),
    (
        "amina",
        422,
        "shares",
        tell("decisions", lambda it: telling.decide_to_share(it.concern, *[telling.plan("mash")] * 2)),
    ),
    ("amina", 422, "shares[0].team", decision_with({"team": addresses.UNKNOWN})),
    ("amina", 422, "shares[0].team", decision_with({"team": "the police"})),
    ("amina", 422, "shares[0].team", decision_with({"team": ""})),
    (
        "amina",
        422,
        "shares[0].team",
        tell("decisions", lambda it: telling.decide_to_share(it.concern, telling.plan("hillside"))),
    ),
    (
        "amina",
        422,
        "shares[0].team",
        tell("decisions", lambda it: telling.decide_to_share(it.concern, telling.plan("exchange-office"))),
    ),
    (
        "amina",
        422,
        "shares[0].team",
        tell(
            "decisions",
            lambda it: telling.decide_to_share(it.concern, telling.plan("mash", person=cast.person("tom").person_id)),
        ),
    ),
    ("amina", 422, "shares[0].statements", decision_with({"statements": ["s9"]})),
    ("amina", 422, "shares[0].people", decision_with({"people": ["nobody"]})),
    ("amina", 422, "shares[0].documents", decision_with({"documents": [addresses.UNKNOWN]})),
    ("amina", 422, "shares[0].statements", decision_with({"statements": [], "people": []})),
    ("amina", 422, "shares[0].channel", decision_with({"channel": "PIGEON"})),
    ("amina", 422, "shares[0].handling", decision_with({"handling": ["EAT_AFTER_READING"]})),
    ("amina", 422, "shares[0].expires_on", decision_with({"expires_on": in_days(-1)})),
    ("amina", 422, "not_shared_reason", refusal_with(not_shared_reason="LAZY")),
    ("amina", 422, "review_date", refusal_with(review_date=None)),
    ("amina", 422, "review_date", refusal_with(review_date=in_days(-1))),
    (
        "amina",
        422,
        "shares",
        tell("decisions", lambda it: telling.decide_not_to_share(it.concern, shares=[telling.plan("mash")])),
    ),
    ("amina", 422, "outcome", refusal_with(outcome="SHARED_FULL")),
    ("amina", 422, "teams", tell("emergencies", lambda _: telling.write_emergency("harbour"))),
    ("amina", 400, "teams", tell("emergencies", lambda _: telling.write_emergency())),
    ("amina", 400, "teams[0]", tell("emergencies", lambda _: telling.write_emergency(teams=["999"]))),
    ("grace", 422, "role", tell("invitations", lambda it: {**it.newcomer(), "role": "auditor"})),
    ("grace", 422, "role", tell("invitations", lambda it: {**it.newcomer(), "role": "king"})),
    ("grace", 422, "engagement", tell("invitations", lambda it: {**it.newcomer(), "engagement": "GUEST"})),
    ("grace", 400, "email", tell("invitations", lambda it: {**it.newcomer(), "email": "not an address"})),
    ("grace", 422, "email", tell("invitations", lambda it: {**it.newcomer(), "email": "paul@example.org"})),
    (
        "grace",
        422,
        "valid_until",
        tell("invitations", lambda it: {**it.newcomer(), "valid_from": in_days(5), "valid_until": in_days(4)}),
    ),
    ("lena", 422, "kind", tell("agencies", lambda _: {"name": "N", "kind": "PIRATES", "sector": "PUBLIC"})),
    ("lena", 422, "sector", tell("agencies", lambda _: {"name": "N", "kind": "CHARITY", "sector": "SECRET"})),
    (
        "adam",
        422,
        "ends_on",
        tell(
            "agreements",
            lambda _: {"title": "T", "starts_on": in_days(5), "ends_on": in_days(4), "agencies": [cast.agency("mash")]},
        ),
    ),
    (
        "lena",
        422,
        "expires_on",
        tell(
            "tokens",
            lambda _: {"name": "N", "email": "n@example.org", "team": cast.team("mash"), "expires_on": in_days(-1)},
        ),
    ),
    ("lena", 400, "limit", lead_to("inbox", limit=0)),
    ("lena", 400, "limit", lead_to("inbox", limit=-1)),
    ("lena", 400, "limit", lead_to("inbox", limit=10**30)),
    ("lena", 400, "limit", lead_to("sent", limit="many")),
    ("lena", 400, "limit", lead_to("decisions", limit="")),
    ("lena", 400, "unacknowledged", lead_to("inbox", unacknowledged="maybe")),
    ("lena", 400, "cursor", lead_to("inbox", cursor="not a cursor")),
    ("lena", 400, "cursor", lead_to("inbox", cursor="\0")),
    ("lena", 400, "cursor", lead_to("inbox", cursor=base64.urlsafe_b64encode(b"1|2").decode())),
    (
        "lena",
        400,
        "cursor",
        lead_to("sent", cursor=base64.urlsafe_b64encode(f"{10**30}|{addresses.UNKNOWN}".encode()).decode()),
    ),
    (
        "lena",
        400,
        "cursor",
        lead_to("decisions", cursor=base64.urlsafe_b64encode(f"{-(10**18)}|{addresses.UNKNOWN}".encode()).decode()),
    ),
    ("lena", 400, "words", lead_to("teams", words="\0")),
    ("lena", 400, "words", lead_to("teams", words="x" * 10_000)),
    ("audrey", 422, "event", lead_to("log/entries", event="record:eaten")),
    ("audrey", 422, "outcome", lead_to("log/entries", outcome="perhaps")),
    ("audrey", 422, "record", lead_to("log/entries", record="Zebedee Quill")),
    ("audrey", 422, "query", lead_to("log/entries", cursor="nonsense")),
    ("audrey", 400, "since", lead_to("log/entries", since="yesterday")),
    ("audrey", 400, "until", lead_to("log/entries", until="9999-99-99T00:00:00Z")),
    ("audrey", 400, "record", lead_to("log/entries", record="\0")),
]


@pytest.mark.parametrize("who", sorted({wrong[0] for wrong in WRONG}))
def test_what_is_wrong_is_named_and_nothing_is_done(database: Database, who: str, written: Callable[[], str]) -> None:
    it, me = stage.Stage(), cast.person(who)
    assert it.concern
    me.see("session")
    before = stage.photograph()
    for number, (_, status, field, ask) in enumerate(wrong for wrong in WRONG if wrong[0] == who):
        answer = ask(me, it)
        assert answer.status_code == status, (number, field, answer.content)
        check_refusal(answer)
        assert field in {fault["field"] for fault in answer.json()["errors"]}, (number, answer.json())
        assert stage.photograph() == before, (number, field)
    assert telling.CHILD not in written()


def test_every_problem_of_a_form_is_named_at_once(database: Database) -> None:
    body = telling.decide_to_share(
        telling.raise_concern(), telling.plan("mash"), purpose="X", necessity="", informing=[]
    )
    faults = cast.person("amina").post("decisions", body).json()["errors"]
    assert {fault["field"] for fault in faults} == {"purpose", "necessity", "informing"}


REFERENCES = [
    "x", "C-00000-0000I", "C-00000-00000%00", "%00", "%ED%A0%80", "%FF", "..%5C..%5Cetc", "C-" + "0" * 5_000,
    "%D9%A0-00000-00000", "c-00000-00000", "C-00000-00000%20", "C-00000-00000%0A", "%F0%9F%91%B6", "' OR 1=1 --",
]  # fmt: skip
UUIDS = [addresses.UNKNOWN, "x", "%00", addresses.UNKNOWN.upper(), "0" * 5_000]
NUMBERS = ["0", "9" * 30, "9" * 5_000, "-1", "%D9%A1", "1e3", str(2**63), str(2**63 - 1)]


def test_an_address_that_leads_nowhere_is_not_found_whatever_stands_in_it(
    database: Database, written: Callable[[], str]
) -> None:
    before, lena = None, cast.person("lena")
    for pattern in addresses.find_api_patterns():
        route = str(pattern.pattern)
        if route == stage.ELSEWHERE:
            continue
        values = REFERENCES if "<str:" in route else UUIDS if "<uuid:" in route else NUMBERS if "<int:" in route else []
        methods = stage.find_methods(pattern)
        me = cast.person("audrey") if "<int:" in route else lena
        me.see("session")
        before = stage.photograph()
        for value in values:
            path = _fill(route, value)
            for method in methods:
                answer = me.client.generic(
                    method.upper(), f"{cast.API}{path}", b"{}", content_type="application/json",
                    headers={"Authorization": f"Bearer {me.bearer}"},
                )  # fmt: skip
                assert answer.status_code in {400, 403, 404}, (method, path[:80], answer.status_code, answer.content)
        assert stage.photograph() == before
    assert before is not None
    assert "OR 1=1" not in written()


def _fill(route: str, value: str) -> str:
    """The address with this value in it; a second part, such as a document's id, is well formed."""
    return addresses.PART.sub(
        lambda part: value if part["kind"] != "uuid" or value in UUIDS else addresses.UNKNOWN, route
    )


@pytest.mark.parametrize(
    "header",
    [
        "Bearer", "Bearer ", "Basic bGVuYTpsZW5h", "Bearer cfr1_", "Bearer cft1_", "Bearer cfr1_" + "A" * 107,
        "Bearer cft1_" + "A" * 64, "Bearer cfr1_\u00e9\u00e9", "Bearer cft1_\x7f", "Bearer " + "x" * 10_000, "\x01",
        "Bearer cfr1_====", "bearer null", "Bearer cfr1_" + "-" * 107, "Bearer cft1_" + "_" * 64,
    ],
)  # fmt: skip
def test_a_bearer_that_is_none_is_not_signed_in(database: Database, header: str) -> None:
    answer = cast.call("GET", "inbox", Authorization=header)
    assert answer.status_code == 401
    check_refusal(answer)
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"]
)
def test_anything_but_json_is_the_wrong_kind(database: Database, kind: str) -> None:
    lena = cast.person("lena")
    sent = {"Authorization": f"Bearer {lena.bearer}"}
    answer = lena.client.generic("POST", f"{cast.API}concerns", b"--x\r\n\r\n", content_type=kind, headers=sent)
    assert answer.status_code == 415
    check_refusal(answer)


def test_more_than_anyone_could_have_typed_is_too_large(database: Database) -> None:
    amina = cast.person("amina")
    body = {"urgency": "RED", "concern": telling.write_concern(title="x" * 5_000_000)}
    before = stage.photograph() if amina.bearer else None
    answer = amina.post("concerns", body)
    assert answer.status_code == 413
    check_refusal(answer)
    assert stage.photograph() == before


def test_the_largest_concern_that_fits_is_kept_and_opened_again(database: Database) -> None:
    today = in_days(0)
    one = {"type": "FACT_WITNESSED", "category": "INJURY", "event_date": today, "text": "x" * 4_000}
    statements = [{"id": f"s{number}", **one} for number in range(400)]
    ref = telling.raise_concern(statements=statements)
    assert len(cast.person("ben").see(f"concerns/{ref}")["body"]["statements"]) == 400
