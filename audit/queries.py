"""Ask the log: entries by person, record, agency, event, outcome and time, newest first, a page at a time.

Every page costs the same two statements, however large the log. Whether the asker may ask, and the entry that says
they asked, are the caller's.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from audit import errors, leaf, models, numbering, whys

MOST: Final = 200  # entries in a page
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry as an auditor sees it. `index` and `numbers` are its place in the log, None and () until it has one.

    `numbers` are (record, number, index of the leaf before in that record's series): for auditors only.
    """

    id: int
    at: dt.datetime
    person: str
    team: str
    agency: str
    event: str
    outcome: str
    records: tuple[str, ...]
    parties: tuple[str, ...]
    detail: str
    request: str
    has_why: bool
    index: int | None
    numbers: tuple[leaf.Number, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and the cursor of the next page, None on the last."""

    entries: tuple[LoggedEntry, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class LogState:
    """The newest checkpoint: its size, root and signed note."""

    size: int
    root: bytes
    note: str


def find_entries(
    *,
    person: str | None = None,
    record: str | None = None,
    agency: str | None = None,
    party: str | None = None,
    event: str | None = None,
    outcome: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Return a page of the entries that meet every condition given.

    `agency`: made by its people, or naming `agency:<id>` among their parties. `since` is included, `until` is not;
    both aware. `limit`: 1 to 200. Raises EntryMalformed for a cursor no page gave.
    """
    limit = max(1, min(limit, MOST))
    parties = [one for one in (party, f"agency:{agency}" if agency else None) if one]
    wanted, prefix = _choose_driver(record, parties)
    equal = {"person": person, "event": event, "outcome": outcome}
    wanted = wanted.filter(**{f"{prefix}{name}": value for name, value in equal.items() if value is not None})
    wanted = wanted.filter(*_limit_time(since, until), *_start_after(cursor, "entry_id" if prefix else "id"))
    rows = list(wanted.order_by("-at", "-entry_id" if prefix else "-id")[: limit + 1])
    entries = [row.entry if prefix else row for row in rows[:limit]]
    return Page(_show(entries), _make_cursor(entries[-1]) if len(rows) > limit else None)


def find_entry(entry: int, *, agency: str | None = None) -> LoggedEntry | None:
    """Return one entry, or None if there is none, or none that this agency may ask for."""
    wanted = models.Entry.objects.filter(pk=entry)
    if agency:
        wanted = wanted.filter(Exists(models.EntryParty.objects.filter(entry=OuterRef("pk"), party=f"agency:{agency}")))
    return next(iter(_show(list(wanted))), None)


def find_sealed_whys(entry: int) -> tuple[whys.SealedReason, ...]:
    """Return the sealed reasons kept for one entry, one for each office and epoch; none once destroyed."""
    rows = models.SealedWhy.objects.filter(entry=entry).select_related("entry").order_by("office", "office_epoch")
    return tuple(
        whys.SealedReason(
            entry=entry,
            nonce=bytes(row.entry.nonce),
            commitment=bytes(row.entry.why_commitment or b""),
            office=row.office,
            office_epoch=row.office_epoch,
            wrapped=bytes(row.wrapped),
            sealed=bytes(row.sealed),
        )
        for row in rows
    )


def find_state() -> LogState | None:
    """Return the newest checkpoint, None when nothing was numbered yet."""
    row = models.Checkpoint.objects.order_by("-size").first()
    return None if row is None else LogState(row.size, bytes(row.root), row.note)


def _choose_driver(record: str | None, parties: Sequence[str]) -> tuple[QuerySet[Any], str]:
    # The narrowest index leads: its rows carry the entry's time, so that a page is one range of it.
    if record:
        wanted: QuerySet[Any] = models.EntryRecord.objects.filter(record=record).select_related("entry")
    elif parties:
        wanted = models.EntryParty.objects.filter(party=parties[0]).select_related("entry")
        parties = parties[1:]
    else:
        return models.Entry.objects.all(), ""
    indexed = models.EntryParty.objects.filter(entry=OuterRef("entry_id"))
    return wanted.filter(*(Exists(indexed.filter(party=one)) for one in parties)), "entry__"


def _limit_time(since: dt.datetime | None, until: dt.datetime | None) -> list[Q]:
    return [*([Q(at__gte=since)] if since else []), *([Q(at__lt=until)] if until else [])]


def _start_after(cursor: str | None, name: str) -> list[Q]:
    if cursor is None:
        return []
    at, _, entry = cursor.partition("-")
    if not (at.isascii() and at.isdigit() and entry.isascii() and entry.isdigit() and len(cursor) <= 40):  # noqa: PLR2004
        raise errors.EntryMalformed("This is not a cursor that a page gave.")
    try:
        moment = _EPOCH + dt.timedelta(microseconds=int(at))
    except OverflowError as error:
        raise errors.EntryMalformed("This is not a cursor that a page gave.") from error
    # The first condition is implied by the second; it is what lets both databases enter the index at the right place.
    return [Q(at__lte=moment), Q(at__lt=moment) | Q(**{f"{name}__lt": int(entry)})]


def _make_cursor(entry: models.Entry) -> str:
    return f"{leaf.count_microseconds(entry.at)}-{entry.pk}"


def _show(entries: Sequence[models.Entry]) -> tuple[LoggedEntry, ...]:
    leaves = {row.entry_id: row for row in models.Leaf.objects.filter(entry_id__in=[entry.pk for entry in entries])}
    return tuple(_show_one(entry, leaves.get(entry.pk)) for entry in entries)


def _show_one(entry: models.Entry, row: models.Leaf | None) -> LoggedEntry:
    return LoggedEntry(
        id=entry.pk,
        at=entry.at,
        person=entry.person,
        team=entry.team,
        agency=entry.agency,
        event=entry.event,
        outcome=entry.outcome,
        records=tuple(json.loads(entry.records)),
        parties=tuple(json.loads(entry.parties)),
        detail=entry.detail,
        request=entry.request,
        has_why=entry.why_commitment is not None,
        index=None if row is None else row.index,
        numbers=() if row is None else tuple(numbering.read_numbers(row.numbers)),
    )
