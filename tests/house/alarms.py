"""Whether what was altered was refused, and whether the exchange's auditors were told."""

from collections.abc import Iterator
from contextlib import contextmanager

from audit.models import Entry
from exchange import notices
from exchange.models import Notice
from tests import cast

ALARMING = {"key:refused", "record:open:failed"}


@contextmanager
def alarmed(event: str = "") -> Iterator[None]:
    """The block leaves an entry of this event (or either), and a notice to the exchange's audit office."""
    assert event in {"", *ALARMING}
    entries = set(Entry.objects.values_list("pk", flat=True))
    notices_before = count_alarms()
    yield
    new = list(Entry.objects.exclude(pk__in=entries).order_by("pk"))
    told = [entry.event for entry in new if entry.outcome in ("refused", "failed")]
    assert ALARMING & set(told) if not event else event in told, f"no entry says so: {[e.event for e in new]}"
    assert count_alarms() > notices_before, "the auditors were not told"


def count_alarms() -> int:
    """How many alarms the exchange's office is owed or was sent."""
    return Notice.objects.filter(kind=notices.ALARM, team_id=cast.team("exchange-office"), urgent=True).count()
