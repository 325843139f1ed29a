"""Rows of the log read back as leaves, each checked against its own index rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import DatabaseError
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

import vault
from audit import errors, leaf, log, merkle, models, numbering

# What a row may raise that no writer of ours wrote: SQLite keeps any type in any column.
_UNREADABLE: Final = (
    ValueError, TypeError, KeyError, OverflowError, RecursionError, DatabaseError, vault.VaultError
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rows:
    """A run of leaf rows with everything that belongs to them, by entry id or leaf index."""

    leaves: Sequence[models.Leaf]
    entries: Mapping[int, models.Entry]
    numbers: Mapping[int, list[Any]]
    index: "_Index"


@dataclass(frozen=True, slots=True)
class _Index:
    """Index rows by entry id."""

    records: Mapping[int, list[Any]] = field(default_factory=dict)
    parties: Mapping[int, list[Any]] = field(default_factory=dict)


def read_leaves(size: int, chunk: int) -> Iterator[bytes]:
    """Yield the bytes of the leaves below `size`, in order. Raises LogBroken at the first whose rows disagree."""
    found = 0
    for start in range(0, size, chunk):
        for rows in _read_runs(start, min(start + chunk, size)):
            for row in rows.leaves:
                yield _make_checked_leaf(row, rows)
                found += 1
    if found != size:
        raise errors.LogBroken(f"leaf {found}", "missing at the end of the log.")


def check_nothing_astray() -> None:
    """Raise LogBroken if any row belongs to no entry, to no leaf, or lies beyond what a checkpoint covers."""
    covered = models.Checkpoint.objects.order_by().values(one=Value(1)).annotate(size=Max("size")).values("size")
    beyond = models.Leaf.objects.filter(Q(index__lt=0) | Q(index__gte=Coalesce(Subquery(covered), Value(0))))
    if (stray := beyond.order_by("index").first()) is not None:
        raise errors.LogBroken(f"leaf {stray.index}", "no checkpoint covers it.")
    entries = models.Entry.objects.filter(pk=OuterRef("entry_id"))
    for model in (models.EntryRecord, models.EntryParty, models.SealedWhy, models.Waiting):
        lost = model.objects.filter(~Exists(entries)).values_list("entry_id", flat=True).first()
        if lost is not None:
            raise errors.LogBroken(f"entry {lost}", "the entry is gone, and rows that belong to it are left.")
    numbered = models.Leaf.objects.filter(index=OuterRef("leaf_index"))
    if (number := models.LeafRecord.objects.filter(~Exists(numbered)).first()) is not None:
        raise errors.LogBroken(f"leaf {number.leaf_index}", "the leaf is gone, and a number it gave is left.")
    waits_again = models.Waiting.objects.filter(Exists(models.Leaf.objects.filter(entry_id=OuterRef("entry_id"))))
    if (twice := waits_again.first()) is not None:
        raise errors.LogBroken(f"entry {twice.entry_id}", "it waits for a leaf and has one already.")


def check_unnumbered() -> int:
    """Return how many entries have no leaf yet. Raises LogBroken if one does not wait, or its index rows disagree."""
    count = 0
    for entry, waits in _find_unnumbered():
        place = f"entry {entry.pk}"
        if not waits:
            raise errors.LogBroken(place, "it has no leaf, and does not wait for one.")
        try:
            _check_index(place, entry, numbering.make_leaf(entry, 0, ()), _read_index([entry.pk]))
        except _UNREADABLE as error:
            raise errors.LogBroken(place, "its row cannot be read.") from error
        count += 1
    return count


def read_checkpoints(size: int, chunk: int) -> Iterator[models.Checkpoint]:
    """Yield the log's own checkpoints of at most `size` leaves, smallest first."""
    # Pages rather than a database cursor: one left open by an early end would outlive its reader.
    page = list(models.Checkpoint.objects.filter(size__lte=size).order_by("size")[:chunk])
    while page:
        yield from page
        page = list(models.Checkpoint.objects.filter(size__gt=page[-1].size, size__lte=size).order_by("size")[:chunk])


