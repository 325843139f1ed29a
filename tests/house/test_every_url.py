"""Every address of every door, by every method, refuses a stranger; the refusal is in the log; no answer is kept."""

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from urllib.parse import quote

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.utils import timezone

from accounts import sessions
from audit import minutes
from audit.models import Entry, RefusalCount
from exchange import gate
from tests import cast
from tests.house.addresses import fill, find_patterns
from tests.house.doors import Answer, Inside
from tests.house.story import Teller
from tests.house.words import Words
from tests.running.databases import Database

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
# All that a stranger may ask for, written down here a second time. Whoever opens another door changes both.
OPEN = {"/sign-in", "/static/exchange/sign-in.css", "/health"}
OPEN_IN_API = {
    ("POST", "/api/v1/session"),
    ("GET", "/api/v1/passphrases/suggestion"),
    ("POST", "/api/v1/invitations/take"),
    ("POST", "/api/v1/invitations/confirm"),
    ("POST", "/api/v1/recoveries"),
}
# What those give to someone who brings nothing: the sign-in page, its style, a sign of life, six random words.
ANSWERED = {
    ("GET", "/sign-in"), ("GET", "/health"),
    ("GET", "/static/exchange/sign-in.css"), ("HEAD", "/static/exchange/sign-in.css"),
    ("GET", "/api/v1/passphrases/suggestion"),
}  # fmt: skip
REFUSALS = {301, 302, 400, 401, 403, 404, 405, 413, 415, 422, 429}
BAD_BEARERS = {
    "nothing": "Bearer ",
    "not a bearer": "Bearer hello",
    "another scheme": "Basic YW1pbmE6eA==",
    "unknown session": f"Bearer {sessions.PREFIX}{'A' * 107}",
    "unknown token": f"Bearer cft1_{'A' * 64}",
    "too long": f"Bearer {sessions.PREFIX}{'A' * 9000}",
    "not text": "Bearer \u00ff\u00fe",
}


def list_addresses() -> list[str]:
    """Every address in the urls, every static file, and addresses there are not."""
    static = {f"/static/{path}" for finder in finders.get_finders() for path, _ in finder.list([])}
    chosen = sorted(static)
    known = [fill(route) for route, _ in find_patterns()]
    return [*known, *chosen[:3], *random.sample(chosen, 3), *sorted(OPEN), *list_unknown(known)]


def list_unknown(known: list[str]) -> list[str]:
    """Addresses beside, inside and around the ones there are."""
    beside = [f"{address}/" for address in known[:6]] + [f"{address}/x" for address in sorted(OPEN)]
    odd = [
        "/sign-in/", "/Sign-in", "//sign-in", "/sign-in;x", "/sign-in%2f", "/sign-in%0a", "/health/../documentation",
        "/api", "/api/", "/api//v1/inbox", "/api/v1", "/api/v2/inbox", "/api/../documentation", "/api/..%2fsign-out",
        "/static/", "/static/../exchange/settings.py", "/static/exchange/../../settings.py", "/static//etc/passwd",
        "/static/exchange/sign-in.css/../../admin", "/media/", "/admin/", "/.git/config", "/robots.txt", "/%00", "/é",
    ]  # fmt: skip
    return [*beside, *odd, *(f"/{secrets.token_urlsafe(12)}" for _ in range(3)), f"/api/v1/{secrets.token_hex(8)}"]


def count_refusals() -> int:
    """How many refusals the log holds: entries, and those still being counted."""
    counted = sum(count - logged for count, logged in RefusalCount.objects.values_list("count", "logged"))
    told = sum(
        int(detail.split(":")[-2])
        for detail in Entry.objects.filter(event="stranger:refused").values_list("detail", flat=True)
    )
    return counted + told + Entry.objects.filter(outcome="refused").exclude(event="stranger:refused").count()


@contextmanager
def exactly_one_refusal(asked: object) -> Iterator[None]:
    """The block's one request leaves one refusal in the log, and no more."""
    before = count_refusals()
    yield
    assert count_refusals() == before + 1, asked


