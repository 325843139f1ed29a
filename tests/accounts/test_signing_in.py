"""The front door and the sessions behind it: slow to guessers, alike to the unknown, and over when they are over."""

import base64
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

import vault
from accounts import sessions, throttle
from accounts.models import Invitation, Person, Session, SigninThrottle
from audit.models import RefusalCount
from exchange import tasks
from tests import cast
from tests.accounts import entering
from tests.journeys import logbook, telling
from tests.running.databases import Database

NOOR = "noor@example.org"


@pytest.fixture
def stretches(monkeypatch: pytest.MonkeyPatch) -> list[vault.Cost]:
    """Every stretching from now on, by its cost; each is still done."""
    done: list[vault.Cost] = []
    real = vault.stretch_passphrase

    def count(passphrase: str, *, salt: bytes, cost: vault.Cost) -> vault.UnlockKeys:
        done.append(cost)
        return real(passphrase, salt=salt, cost=cost)

    monkeypatch.setattr(vault, "stretch_passphrase", count)
    return done


def test_every_attempt_costs_one_stretching_at_the_same_cost_whoever_is_named(
    database: Database, stretches: list[vault.Cost]
) -> None:
    attempts: list[dict[str, str]] = [
        {},
        {"passphrase": "not hers at all today"},
        {"email": "nobody@example.org"},
        {"email": "caseworks@example.org"},
        {"email": ""},
        {"passphrase": "\ufffe\U000e0001"},
        {"email": "nobody@example.org", "passphrase": " "},
        {"code": entering.spare("amina")},
    ]
    for changes in attempts:
        entering.try_door("amina", **{"code": "000000", **changes})
    assert len(stretches) == len(attempts)
    assert len(set(stretches)) == 1