def _find_unnumbered(chunk: int = 500) -> Iterator[tuple[models.Entry, bool]]:
    # One statement for both questions, so that an entry numbered meanwhile is seen with its leaf or still waiting.
    mine = {"entry_id": OuterRef("pk")}
    unnumbered: QuerySet[Any] = models.Entry.objects.filter(~Exists(models.Leaf.objects.filter(**mine)))
    unnumbered = unnumbered.annotate(waits=Exists(models.Waiting.objects.filter(**mine))).order_by("pk")
    page = list(unnumbered[:chunk])
    while page:
        yield from ((entry, entry.waits) for entry in page)
        page = list(unnumbered.filter(pk__gt=page[-1].pk)[:chunk])


def _read_runs(start: int, stop: int) -> Iterator[_Rows]:
    try:
        run = _read_run(start, stop)
    except _UNREADABLE as error:
        if stop - start == 1:
            raise errors.LogBroken(f"leaf {start}", "its rows cannot be read.") from error
        # Halving finds the one row; the good ones before it are still judged first.
        middle = (start + stop) // 2
        yield from _read_runs(start, middle)
        yield from _read_runs(middle, stop)
        return
    yield run


def _read_run(start: int, stop: int) -> _Rows:
    leaves = list(models.Leaf.objects.filter(index__gte=start, index__lt=stop).order_by("index"))
    ids = [row.entry_id for row in leaves]
    numbers = defaultdict(list)
    given = models.LeafRecord.objects.filter(leaf_index__gte=start, leaf_index__lt=stop)
    for index, record, number in given.values_list("leaf_index", "record", "number"):
        numbers[index].append((record, number))
    return _Rows(leaves, models.Entry.objects.in_bulk(ids), numbers, _read_index(ids))


def _read_index(ids: Sequence[int]) -> _Index:
    index = _Index(defaultdict(list), defaultdict(list))
    for entry, record, at in models.EntryRecord.objects.filter(entry_id__in=ids).values_list(
        "entry_id", "record", "at"
    ):
        index.records[entry].append((record, at))
    for entry, party, at in models.EntryParty.objects.filter(entry_id__in=ids).values_list("entry_id", "party", "at"):
        index.parties[entry].append((party, at))
    return index


def _make_checked_leaf(row: models.Leaf, rows: _Rows) -> bytes:
    place = f"leaf {row.index} (entry {row.entry_id})"
    entry = rows.entries.get(row.entry_id)
    if entry is None:
        raise errors.LogBroken(place, "the entry is gone.")
    try:
        one = numbering.make_leaf(entry, row.index, numbering.read_numbers(row.numbers))
        data = leaf.encode(one)
        _check_index(place, entry, one, rows.index)
    except _UNREADABLE as error:
        raise errors.LogBroken(place, "its rows cannot be read.") from error
    if merkle.hash_leaf(data) != bytes(row.hash):
        raise errors.LogBroken(place, "the entry is not the one that was numbered.")
    if sorted(rows.numbers.get(row.index, [])) != sorted((record, number) for record, number, _ in one.numbers):
        raise errors.LogBroken(place, "the index of numbers disagrees with the leaf.")
    return data


def _check_index(place: str, entry: models.Entry, one: leaf.Leaf, index: _Index) -> None:
    if (entry.records, entry.parties) != (log.write_list(one.records), log.write_list(one.parties)):
        raise errors.LogBroken(place, "its lists are not in canonical form.")
    parties = log.list_indexed_parties(one.parties, one.agency)
    if sorted(index.records.get(entry.pk, [])) != sorted((record, entry.at) for record in one.records):
        raise errors.LogBroken(place, "the index of records disagrees with the entry.")
    if sorted(index.parties.get(entry.pk, [])) != sorted((party, entry.at) for party in parties):
        raise errors.LogBroken(place, "the index of parties disagrees with the entry.")