def check_headers(asked: object, answer: Answer) -> None:
    """Nothing is kept, sniffed, framed or run that we did not send."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    is_file = answer.status in (200, 304) and "/static/" in str(asked)
    assert is_file or headers["cache-control"] == "no-store", asked
    assert headers["x-content-type-options"] == "nosniff", asked
    assert headers["content-security-policy"].startswith("default-src 'none'"), asked
    assert "unsafe" not in headers["content-security-policy"], asked
    assert headers["referrer-policy"] == "same-origin", asked
    assert "frame-ancestors 'none'" in headers["content-security-policy"], asked
    assert "server" not in headers, asked


def check_refused(asked: tuple[str, str], answer: Answer) -> None:
    """Refused, with nothing of ours in the answer."""
    assert answer.status in REFUSALS, (asked, answer.status)
    if answer.status in (301, 302):
        assert answer.headers["Location"] == "/sign-in", asked
    for name in (b"Hart", b"Hillside", b"Northshire", b"@example.org", b"openapi", b"Traceback"):
        assert name not in answer.content, asked


def test_the_open_list_is_exactly_what_is_written_down() -> None:
    assert OPEN == gate.OPEN
    assert OPEN_IN_API == gate.OPEN_IN_API


def test_every_address_by_every_method_refuses_a_stranger_and_the_log_says_so(database: Database) -> None:
    door, answered = Inside(), set()
    for address in list_addresses():
        for method in METHODS:
            asked, before = (method, address), count_refusals()
            answer = door.ask("", method, address, {} if method in ("POST", "PUT", "PATCH") else None)
            check_headers(asked, answer)
            if answer.status == 200:
                answered.add(asked)
                assert count_refusals() == before, asked
                continue
            check_refused(asked, answer)
            assert count_refusals() == before + 1, (asked, answer.status)
    assert answered == ANSWERED


def test_a_browser_without_cookies_is_sent_to_sign_in_and_nowhere_else(database: Database) -> None:
    door = Inside()
    for address in ("/", "/documentation", "/documentation/schema", "/nothing", "/static/nothing.js"):
        with exactly_one_refusal(address):
            answer = door.ask("", "GET", address, Accept="text/html")
        assert (answer.status, answer.headers["Location"]) == (302, "/sign-in")
        check_headers(address, answer)


@pytest.mark.parametrize("name", BAD_BEARERS)
def test_a_bearer_that_is_none_is_refused_at_every_address(database: Database, name: str) -> None:
    door = Inside()
    for route, _ in find_patterns():
        asked = ("GET", fill(route))
        if asked in ANSWERED and not asked[1].startswith("/api/"):
            continue
        with exactly_one_refusal((name, asked)):
            answer = door.ask("", *asked, Authorization=BAD_BEARERS[name])
        check_refused(asked, answer)
        assert answer.status == 401, (asked, answer.status, answer.content)


@pytest.mark.parametrize("half", ["session", "proof", "unlock"])
def test_no_part_of_a_bearer_opens_anything_without_the_others(database: Database, half: str) -> None:
    """A key that came from the settings would open with the stored half alone."""
    good = cast.person("amina").bearer
    place = {"session": 10, "proof": 40, "unlock": 90}[half]
    letter = "B" if good[place] != "B" else "C"
    altered = good[:place] + letter + good[place + 1 :]
    answer = Inside().ask("", "GET", "inbox", Authorization=f"Bearer {altered}")
    assert answer.status == 401
    assert Inside().ask("amina", "GET", "inbox").status == 200


def test_one_cookie_without_the_other_is_refused(database: Database) -> None:
    session, unlock = gate.split_bearer(cast.person("amina").bearer)
    client = cast.person("amina").client
    for cookies in ({gate.SESSION_COOKIE: session}, {gate.UNLOCK_COOKIE: unlock}):
        client.cookies.clear()
        client.cookies.load(cookies)
        with exactly_one_refusal(cookies.keys()):
            assert client.get("/documentation").status_code == 401
    client.cookies.load({gate.SESSION_COOKIE: session, gate.UNLOCK_COOKIE: unlock})
    assert client.get("/documentation").status_code == 200
    client.cookies.clear()


def test_cookies_open_no_door_of_the_api(database: Database) -> None:
    """Another site's page could send them; it cannot send the header."""
    session, unlock = gate.split_bearer(cast.person("amina").bearer)
    client = cast.person("amina").client
    client.cookies.load({gate.SESSION_COOKIE: session, gate.UNLOCK_COOKIE: unlock})
    assert client.get("/api/v1/inbox").status_code == 401
    client.cookies.clear()


