"""An entry is written with its act or not at all, and says nothing but codes and ids."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

import vault
from audit import errors, events, grammar, log, models, queries, whys
from tests.audit.conftest import ADA, TEAM, Bureau, Someone


@pytest.mark.usefixtures("database")
def test_an_entry_says_who_did_what_to_which_records(append: Callable[..., models.Entry]) -> None:
    entry = append("C-1", "C-2", "C-1", parties=[TEAM, TEAM], detail="3", request="r-1")
    found = queries.find_entry(entry.pk)
    assert found is not None
    assert (found.person, found.team, found.agency) == ("ada", "desk", "school")
    assert (found.event, found.outcome, found.detail, found.request) == ("record:opened", "done", "3", "r-1")
    assert (found.records, found.parties) == (("C-1", "C-2"), (TEAM,))
    assert found.at.tzinfo is not None
    assert not found.has_why


@pytest.mark.usefixtures("database")
def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(errors.NotInTransaction):
        log.append(events.RECORD_OPENED, by=ADA)


@pytest.mark.usefixtures("database")
def test_an_act_that_rolls_back_takes_its_entry_along() -> None:
    before = models.Entry.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        _act_and_fail()
    assert models.Entry.objects.count() == before
    assert not models.EntryRecord.objects.filter(record="C-1").exists()


def _act_and_fail() -> None:
    log.append(events.RECORD_OPENED, by=ADA, records=["C-1"])
    raise ZeroDivisionError


WRONG: list[dict[str, Any]] = [
    {"event": "record:borrowed"},
    {"event": ""},
    {"outcome": "perhaps"},
    {"records": ["Amy Pond"]},
    {"records": ["x" * 65]},
    {"records": [""]},
    {"records": "C-1"},
    {"records": [f"C-{n}" for n in range(grammar.MOST_RECORDS + 1)]},
    {"parties": ["team:west"]},
    {"parties": ["child:00000000-0000-4000-8000-000000000001"]},
    {"parties": [TEAM.upper()]},
    {"parties": [f"team:00000000-0000-4000-8000-{n:012x}" for n in range(grammar.MOST_PARTIES + 1)]},
    {"detail": "she said so"},
    {"detail": "x" * 129},
    {"detail": "caf\u00e9"},
    {"detail": "ok\n"},
    {"request": "a b"},
    {"by": Someone(person_id="Ada Byron")},
    {"by": Someone(agency_id="x" * 37)},
]


@pytest.mark.usefixtures("database")
def test_what_breaks_the_grammar_is_refused_and_not_repeated() -> None:
    before = models.Entry.objects.count()
    for wrong in WRONG:
        given: dict[str, Any] = {"event": events.RECORD_OPENED, "by": ADA} | wrong
        with pytest.raises(errors.EntryMalformed) as refused, transaction.atomic():
            log.append(**given)
        for value in ("Amy", "said", "Byron", "west", "caf"):
            assert value not in str(refused.value)
    assert models.Entry.objects.count() == before


def test_every_event_follows_its_grammar() -> None:
    assert events.EVENTS
    assert all(events.GRAMMAR.fullmatch(event) and len(event) <= 64 for event in events.EVENTS)


@pytest.mark.usefixtures("database")
def test_an_office_can_read_the_why_and_nobody_else(append: Callable[..., models.Entry]) -> None:
    office, other = Bureau(vault.make_secret_key()), Bureau(vault.make_secret_key(), id="other", epoch=2)
    entry = append("C-1", why=log.Why("The school asked.", [office, other]))
    mine, theirs = queries.find_sealed_whys(entry.pk)
    assert log.read_why(mine, using=office.secret) == log.read_why(theirs, using=other.secret) == "The school asked."
    with pytest.raises(errors.WhyUnreadable):
        log.read_why(mine, using=other.secret)
    for row in models.SealedWhy.objects.filter(entry=entry):
        assert b"school" not in bytes(row.sealed) + bytes(row.wrapped)


@pytest.mark.usefixtures("database")
def test_a_why_put_beside_another_entry_is_refused(append: Callable[..., models.Entry]) -> None:
    office = Bureau(vault.make_secret_key())
    first, second = (append("C-1", why=log.Why(text, [office])) for text in ("One.", "Two."))
    (mine,), (other,) = queries.find_sealed_whys(first.pk), queries.find_sealed_whys(second.pk)
    moved = whys.SealedReason(
        mine.entry, mine.nonce, mine.commitment, mine.office, mine.office_epoch, other.wrapped, other.sealed
    )
    with pytest.raises(errors.WhyUnreadable):
        log.read_why(moved, using=office.secret)


def test_a_why_that_is_not_the_one_committed_to_is_refused() -> None:
    office = Bureau(vault.make_secret_key())
    nonce = bytes(16)
    committed, _ = whys.seal_why(log.Why("What was said then.", [office]), nonce)
    _, [reason] = whys.seal_why(log.Why("What is said now.", [office]), nonce)
    exchanged = whys.SealedReason(
        1, nonce, committed, reason.office, reason.office_epoch, reason.wrapped, reason.sealed
    )
    with pytest.raises(errors.WhyUnreadable, match="committed"):
        log.read_why(exchanged, using=office.secret)


def test_a_why_of_no_use_is_refused() -> None:
    for text in ("", "  ", "x" * (whys.LONGEST_WHY + 1)):
        with pytest.raises(errors.EntryMalformed):
            whys.seal_why(log.Why(text, [Bureau(vault.make_secret_key())]), bytes(16))


@pytest.mark.usefixtures("database")
def test_a_why_no_office_could_read_is_refused(append: Callable[..., models.Entry]) -> None:
    with pytest.raises(errors.EntryMalformed, match="office"):
        append(why=log.Why("Because.", []))


def test_a_why_does_not_print_itself() -> None:
    assert "secret" not in repr(log.Why("A secret.", []))


@pytest.mark.parametrize("module", ["audit", "audit.leaf", "audit.merkle", "audit.checkpoint", "audit.verify"])
def test_what_a_stranger_runs_imports_no_django(module: str) -> None:
    code = f"import sys, {module}; sys.exit(any(name.split('.')[0] in {{'django', 'celery'}} for name in sys.modules))"
    root = str(Path(__file__).resolve().parents[2])
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": root}, check=True)
