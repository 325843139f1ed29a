"""The one numberer: gives every entry its place in the log, and every record concerned its next number.

Writers assign nothing, so they never wait for each other. The numberer takes what waits (entries that have no leaf,
however low their id: a slow transaction commits late), and signs the new state. Its cost is in the entries it takes,
never in the size of the log.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

import vault
from audit import checkpoint, errors, leaf, logkey, merkle, models, publishing

BATCH: Final = 500  # entries
_LOCK: Final = 0x636F6E666572  # any number, as long as nothing else in this database takes it as an advisory lock

Heads = dict[str, tuple[int, int]]
"""For each record, its last number and the index of the leaf that has it."""


def number_entries(limit: int = BATCH) -> int:
    """Number up to `limit` waiting entries in one transaction, sign and publish the checkpoint; return how many.

    Returns 0 when nothing waits or another numberer is at work. Raises LogBroken when the stored state does not hold,
    KeyFileUnusable, and RuntimeError inside a transaction.
    """
    with transaction.atomic(durable=True):
        if not _take_turn():
            return 0
        entries = _find_unnumbered(limit)
        if not entries:
            return 0
        note = _number(entries)
    publishing.publish(note)
    return len(entries)


def make_leaf(entry: models.Entry, index: int, numbers: Sequence[leaf.Number]) -> leaf.Leaf:
    """Return the leaf of this entry at this index."""
    return leaf.Leaf(
        index=index,
        id=entry.pk,
        at=leaf.count_microseconds(entry.at),
        person=entry.person,
        team=entry.team,
        agency=entry.agency,
        event=entry.event,
        outcome=entry.outcome,
        records=tuple(json.loads(entry.records)),
        parties=tuple(json.loads(entry.parties)),
        detail=entry.detail,
        nonce=bytes(entry.nonce),
        why=None if entry.why_commitment is None else bytes(entry.why_commitment),
        request=entry.request,
        numbers=tuple(numbers),
    )


def _take_turn() -> bool:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Ends with the transaction, so it is safe behind a pooler that hands sessions round.
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            return bool(cursor.fetchone()[0])
        # Writes nothing, yet takes SQLite's one write lock before anything is read.
        cursor.execute("UPDATE audit_waiting SET entry_id = entry_id WHERE entry_id = -1")
        return True


def _find_unnumbered(limit: int) -> list[models.Entry]:
    waiting = list(models.Waiting.objects.order_by("entry_id").values_list("entry_id", flat=True)[:limit])
    if models.Leaf.objects.filter(entry_id__in=waiting).exists():
        raise errors.LogBroken(f"entries {waiting[0]} to {waiting[-1]}", "one of them waits and has its leaf already.")
    return list(models.Entry.objects.filter(pk__in=waiting).order_by("pk"))


def _number(entries: Sequence[models.Entry]) -> str:
    signing = logkey.load_log_key(Path(settings.CONFER_LOG_KEY_FILE))
    frontier, heads = _load_frontier(signing), _find_heads(entries)
    leaves = []
    for entry in entries:
        numbers = _take_numbers(heads, json.loads(entry.records), frontier.size)
        leaves.append(make_leaf(entry, frontier.size, numbers))
        frontier = frontier.append(leaf.hash_leaf(leaves[-1]))
    note = checkpoint.sign(frontier.size, frontier.root(), origin=signing.origin, key=signing.key)
    _store(leaves)
    models.Checkpoint.objects.create(size=frontier.size, root=frontier.root(), note=note, frontier=frontier.dump())
    return note


def _load_frontier(signing: logkey.SigningLogKey) -> merkle.Frontier:
    newest = models.Checkpoint.objects.order_by("-size").first()
    if newest is None:
        publishing.check_nothing_left_beyond(0, merkle.EMPTY_ROOT)
        return merkle.Frontier()
    try:
        frontier = merkle.load_frontier(newest.size, bytes(newest.frontier))
        signed = checkpoint.parse(newest.note)
        # Or whoever can write this row could have us sign a tree of their own.
        checkpoint.verify(signed, signing.public)
    except (ValueError, errors.ProofInvalid) as error:
        raise errors.LogBroken(f"checkpoint of {newest.size} leaves", str(error)) from error
    if (signed.size, signed.root, bytes(newest.root)) != (newest.size, frontier.root(), frontier.root()):
        raise errors.LogBroken(f"checkpoint of {newest.size} leaves", "its row is not what was signed.")
    publishing.check_nothing_left_beyond(newest.size, frontier.root())
    return frontier


def _find_heads(entries: Sequence[models.Entry]) -> Heads:
    # One index seek for each record, however long its series: never max() over the series.
    series = models.LeafRecord.objects.filter(record=OuterRef("record")).order_by("-number")
    rows = (
        models.EntryRecord.objects.filter(entry_id__in=[entry.pk for entry in entries])
        .annotate(number=Subquery(series.values("number")[:1]), leaf=Subquery(series.values("leaf_index")[:1]))
        .exclude(number=None)
        .values_list("record", "number", "leaf")
    )
    return {record: (number, index) for record, number, index in rows}


def _take_numbers(heads: Heads, records: Sequence[str], index: int) -> list[leaf.Number]:
    numbers: list[leaf.Number] = []
    for record in records:
        number, before = heads.get(record, (0, None))
        heads[record] = (number + 1, index)
        numbers.append((record, number + 1, before))
    return numbers


def _store(leaves: Sequence[leaf.Leaf]) -> None:
    models.Leaf.objects.bulk_create(
        models.Leaf(index=one.index, entry_id=one.id, hash=leaf.hash_leaf(one), numbers=write_numbers(one.numbers))
        for one in leaves
    )
    models.LeafRecord.objects.bulk_create(
        models.LeafRecord(leaf_index=one.index, record=record, number=number)
        for one in leaves
        for record, number, _ in one.numbers
    )


def write_numbers(numbers: Sequence[leaf.Number]) -> str:
    """Return the canonical JSON text that a leaf's row keeps of its numbers."""
    return vault.canonical([list(number) for number in numbers]).decode()


def read_numbers(text: str) -> list[leaf.Number]:
    """Return the numbers a leaf's row keeps. Raises ValueError unless the text is what `write_numbers` writes."""
    numbers: list[leaf.Number] = [(record, number, before) for record, number, before in json.loads(text)]
    if write_numbers(numbers) != text:
        raise ValueError("The numbers are not in canonical form.")
    return numbers
