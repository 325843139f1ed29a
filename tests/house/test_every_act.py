"""Invariant 5: every act leaves exactly its entries, a refused one only its refusal; a failed opening says so."""

import http.client
import random
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Person, Session
from exchange import notices, tasks
from exchange.models import Disclosure, Grant, Notice, RecordVersion
from tests import cast
from tests.house import addresses
from tests.journeys import logbook, stage, telling
from tests.journeys.waiting import wait_until
from tests.running.databases import Database
from tests.running.mail import Mail
from tests.running.processes import Running

Make = Callable[[stage.Stage, cast.Someone], Callable[[], Any]]
GIVEN, SENT = "record:grant:given", "disclosure:sent"


@dataclass(frozen=True)
class Act:
    """One act: its address, who does it ("" for nobody signed in), how, and exactly what the log gains."""

    method: str
    route: str
    who: str
    make: Make
    entries: tuple[str, ...]
    status: int = 200

    @property
    def name(self) -> str:
        """What the test is called."""
        return f"{self.method} {self.route}"


def get(address: Callable[[stage.Stage], str]) -> Make:
    """Look at one address."""
    return lambda it, me: partial(me.get, address(it))


def post(address: Callable[[stage.Stage], str], body: Callable[[stage.Stage], object] = lambda _: None) -> Make:
    """Send one body."""
    return lambda it, me: partial(me.post, address(it), body(it))


def put(address: Callable[[stage.Stage], str], body: Callable[[stage.Stage], object]) -> Make:
    """Send the next version of something."""
    return lambda it, me: partial(me.put, address(it), body(it))


def delete(address: Callable[[stage.Stage], str]) -> Make:
    """End something."""
    return lambda it, me: partial(me.delete, address(it))


def call(method: str, path: str, body: Callable[[stage.Stage], object] = lambda _: None) -> Make:
    """Ask without a bearer."""
    return lambda it, _: partial(cast.call, method, path, body(it))


def at(path: str) -> Callable[[stage.Stage], str]:
    """An address that is the same whatever is on the stage."""
    return lambda _: path


def in_days(days: int) -> str:
    """A date."""
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def typed(name: str) -> dict[str, str]:
    """What someone types to sign in."""
    kept = cast.person(name).secrets
    return {"email": kept.email, "passphrase": kept.passphrase, "code": kept.spare_codes[-1]}


def lost(name: str) -> dict[str, str]:
    """What someone types who has lost their passphrase."""
    kept = cast.person(name).secrets
    written = {"recovery_code": kept.recovery_code, "spare_code": kept.spare_codes[-1]}
    return {"email": kept.email, **written, "new_passphrase": stage.PASSPHRASE}