def test_a_signed_in_stranger_gets_one_answer_for_not_theirs_and_not_there(database: Database) -> None:
    door, words = Inside(), Words()
    told = Teller(door, words).tell()
    missing = {ref: ref[:-5] + ("00000" if ref[-5:] != "00000" else "11111") for ref in told.refs}
    for _, path in told.openings:
        ref = next(part for part in path.split("/") if part in missing)
        answers = []
        for asked in (path, path.replace(ref, missing[ref])):
            with exactly_one_refusal(asked):
                answers.append(door.ask("stan", "GET", asked))
            (entry,) = Entry.objects.filter(person=cast.person("stan").person_id).order_by("-pk")[:1]
            assert entry.event == "record:open:refused"
            assert entry.outcome == "refused"
            assert (ref if asked == path else missing[ref]) in entry.records
        theirs, none = answers
        assert (theirs.status, none.status) == (404, 404)
        assert theirs.content == none.content
        assert set(theirs.headers) == set(none.headers)
        assert not words.are_in(theirs.content)


def test_a_signed_in_stranger_is_refused_every_act_on_a_record(database: Database) -> None:
    door, words = Inside(), Words()
    told = Teller(door, words).tell()
    bodies = {"PUT": {"expected_version": 3, "concern": Teller(door, words).write_concern()}, "POST": {"text": "x"}}
    kinds = {"C": "concerns/", "D": "decisions/", "S": "disclosures/", "A": "answers/"}
    for route, _ in find_patterns():
        for ref in told.refs:
            if kinds[ref[0]] not in route or "<str:ref>" not in route:
                continue
            for method in ("GET", "PUT", "POST", "DELETE"):
                body = bodies.get(method)
                if route.endswith("/completion"):
                    body = Teller(door, words).decide("share", concern=ref)
                answer = door.ask("stan", method, fill(route, ref=ref), body)
                assert answer.status in (404, 405, 415, 422, 400), (method, route, answer.status, answer.content)
                assert not words.are_in(answer.content)


def test_what_strangers_did_becomes_an_entry_when_its_minute_is_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Inside()
    for address in ("/documentation", "/api/v1/inbox", "/api/v1/nothing", "/static/x"):
        door.ask("", "GET", address)
    counted = sum(RefusalCount.objects.values_list("count", flat=True))
    assert counted == 4
    assert minutes.close_minutes() == 0  # the minute is not over
    now = timezone.now()
    monkeypatch.setattr(minutes, "timezone", _later(now + timedelta(minutes=4)))
    assert minutes.close_minutes() > 0
    told = Entry.objects.filter(event="stranger:refused", outcome="refused")
    assert sum(int(detail.split(":")[-2]) for detail in told.values_list("detail", flat=True)) == counted
    assert minutes.close_minutes() == 0


def test_what_was_typed_into_an_address_is_not_in_the_refusal(database: Database) -> None:
    words, door = Words(), Inside()
    for address in (f"/{words.new()}", f"/api/v1/concerns/{words.new()}", f"/api/v1/teams?words={quote(words.new())}"):
        for who in ("", "stan"):
            answer = door.ask(who, "GET", address)
            assert not words.are_in(answer.content)
    rows = [*Entry.objects.values_list(), *RefusalCount.objects.values_list()]
    assert not words.are_in(repr(rows).encode())


def _later(moment: object) -> ModuleType:
    """A clock that stands at a moment."""
    clock = ModuleType("clock")
    clock.now = lambda: moment  # type: ignore[attr-defined]
    return clock


def test_signing_in_says_the_same_whoever_is_named(database: Database) -> None:
    said: set[tuple[int, bytes]] = set()
    for email in ("amina@example.org", "nobody@example.org"):
        typed = {"email": email, "passphrase": "not what was chosen", "code": "000000"}
        with exactly_one_refusal(email):
            answer = Inside().ask("", "POST", "session", typed)
        said.add((answer.status, answer.content))
    assert len(said) == 1
    assert next(iter(said))[0] == 401


def test_the_client_used_here_passes_every_middleware(database: Database) -> None:
    answer = cast.person("amina").client.get("/health")
    assert isinstance(answer, HttpResponse)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
