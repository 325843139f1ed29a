"""Auditors find every entry that meets what they asked, newest first, and only those."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import errors, events, models, queries
from tests.audit.conftest import Someone, number_all
from tests.running.databases import Database

SCHOOL = "00000000-0000-4000-8000-00000000000a"
POLICE = "00000000-0000-4000-8000-00000000000b"
TEAM = "team:00000000-0000-4000-8000-000000000001"
ADA = Someone("ada", "desk", SCHOOL)
BEN = Someone("ben", "mash", POLICE)


WAYS: list[dict[str, Any]] = [
    {},
    {"record": "P"},
    {"agency": SCHOOL},
    {"person": "ada"},
    {"record": "P", "agency": SCHOOL},
]


@pytest.fixture
def asked(empty_log: Database, append: Callable[..., models.Entry]) -> dict[str, int]:
    """Give the ids of a few entries by name."""
    assert empty_log.data.exists()
    made = {
        "raised": append("Q-1", by=ADA, event=events.CONCERN_RAISED),
        "shared": append("Q-1", "Q-2", by=ADA, event=events.DISCLOSURE_SENT, parties=[TEAM, f"agency:{POLICE}"]),
        "opened": append("Q-2", by=BEN, parties=[f"agency:{SCHOOL}"]),
        "refused": append("Q-1", by=BEN, event=events.RECORD_OPEN_REFUSED, outcome="refused"),
        "nobody": append(by=None, event=events.NOTICE_SENT),
    }
    number_all()
    return {name: entry.pk for name, entry in made.items()}


ASKED: list[tuple[dict[str, Any], list[str]]] = [
    ({"record": "Q-1"}, ["refused", "shared", "raised"]),
    ({"record": "Q-2"}, ["opened", "shared"]),
    ({"record": "Q-9"}, []),
    ({"person": "ada"}, ["shared", "raised"]),
    ({"agency": SCHOOL}, ["opened", "shared", "raised"]),
    ({"agency": POLICE}, ["refused", "opened", "shared"]),
    ({"agency": POLICE, "record": "Q-1"}, ["refused", "shared"]),
    ({"agency": SCHOOL, "person": "ben"}, ["opened"]),
    ({"agency": SCHOOL, "party": TEAM}, ["shared"]),
    ({"party": TEAM}, ["shared"]),
    ({"record": "Q-1", "event": events.CONCERN_RAISED}, ["raised"]),
    ({"person": "ben", "outcome": "refused"}, ["refused"]),
    ({"agency": SCHOOL, "outcome": "refused"}, []),
]


def test_an_auditor_finds_what_was_asked_for(asked: dict[str, int]) -> None:
    for conditions, names in ASKED:
        found = queries.find_entries(**conditions).entries
        assert [one.id for one in found] == [asked[name] for name in names], conditions


def test_time_includes_its_start_and_not_its_end(asked: dict[str, int]) -> None:
    at = {name: models.Entry.objects.get(pk=pk).at for name, pk in asked.items()}
    extras: list[dict[str, Any]] = [{}, {"record": "Q-2"}, {"agency": POLICE}]
    for extra in extras:
        found = queries.find_entries(since=at["shared"], until=at["opened"], **extra).entries
        assert [one.id for one in found] == [asked["shared"]]


def test_an_agency_is_not_shown_anothers_entry(asked: dict[str, int]) -> None:
    assert queries.find_entry(asked["refused"], agency=POLICE)
    assert queries.find_entry(asked["refused"], agency=SCHOOL) is None
    assert queries.find_entry(-1) is None


def test_an_auditor_sees_numbers_once_there_are_any(asked: dict[str, int], append: Callable[..., models.Entry]) -> None:
    numbered = queries.find_entry(asked["refused"])
    assert numbered is not None
    assert numbered.numbers[0][:2] == ("Q-1", 3)
    waiting = queries.find_entry(append("Q-1").pk)
    assert waiting is not None
    assert (waiting.index, waiting.numbers) == (None, ())


@pytest.mark.usefixtures("empty_log")
def test_pages_together_are_everything_once(append: Callable[..., models.Entry]) -> None:
    made = [append("P", by=ADA).pk for _ in range(11)]
    for conditions in WAYS:
        entries = [one.id for page in read_pages(conditions) for one in page.entries]
        assert entries[:11] == made[::-1]
        assert len(set(entries)) == len(entries)


@pytest.mark.usefixtures("append")
def read_pages(conditions: dict[str, Any]) -> Iterator[queries.Page]:
    """Turn the pages, while the log goes on growing."""
    page = queries.find_entries(limit=4, **conditions)
    while True:
        yield page
        if page.cursor is None:
            return
        page = queries.find_entries(limit=4, cursor=page.cursor, **conditions)


@pytest.mark.usefixtures("empty_log")
@pytest.mark.usefixtures("append")
def test_entries_of_one_instant_are_all_shown() -> None:
    at = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
    fields = {"at": at, "event": "list:shown", "outcome": "done", "records": "[]", "parties": "[]", "nonce": b"x" * 16}
    made = [models.Entry.objects.create(person="eve", **fields).pk for _ in range(9)]
    found = [one.id for page in read_pages({"person": "eve"}) for one in page.entries]
    assert found == made[::-1]


@pytest.mark.parametrize("cursor", ["", "x", "1", "1-", "-1", "1-2-3", "\u0661-1", "9" * 39 + "-1", "9" * 30 + "-1"])
def test_a_cursor_no_page_gave_is_refused(cursor: str) -> None:
    with pytest.raises(errors.EntryMalformed):
        queries.find_entries(cursor=cursor)


@pytest.mark.usefixtures("empty_log")
def test_a_page_costs_two_statements_however_long(append: Callable[..., models.Entry]) -> None:
    for _ in range(30):
        append("P", by=ADA)
    for conditions, limit in itertools.product(WAYS, (1, 30)):
        with CaptureQueriesContext(connection) as captured:
            queries.find_entries(limit=limit, **conditions)
        assert len(captured) == 2


@pytest.mark.usefixtures("empty_log")
def test_a_page_has_a_largest_size(append: Callable[..., models.Entry]) -> None:
    for _ in range(3):
        append("P")
    assert len(queries.find_entries(record="P", limit=0).entries) == 1
    assert len(queries.find_entries(record="P", limit=10**9).entries) == 3


@pytest.mark.usefixtures("asked")
def test_the_state_of_the_log_is_its_newest_checkpoint() -> None:
    state = queries.find_state()
    assert state is not None
    assert state.size == models.Leaf.objects.count()