CONCERN = "concerns/<str:ref>"
DECISION = "decisions/<str:ref>"
DISCLOSURE = "disclosures/<str:ref>"
ACTS = [
    Act("POST", "session", "", call("POST", "session", lambda _: typed("tom")), ("session:opened",), 201),
    Act("GET", "session", "tom", get(at("session")), ()),
    Act("DELETE", "session", "tom", delete(at("session")), ("session:ended",), 204),
    Act(
        "POST",
        "session/step-up",
        "tom",
        lambda _, me: partial(me.post, "session/step-up", {"passphrase": me.passphrase}),
        ("session:stepped-up",),
    ),
    Act("GET", "passphrases/suggestion", "", call("GET", "passphrases/suggestion"), ()),
    Act(
        "PUT",
        "passphrase",
        "tom",
        lambda _, me: partial(me.put, "passphrase", {"passphrase": me.passphrase, "new_passphrase": stage.PASSPHRASE}),
        ("passphrase:changed",),
        204,
    ),
    Act("POST", "recoveries", "", call("POST", "recoveries", lambda _: lost("tom")), ("keys:recovered",)),
    Act("POST", "invitations", "grace", post(at("invitations"), lambda it: it.newcomer()), ("invitation:made",), 201),
    Act(
        "POST",
        "invitations/take",
        "",
        call("POST", "invitations/take", lambda it: {"secret": it.link, "passphrase": stage.PASSPHRASE}),
        (),
    ),
    Act(
        "POST",
        "invitations/confirm",
        "",
        call("POST", "invitations/confirm", lambda it: it.confirmation()),
        ("invitation:taken",),
        204,
    ),
    Act("GET", "admissions", "grace", get(at("admissions")), ("list:shown",)),
    Act(
        "POST",
        "admissions/<uuid:invitation>",
        "grace",
        post(
            lambda it: f"admissions/{it.waiting['invitation_id']}", lambda it: {"fingerprint": it.taken["fingerprint"]}
        ),
        ("key:stated", "person:admitted"),
        201,
    ),
    Act(
        "DELETE",
        "memberships/<uuid:membership>",
        "lena",
        delete(lambda _: f"memberships/{cast.person('rhys').membership_id}"),
        ("person:removed", "key:stated"),
        204,
    ),
    Act(
        "DELETE",
        "people/<uuid:person>",
        "adam",
        delete(lambda _: f"people/{cast.person('rhys').person_id}"),
        ("person:removed", "person:closed"),
        204,
    ),
    Act(
        "POST",
        "agencies",
        "lena",
        post(at("agencies"), lambda _: {"name": "Brook GP", "kind": "GP_PRACTICE", "sector": "PUBLIC"}),
        ("agency:joined", "team:made"),
        201,
    ),
    Act(
        "POST",
        "agreements",
        "adam",
        post(
            at("agreements"),
            lambda _: {
                "title": "NP-2",
                "starts_on": in_days(0),
                "agencies": [cast.agency("mash"), cast.agency("trust")],
            },
        ),
        ("agreement:made",),
        201,
    ),
    Act("GET", "teams", "amina", get(at("teams?words=police")), ("search:made",)),
    Act(
        "POST",
        "teams",
        "grace",
        post(at("teams"), lambda _: {"name": "Nursery", "agency": cast.agency("hillside")}),
        ("team:made",),
        201,
    ),
    Act(
        "GET", "teams/<uuid:team>/members", "tom", get(lambda _: f"teams/{cast.team('mash')}/members"), ("list:shown",)
    ),
    Act(
        "POST",
        "tokens",
        "lena",
        post(
            at("tokens"),
            lambda _: {"name": "Two", "email": "2@example.org", "team": cast.team("mash"), "expires_on": in_days(9)},
        ),
        ("key:stated", "token:made"),
        201,
    ),
    Act(
        "DELETE",
        "tokens/<uuid:token>",
        "lena",
        delete(lambda _: f"tokens/{cast.person('service').secrets.token_id}"),
        ("token:ended",),
        204,
    ),
    Act(
        "POST",
        "instructions",
        "lena",
        post(
            at("instructions"),
            lambda _: {"team": cast.team("mash"), "service": cast.person("service").person_id},
        ),
        ("token:made",),
        204,
    ),
    Act("GET", "guidance", "amina", get(at("guidance")), ()),
    Act("GET", "schema", "amina", get(at("schema")), ()),
    Act(
        "POST",
        "concerns",
        "amina",
        post(at("concerns"), lambda _: {"urgency": "RED", "concern": telling.write_concern()}),
        (GIVEN, "concern:raised"),
        201,
    ),
    Act("GET", CONCERN, "ben", get(lambda it: f"concerns/{it.concern}"), ("record:opened",)),
    Act(
        "PUT",
        CONCERN,
        "ben",
        put(
            lambda it: f"concerns/{it.concern}",
            lambda _: {"concern": telling.write_concern(title="New"), "expected_version": 1},
        ),
        ("concern:amended",),
    ),
    Act(
        "POST",
        "concerns/<str:ref>/documents",
        "ben",
        lambda it, me: partial(me.upload, it.concern, b"A note."),
        ("document:added",),
        201,
    ),
    Act(
        "GET",
        "records/<str:ref>/documents/<uuid:document>",
        "lena",
        get(lambda it: f"records/{it.disclosure}/documents/{it.document}"),
        ("document:opened",),
    ),
    Act("GET", "decisions", "amina", get(at("decisions")), ("list:shown",)),
    Act(
        "POST",
        "decisions",
        "amina",
        post(
            at("decisions"), lambda it: telling.decide_to_share(it.concern, telling.plan("mash"), telling.plan("caiu"))
        ),
        (GIVEN, "decision:signed", GIVEN, GIVEN, SENT, GIVEN, GIVEN, SENT),
        201,
    ),
    Act("GET", DECISION, "ben", get(lambda it: f"decisions/{it.shared['ref']}"), ("record:opened",)),
    Act(
        "POST",
        "decisions/<str:ref>/countersignature",
        "grace",
        post(lambda it: f"decisions/{it.awaiting}/countersignature"),
        ("decision:countersigned", GIVEN, GIVEN, SENT),
    ),
    Act(
        "POST",
        "decisions/<str:ref>/completion",
        "amina",
        post(lambda it: f"decisions/{it.emergency['decision']}/completion", lambda it: it.completion()),
        ("decision:completed",),
    ),
    Act(
        "POST",
        "emergencies",
        "amina",
        post(at("emergencies"), lambda _: telling.write_emergency("caiu")),
        (GIVEN, GIVEN, "concern:raised", "decision:signed", GIVEN, GIVEN, SENT, "emergency:shared"),
        201,
    ),
    Act("GET", "inbox", "lena", get(at("inbox")), ("list:shown",)),
    Act("GET", "sent", "amina", get(at("sent")), ("list:shown",)),
    Act("GET", DISCLOSURE, "lena", get(lambda it: f"disclosures/{it.disclosure}"), ("record:opened",)),
    Act(
        "POST",
        "disclosures/<str:ref>/acknowledgement",
        "lena",
        post(lambda it: f"disclosures/{it.disclosure}/acknowledgement"),
        ("disclosure:acknowledged",),
    ),
    Act(
        "GET",
        "disclosures/<str:ref>/answers",
        "amina",
        get(lambda it: f"disclosures/{it.disclosure}/answers"),
        ("list:shown",),
    ),
    Act(
        "POST",
        "disclosures/<str:ref>/answers",
        "lena",
        post(lambda it: f"disclosures/{it.disclosure}/answers", lambda _: {"text": "Seen."}),
        (GIVEN, GIVEN, "disclosure:answered"),
        201,
    ),
    Act(
        "POST",
        "disclosures/<str:ref>/taking-back",
        "amina",
        post(lambda it: f"disclosures/{it.disclosure}/taking-back"),
        ("record:grant:taken",),
    ),
    Act("GET", "answers/<str:ref>", "amina", get(lambda it: f"answers/{it.answer}"), ("record:opened",)),
    Act("GET", "log/entries", "audrey", get(at("log/entries")), ("log:asked",)),
    Act(
        "GET",
        "log/entries/<int:entry>/why",
        "olive",
        get(lambda it: f"log/entries/{it.decided}/why"),
        ("log:why:read",),
    ),
    Act("GET", "log/checkpoint", "stan", get(at("log/checkpoint")), ()),
    Act("POST", "log/verification", "olive", post(at("log/verification"), lambda _: {"held": []}), ("log:verified",)),
]