def test_every_refusal_says_the_same_and_names_nobody(database: Database) -> None:
    leave(cast.person("rhys"))
    answers = [
        entering.try_door("amina", code="000000"),
        entering.try_door("amina", code=entering.spare("amina"), passphrase="not hers at all today"),
        entering.try_door("amina", code=entering.spare("amina"), email="nobody@example.org"),
        entering.try_door("amina", code="", email="caseworks@example.org"),
        entering.try_door("rhys", code=entering.spare("rhys")),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    entering.enter("amina", code=entering.spare("amina"))


def test_a_refusal_is_counted_whoever_was_named_and_says_nothing_of_what_was_typed(database: Database) -> None:
    mark = logbook.Mark()
    entering.try_door("amina", code="000000")
    entering.try_door("amina", code="000000", email="nobody@example.org")
    # Nobody has signed in, so nobody can fill the log: the minute is counted, the same for both.
    assert mark.lines() == []
    assert logbook.count_strangers() == mark.strangers + 2
    assert set(RefusalCount.objects.values_list("kind", "person")) == {("session:refused", "")}


def test_a_name_is_blocked_after_eight_failures_even_for_its_owner_and_only_for_a_quarter_of_an_hour(
    database: Database, stretches: list[vault.Cost]
) -> None:
    for _ in range(throttle.NAME_LIMIT):
        assert entering.try_door("amina", code="000000").status_code == 401
    stretches.clear()
    for changes in ({}, {"email": "Amina@Example.ORG"}, {"address": "192.0.2.7"}):
        blocked = entering.try_door("amina", code=entering.spare("amina"), **changes)
        assert (blocked.status_code, blocked.json()["code"]) == (429, "signin_blocked")
    assert stretches == []
    entering.enter("ben", code=entering.spare("ben"))
    SigninThrottle.objects.update(blocked_until=timezone.now())
    entering.enter("amina", code=entering.spare("amina"))


def test_a_name_nobody_has_is_blocked_just_so(database: Database) -> None:
    for _ in range(throttle.NAME_LIMIT):
        assert entering.try_door("amina", code="1", email="nobody@example.org").status_code == 401
    assert entering.try_door("amina", code="1", email="nobody@example.org").status_code == 429


def test_failures_are_forgotten_by_getting_in_and_by_time(database: Database) -> None:
    almost = throttle.NAME_LIMIT - 1
    for _ in range(almost):
        entering.try_door("amina", code="000000")
    entering.enter("amina", code=entering.spare("amina", 1))
    for _ in range(almost):
        entering.try_door("amina", code="000000")
    SigninThrottle.objects.update(window_began_at=timezone.now() - throttle.WINDOW)
    entering.try_door("amina", code="000000")
    entering.enter("amina", code=entering.spare("amina", 2))


def test_an_address_is_blocked_after_sixty_failures_whoever_it_names_and_others_are_not(database: Database) -> None:
    for number in range(throttle.ADDRESS_LIMIT):
        entering.try_door("amina", code="1", email=f"guess-{number}@example.org", address="192.0.2.9")
    assert entering.try_door("amina", code=entering.spare("amina"), address="192.0.2.9").status_code == 429
    entering.enter("amina", code=entering.spare("amina"), address="192.0.2.10")


def test_the_throttle_keeps_neither_names_nor_addresses(database: Database) -> None:
    entering.try_door("amina", code="000000", address="192.0.2.9")
    for key in SigninThrottle.objects.values_list("key", flat=True):
        assert len(bytes(key)) == 32
        assert b"amina" not in bytes(key)


def test_step_up_by_guessing_is_slowed_too(database: Database) -> None:
    amina = cast.person("amina")
    for _ in range(throttle.NAME_LIMIT):
        assert amina.post("session/step-up", {"passphrase": "a guess at what it is"}).status_code == 401
    assert amina.post("session/step-up", {"passphrase": amina.passphrase}).status_code == 429
    assert amina.get("inbox").status_code == 200


def test_only_whoever_is_engaged_today_gets_in(database: Database) -> None:
    engagements = {"begins tomorrow": (1, 9), "ended yesterday": (-9, -1), "ends today": (-9, 0), "today only": (0, 0)}
    answers = {}
    for place, (name, (begins, ends)) in enumerate(engagements.items()):
        begun, until = (timezone.localdate() + timedelta(days=days) for days in (begins, ends))
        Person.objects.filter(email=cast.person("rhys").email).update(valid_from=begun, valid_until=until)
        answers[name] = entering.try_door("rhys", code=entering.spare("rhys", place)).status_code
    assert answers == {"begins tomorrow": 401, "ended yesterday": 401, "ends today": 201, "today only": 201}


def test_keys_that_were_never_confirmed_open_no_session(database: Database) -> None:
    secret = invite()
    taken = cast.call("POST", "invitations/take", {"secret": secret, "passphrase": entering.NEW}).json()
    for shown in (taken["spare_codes"][0], entering.show_code(taken)):
        typed = {"email": NOOR, "passphrase": entering.NEW, "code": shown}
        assert cast.call("POST", "session", typed).status_code == 401


def test_whoever_waits_to_be_admitted_sees_that_they_wait_and_nothing_else(database: Database) -> None:
    (sent,) = telling.share(telling.plan("mash"))
    bearer = wait_for_admission()
    assert entering.ask(bearer).json()["places"] == []
    for path in ("inbox", "sent", "decisions", "admissions"):
        assert entering.ask(bearer, path).json()["results"] == [], path
    refused = ("teams", f"teams/{cast.team('hillside')}/members", f"disclosures/{sent}", "log/entries")
    assert {path: entering.ask(bearer, path).status_code // 100 for path in refused} == dict.fromkeys(refused, 4)
    raised = entering.ask(bearer, "concerns", "POST", {"urgency": "RED", "concern": telling.write_concern()})
    assert raised.status_code in {403, 422}
    emergency = entering.ask(bearer, "emergencies", "POST", telling.write_emergency("caiu"))
    assert emergency.status_code in {403, 422}


def test_a_session_that_nobody_used_for_half_an_hour_is_over(database: Database) -> None:
    bearer = entering.enter("amina", code=entering.spare("amina"))
    change_session(seen_at=timezone.now() - sessions.IDLE_LIMIT + timedelta(minutes=1))
    assert entering.ask(bearer).status_code == 200
    assert find_session().seen_at > timezone.now() - timedelta(minutes=1), "being used did not prolong it"
    change_session(seen_at=timezone.now() - sessions.IDLE_LIMIT)
    assert entering.ask(bearer).status_code == 401
    assert entering.ask(bearer).status_code == 401


def test_a_session_is_over_after_twelve_hours_however_busy(database: Database) -> None:
    bearer = entering.enter("amina", code=entering.spare("amina"))
    lasts = find_session().expires_at - find_session().made_at
    assert lasts == timedelta(hours=12)
    change_session(expires_at=timezone.now())
    assert entering.ask(bearer).status_code == 401
    tasks.expire()
    over = find_session()
    assert (bytes(over.encryption), over.signing) == (b"", None)
    assert over.ended_at


def test_stepping_up_does_not_prolong_the_twelve_hours(database: Database) -> None:
    amina = cast.person("amina")
    end = timezone.now() + timedelta(minutes=2)
    amina.get("session")
    change_session(expires_at=end)
    answer = amina.post("session/step-up", {"passphrase": amina.passphrase}).json()
    assert answer["expires_at"] == answer["signing_until"]
    assert find_session().expires_at == end


def test_the_signing_key_rests_five_minutes_and_not_a_moment_more(database: Database) -> None:
    concern = telling.raise_concern()
    amina = cast.person("amina")
    row = find_session()
    assert row.signing_until is not None
    assert timedelta(minutes=4, seconds=59) < row.signing_until - row.seen_at <= timedelta(minutes=5)
    change_session(signing_until=timezone.now())
    assert amina.see("session")["may_sign_now"] is False
    refused = amina.post("decisions", telling.decide_not_to_share(concern))
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_needed")
    assert amina.see(f"concerns/{concern}")["ref"] == concern


def test_the_clock_drops_the_signing_key_from_the_row_and_leaves_the_session(database: Database) -> None:
    amina = cast.person("amina")
    amina.get("session")
    tasks.expire()
    assert find_session().signing is not None
    change_session(signing_until=timezone.now())
    tasks.expire()
    assert find_session().signing is None
    change_session(signing_until=timezone.now() + timedelta(minutes=5))
    assert amina.see("session")["may_sign_now"] is False, "nothing is left to unlock"
    amina.step_up()
    assert amina.see("session")["may_sign_now"] is True


def test_a_new_bearer_kills_the_old_one(database: Database) -> None:
    amina = cast.person("amina")
    old = amina.bearer
    new = amina.step_up()
    assert (entering.ask(old).status_code, entering.ask(new).status_code) == (401, 200)
    assert entering.ask(new, method="DELETE").status_code == 204
    assert entering.ask(new).status_code == 401
    assert bytes(find_session().encryption) == b""


def test_a_bearer_half_of_which_is_anothers_opens_nothing(database: Database) -> None:
    amina, ben = (entering.enter(name, code=entering.spare(name)) for name in ("amina", "ben"))
    half = len(sessions.PREFIX) + 64
    mark = logbook.Mark()
    assert entering.ask(amina[:half] + ben[half:]).status_code == 401
    assert [(line.event, line.detail) for line in mark.lines()] == [("key:refused", "session_altered")]
    assert entering.ask(ben[: half - 43] + amina[half - 43 :]).status_code == 401
    assert [entering.ask(bearer).status_code for bearer in (amina, ben)] == [200, 200]


MALFORMED: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "prefix alone": lambda _: sessions.PREFIX,
    "one character short": lambda bearer: bearer[:-1],
    "one character more": lambda bearer: f"{bearer}A",
    "padded": lambda bearer: f"{bearer}=",
    "another prefix": lambda bearer: bearer.replace("cfr1_", "cfr2_"),
    "a token's prefix": lambda bearer: bearer.replace("cfr1_", "cft1_"),
    "no prefix": lambda bearer: bearer.removeprefix("cfr1_"),
    "another alphabet": lambda bearer: f"{bearer[:20]}+/{bearer[22:]}",
    "a space inside": lambda bearer: f"{bearer[:20]} {bearer[20:]}",
    "not ASCII": lambda bearer: f"{bearer[:20]}é{bearer[21:]}",
    "the last bits set": lambda bearer: bearer[:-1] + chr(ord(bearer[-1]) + 1),
    "far too long": lambda bearer: bearer * 100,
    "a session nobody has": lambda bearer: sessions.PREFIX + spell(uuid.uuid4().bytes + unspell(bearer)[16:]),
    "another proof": lambda bearer: sessions.PREFIX + spell(unspell(bearer)[:16] + bytes(64)),
    "upper case": str.upper,
}


def test_a_bearer_that_is_not_exactly_one_of_ours_is_refused_alike(database: Database) -> None:
    bearer = entering.enter("amina", code=entering.spare("amina"))
    answers = {how: entering.ask(change(bearer)) for how, change in MALFORMED.items()}
    assert {how: answer.status_code for how, answer in answers.items()} == dict.fromkeys(MALFORMED, 401)
    assert {answer.headers["WWW-Authenticate"] for answer in answers.values()} == {"Bearer"}
    assert len({answer.content for how, answer in answers.items() if how != "a token's prefix"}) == 1
    assert entering.ask(bearer).status_code == 200


def test_only_the_bearer_scheme_is_taken(database: Database) -> None:
    bearer = entering.enter("amina", code=entering.spare("amina"))
    headers = ["{}", "Basic {}", "Bearer{}", "Bearer  {}", "Token {}", "Bearer {} {}", "Bearer {},"]
    sent = [header.format(bearer, bearer) for header in headers]
    assert [cast.call("GET", "session", Authorization=one).status_code for one in sent] == [401] * len(sent)
    assert cast.call("GET", "session", Authorization=f"bearer {bearer}").status_code == 200


def test_a_copied_session_row_opens_nothing(database: Database) -> None:
    bearer = entering.enter("amina", code=entering.spare("amina"))
    raw, row = unspell(bearer), find_session()
    stored = b"".join(bytes(value) for value in (row.proof_hash, row.encryption, row.signing or b""))
    assert raw[16:48] not in stored
    assert raw[48:] not in stored
    forged = sessions.PREFIX + spell(row.id.bytes + bytes(row.proof_hash) + raw[48:])
    assert entering.ask(forged).status_code == 401


def find_session() -> Session:
    """The row of Amina's one session."""
    return Session.objects.get(person_id=cast.person("amina").person_id)


def change_session(**values: Any) -> None:
    """Change that row, as time would."""
    Session.objects.filter(pk=find_session().pk).update(**values)


def leave(someone: cast.Someone) -> None:
    """Their last day was yesterday."""
    yesterday = timezone.localdate() - timedelta(days=1)
    Person.objects.filter(id=someone.person_id).update(valid_from=yesterday, valid_until=yesterday)


def invite() -> str:
    """Grace invites Noor to the school's team; the link's secret. Grace's session is gone again."""
    asked = {"name": "Noor Aziz", "email": NOOR, "engagement": "EMPLOYEE", "role": "practitioner"}
    return str(cast.person("grace").do("invitations", {**asked, "team": cast.team("hillside")})["secret"])


def wait_for_admission() -> str:
    """Noor has made and confirmed her keys and signs in before any lead has admitted her; her bearer."""
    secret = invite()
    taken = cast.call("POST", "invitations/take", {"secret": secret, "passphrase": entering.NEW}).json()
    typed = {"secret": secret, "passphrase": entering.NEW, "recovery_code": taken["recovery_code"]}
    confirmed = cast.call("POST", "invitations/confirm", {**typed, "code": taken["spare_codes"][0]})
    assert confirmed.status_code == 204, confirmed.content
    assert Invitation.objects.get(person__email=NOOR).admitted_at is None
    typed = {"email": NOOR, "passphrase": entering.NEW, "code": taken["spare_codes"][1]}
    return str(cast.call("POST", "session", typed).json()["bearer"])


def spell(raw: bytes) -> str:
    """Bytes as bearers spell them."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unspell(bearer: str) -> bytes:
    """What a bearer is made of."""
    text = bearer.removeprefix(sessions.PREFIX)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
