"""Every refusal is told of: by an entry each, or, when too many or too anonymous, by a count each minute."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from audit import errors, events, log, minutes, models, tasks
from tests.audit.conftest import ADA, TEAM, Someone


def make_refusal(by: Someone | None = ADA) -> log.Refused:
    """Return what a refused opening raises."""
    return log.Refused(
        events.RECORD_OPEN_REFUSED, by=by, records=["C-1"], parties=[TEAM], detail="no_grant", code="not_found"
    )


def _act_and_be_refused() -> None:
    log.append(events.RECORD_OPENED, by=ADA, records=["C-1"])
    raise make_refusal()


def let_minutes_pass() -> None:
    """Move the counts into the past, as time would."""
    past = timezone.now().replace(second=0, microsecond=0) - dt.timedelta(minutes=10)
    models.RefusalCount.objects.filter(logged=0).update(minute=past)


@pytest.mark.usefixtures("database")
def find_told() -> list[models.Entry]:
    """Return the entries that tell of counts."""
    return list(models.Entry.objects.filter(event__in=["stranger:refused", "request:refused"]).order_by("pk"))


@pytest.mark.usefixtures("database")
@pytest.mark.usefixtures("database")
def test_a_refused_act_leaves_only_its_refusal() -> None:
    before = models.Entry.objects.count()
    with pytest.raises(log.Refused) as refused, transaction.atomic():
        _act_and_be_refused()
    entry = log.append_refusal(refused.value, request="r-1")
    assert entry is not None
    assert (entry.event, entry.outcome, entry.detail, entry.request) == (
        "record:open:refused",
        "refused",
        "no_grant",
        "r-1",
    )
    assert models.Entry.objects.count() == before + 1


@pytest.mark.usefixtures("database")
@pytest.mark.usefixtures("database")
def test_a_refusal_inside_the_refused_transaction_is_a_mistake() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        log.append_refusal(make_refusal())


@pytest.mark.usefixtures("database")
@pytest.mark.usefixtures("database")
def test_a_person_has_so_many_entries_a_minute_and_the_rest_are_counted() -> None:
    entries = [log.append_refusal(make_refusal()) for _ in range(log.REFUSAL_CEILING + 5)]
    assert sum(entry is not None for entry in entries) == log.REFUSAL_CEILING
    assert log.append_refusal(make_refusal(by=Someone("ben"))) is not None
    row = models.RefusalCount.objects.get(person="ada")
    assert (row.kind, row.count) == ("record:open:refused", 5)
    let_minutes_pass()
    assert minutes.close_minutes() == 1
    told = find_told()[-1]
    assert (told.event, told.person, told.agency, told.outcome) == ("request:refused", "ada", "school", "refused")
    assert told.detail.startswith("record:open:refused:5:")


@pytest.mark.usefixtures("database")
@pytest.mark.usefixtures("database")
def test_strangers_are_counted_by_minute_and_kind() -> None:
    for kind in ("not-signed-in", "not-signed-in", "unknown_url"):
        log.count_stranger(kind)
    assert log.append_refusal(make_refusal(by=None)) is None
    assert minutes.close_minutes() == 0, "the minute is not over"
    let_minutes_pass()
    tasks.close_minutes()
    assert [(one.event, one.person) for one in find_told()] == [("stranger:refused", "")] * 3
    assert sorted(one.detail.rpartition(":")[0] for one in find_told()) == [
        "not-signed-in:2",
        "record:open:refused:1",
        "unknown_url:1",
    ]
    assert minutes.close_minutes() == 0, "told once"


@pytest.mark.usefixtures("database")
@pytest.mark.usefixtures("database")
def test_a_refusal_that_was_counted_late_is_told_of_too() -> None:
    log.count_stranger("not-signed-in")
    let_minutes_pass()
    minutes.close_minutes()
    models.RefusalCount.objects.update(count=4)
    assert minutes.close_minutes() == 1
    assert [one.detail.split(":")[1] for one in find_told()] == ["1", "3"]


@pytest.mark.usefixtures("append")
@pytest.mark.usefixtures("database")
def test_counts_that_were_told_of_are_cleared_away() -> None:
    log.count_stranger("not-signed-in")
    models.RefusalCount.objects.update(minute=timezone.now() - dt.timedelta(days=2))
    minutes.close_minutes()
    assert not models.RefusalCount.objects.exists()


@pytest.mark.usefixtures("database")
@pytest.mark.usefixtures("append")
def test_a_kind_is_a_code() -> None:
    with pytest.raises(errors.EntryMalformed):
        log.count_stranger("/search?name=Amy Pond")