def test_the_table_holds_every_method_of_every_address() -> None:
    there = {
        (method.upper(), str(pattern.pattern))
        for pattern in addresses.find_api_patterns()
        for method in stage.find_methods(pattern)
        if str(pattern.pattern) != stage.ELSEWHERE
    }
    assert {(act.method, act.route) for act in ACTS} == there


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
def test_an_act_leaves_exactly_its_entries(database: Database, act: Act) -> None:
    it, me = stage.Stage(), cast.person(act.who or "stan")
    bearer = me.bearer if act.who else ""
    do = act.make(it, me)
    mark = logbook.Mark()
    answer = do()
    lines = mark.lines()
    assert answer.status_code == act.status, answer.content
    assert tuple(line.event for line in lines) == act.entries
    assert {line.outcome for line in lines} <= {"done"}
    if bearer:
        assert {line.person for line in lines} <= {me.person_id}
    assert logbook.count_strangers() == mark.strangers


def test_looking_again_at_a_document_reads_the_whole_of_it_after_its_entry(database: Database) -> None:
    it = stage.Stage()
    it.disclosure  # noqa: B018 - made here, before the mark
    cast.person("lena").bearer  # noqa: B018 - as above
    mark = logbook.Mark()
    answer = cast.person("lena").get(f"records/{it.disclosure}/documents/{it.document}")
    assert mark.events() == ["document:opened"]
    assert b"".join(answer.streaming_content).decode() == telling.NOTE  # type: ignore[attr-defined]
    assert mark.events() == ["document:opened"]


