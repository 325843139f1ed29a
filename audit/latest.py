"""The newest entry about one record: callers check a row against it, since rows can be altered and the log cannot."""

from collections.abc import Sequence

from audit.grammar import DONE
from audit.models import Entry, EntryRecord


def latest_detail(event: str, *, record: str) -> str:
    """The detail of the newest entry of this event about this record, or "" when there is none."""
    about = EntryRecord.objects.filter(record=record).order_by("-at", "-entry_id").values_list("entry_id", flat=True)
    entries = Entry.objects.filter(id__in=about, event=event).order_by("-at", "-id")
    return entries.values_list("detail", flat=True).first() or ""


def latest_event(record: str, *, among: Sequence[str]) -> str:
    """Which of these events happened last to this record, or "" when none has. Refused acts do not count."""
    about = EntryRecord.objects.filter(record=record).order_by("-at", "-entry_id").values_list("entry_id", flat=True)
    entries = Entry.objects.filter(id__in=about, event__in=among, outcome=DONE).order_by("-at", "-id")
    return entries.values_list("event", flat=True).first() or ""
