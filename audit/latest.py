"""The newest entry about one record: callers check a row against it, since rows can be altered and the log cannot.

Newest is the one appended last: acts about one key or one membership wait for each other, and a clock may be set back.
Such records have few entries, so all are read: a database asked for the last one may walk the whole log backwards.
"""

from collections.abc import Sequence

from audit.grammar import DONE
from audit.models import EntryRecord


def latest_detail(event: str, *, record: str) -> str:
    """The detail of the newest entry of this event about this record, or "" when there is none."""
    found = EntryRecord.objects.filter(record=record, entry__event=event)
    return str(max(found.values_list("entry_id", "entry__detail"), default=(0, ""))[1])


def latest_event(record: str, *, among: Sequence[str]) -> str:
    """Which of these events happened last to this record, or "" when none has. Refused acts do not count."""
    found = EntryRecord.objects.filter(record=record, entry__event__in=among, entry__outcome=DONE)
    return str(max(found.values_list("entry_id", "entry__event"), default=(0, ""))[1])


def count_done(record: str, *, among: Sequence[str]) -> int:
    """How often these events happened to this record. Refused acts do not count."""
    return EntryRecord.objects.filter(record=record, entry__event__in=among, entry__outcome=DONE).count()