REFUSED = [
    ("stan", "record:open:refused", 404, get(lambda it: f"concerns/{it.concern}")),
    ("stan", "record:open:refused", 404, get(lambda it: f"records/{it.disclosure}/documents/{it.document}")),
    ("stan", "record:open:refused", 404, post(lambda it: f"disclosures/{it.disclosure}/acknowledgement")),
    ("stan", "record:open:refused", 404, post(lambda it: f"disclosures/{it.disclosure}/taking-back")),
    ("stan", "record:open:refused", 404, lambda it, me: partial(me.upload, it.concern, b"Mine.")),
    (
        "stan",
        "record:open:refused",
        404,
        post(at("decisions"), lambda it: telling.decide_to_share(it.concern, telling.plan("farleigh"))),
    ),
    ("stan", "request:refused", 403, get(at("log/entries"))),
    ("stan", "request:refused", 404, get(lambda _: f"teams/{cast.team('mash')}/members")),
    ("stan", "request:refused", 404, delete(lambda _: f"memberships/{cast.person('tom').membership_id}")),
    ("stan", "request:refused", 405, delete(at("inbox"))),
    (
        "stan",
        "request:refused",
        403,
        post(at("agencies"), lambda _: {"name": "X", "kind": "OTHER", "sector": "PUBLIC"}),
    ),
    (
        "ben",
        "request:refused",
        403,
        lambda it, me: partial(me.post, f"decisions/{it.awaiting}/countersignature"),
    ),
    (
        "amina",
        "request:refused",
        409,
        post(
            at("decisions"),
            lambda it: telling.decide_to_share(it.concern, telling.plan("mash"), telling.plan("nights")),
        ),
    ),
    (
        "amina",
        "request:refused",
        422,
        post(at("decisions"), lambda it: telling.decide_to_share(it.concern, telling.plan("mash"), purpose="PUCE")),
    ),
    (
        "amina",
        "request:refused",
        409,
        post(at("decisions"), lambda it: telling.decide_to_share(it.concern, telling.plan("mash"), concern_version=7)),
    ),
    ("amina", "request:refused", 409, post(at("emergencies"), lambda _: telling.write_emergency("nights"))),
    ("amina", "request:refused", 400, post(at("concerns"), lambda _: {"urgency": 1})),
    ("amina", "request:refused", 422, lambda it, me: partial(me.upload, it.concern, b"MZ", kind="application/pdf")),
    ("amina", "request:refused", 403, post(lambda it: f"disclosures/{it.disclosure}/acknowledgement")),
    ("tom", "session:refused", 401, post(at("session/step-up"), lambda _: {"passphrase": "not it at all, is it"})),
]


@pytest.mark.parametrize(("who", "event", "status", "make"), REFUSED)
def test_a_refused_act_leaves_only_its_refusal(
    database: Database, who: str, event: str, status: int, make: Make
) -> None:
    it, me = stage.Stage(), cast.person(who)
    me.see("session")
    do = make(it, me)
    mark, before = logbook.Mark(), stage.photograph()
    answer = do()
    assert answer.status_code == status, answer.content
    assert [(line.event, line.outcome, line.person) for line in mark.lines()] == [(event, "refused", me.person_id)]
    assert stage.photograph() == before


def test_a_refusal_for_want_of_a_step_up_leaves_only_itself(database: Database) -> None:
    it, amina = stage.Stage(), cast.person("amina")
    body = telling.decide_to_share(it.concern, telling.plan("mash"))
    Session.objects.filter(person_id=amina.person_id).update(signing_until=timezone.now() - timedelta(seconds=1))
    mark, before = logbook.Mark(), stage.photograph()
    assert amina.post("decisions", body).status_code == 403
    assert mark.events() == ["request:refused"]
    assert stage.photograph() == before


def test_refusals_of_strangers_are_counted_and_leave_nothing_else(database: Database) -> None:
    wrong = {**typed("tom"), "passphrase": "not it at all, is it"}
    unknown = {**wrong, "email": "nobody@example.org"}
    mark, before = logbook.Mark(), stage.photograph()
    answers = [cast.call("POST", "session", wrong), cast.call("POST", "session", unknown)]
    assert answers[0].content == answers[1].content
    answers += [cast.call("GET", "inbox"), cast.call("GET", "no/such/address")]
    assert {answer.status_code for answer in answers} == {401}
    assert mark.lines() == []
    assert logbook.count_strangers() - mark.strangers == 4
    assert stage.photograph() == before


@pytest.mark.parametrize("name", ["concern", "decision", "disclosure", "answer"])
def test_an_opening_that_fails_leaves_its_entry_and_its_failure(database: Database, name: str) -> None:
    it = stage.Stage()
    assert it.answer
    openings = {
        "concern": ("amina", "concerns", it.concern),
        "decision": ("amina", "decisions", it.shared["ref"]),
        "disclosure": ("lena", "disclosures", it.disclosure),
        "answer": ("amina", "answers", it.answer),
    }
    who, kind, ref = openings[name]
    version = RecordVersion.objects.filter(record__ref=ref).latest("number")
    sealed = bytes(version.sealed)
    RecordVersion.objects.filter(pk=version.pk).update(sealed=sealed[:-1] + bytes([sealed[-1] ^ 1]))
    me = cast.person(who)
    me.see("session")
    mark = logbook.Mark()
    answer = me.get(f"{kind}/{ref}")
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_open")
    assert [(line.event, line.outcome, line.records, line.person) for line in mark.lines()] == [
        ("record:opened", "done", (ref,), me.person_id),
        ("record:open:failed", "failed", (ref,), me.person_id),
    ]
    assert Notice.objects.filter(kind=notices.ALARM).count() == 1


def test_what_the_clock_does_leaves_exactly_its_entries(database: Database, mail: Mail) -> None:
    it = stage.Stage()
    past = timezone.now() - timedelta(seconds=1)
    (pk,) = [str(notice.pk) for notice in Notice.objects.all()] if it.disclosure else []
    for task, events in (
        (lambda: notices.deliver(pk), ["notice:sent"]),
        (lambda: Disclosure.objects.update(acknowledge_by=past) and tasks.chase(), ["chase:sent"]),
        (lambda: Grant.objects.filter(expires_at__isnull=False).update(expires_at=past) and tasks.expire(),
         ["record:grant:expired"]),
        (lambda: end_engagement() and tasks.expire(), ["person:removed"]),
        (tasks.expire, []),
        (tasks.chase, []),
    ):  # fmt: skip
        mark = logbook.Mark()
        task()
        assert mark.events() == events
        assert {line.person for line in mark.lines()} <= {""}


def test_a_server_killed_at_any_instant_has_let_nothing_out_without_an_entry(
    database: Database, server: Running, volume: Callable[[int, int], int]
) -> None:
    it, lena = stage.Stage(), cast.person("lena")
    addresses_read = [f"disclosures/{it.disclosure}", f"records/{it.disclosure}/documents/{it.document}"]
    for _ in range(volume(2, 25)):
        mark, readers = logbook.Mark(), [Reader(server.url, lena.bearer, path) for path in addresses_read * 2]
        for reader in readers:
            reader.start()
        wait_until(lambda: any(reader.read for reader in readers))  # noqa: B023 - of this round
        time.sleep(random.uniform(0, 0.5))  # noqa: S311 - any instant will do
        server.kill()
        for reader in readers:
            reader.join(timeout=30)
        seen = Counter(reader.path for reader in readers for _ in range(reader.read))
        logged = Counter(line.event for line in mark.lines())
        assert logged["record:opened"] >= seen[addresses_read[0]]
        assert logged["document:opened"] >= seen[addresses_read[1]]
        server.start()


class Reader(threading.Thread):
    """Opens one address again and again until the server is gone; ``read`` is how often content came back."""

    def __init__(self, url: str, bearer: str, path: str) -> None:
        super().__init__()
        self.url, self.bearer, self.path, self.read = url, bearer, path, 0

    def run(self) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own server, on loopback
            f"{self.url}{cast.API}{self.path}", headers={"Authorization": f"Bearer {self.bearer}"}
        )
        while True:
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                    self.read += bool(answer.read(1))
            except (OSError, http.client.HTTPException):
                return


def end_engagement() -> int:
    """Rhys's last day was yesterday."""
    yesterday = timezone.localdate() - timedelta(days=1)
    rhys = Person.objects.filter(id=cast.person("rhys").person_id)
    return rhys.update(valid_from=yesterday, valid_until=yesterday)
