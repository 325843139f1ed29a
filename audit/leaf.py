"""The bytes of a leaf: an entry with its place in the log, in canonical form. See docs/formats/leaf.md."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, Final

import vault
from audit import errors, merkle

VERSION: Final = 1
LONGEST_LEAF: Final = 1 << 20  # bytes; 1,000 records and 1,000 parties stay well below
_MEMBERS: Final = frozenset(
    {"version", "index", "id", "at", "person", "team", "agency", "event", "outcome", "records", "parties", "detail"}
    | {"nonce", "why", "request", "numbers"}
)

Number = tuple[str, int, int | None]
"""A record, this leaf's number in its series, and the index of the leaf before it in that series."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry in its place. `at` is microseconds since 1970 UTC; `nonce` and `why` (a commitment) are bytes."""

    index: int
    id: int
    at: int
    person: str
    team: str
    agency: str
    event: str
    outcome: str
    records: tuple[str, ...]
    parties: tuple[str, ...]
    detail: str
    nonce: bytes
    why: bytes | None
    request: str
    numbers: tuple[Number, ...]


def encode(leaf: Leaf) -> bytes:
    """Return the leaf's canonical bytes (RFC 8785 JSON)."""
    return vault.canonical(
        {
            "version": VERSION,
            "index": leaf.index,
            "id": leaf.id,
            "at": format_time(leaf.at),
            "person": leaf.person,
            "team": leaf.team,
            "agency": leaf.agency,
            "event": leaf.event,
            "outcome": leaf.outcome,
            "records": list(leaf.records),
            "parties": list(leaf.parties),
            "detail": leaf.detail,
            "nonce": leaf.nonce.hex(),
            "why": None if leaf.why is None else leaf.why.hex(),
            "request": leaf.request,
            "numbers": [list(number) for number in leaf.numbers],
        }
    )


def decode(data: bytes) -> Leaf:
    """Return the leaf of these bytes. Raises EntryMalformed unless they are exactly what `encode` would write."""
    if len(data) > LONGEST_LEAF:
        raise errors.EntryMalformed("The leaf is longer than any leaf can be.")
    try:
        # Reading loosely is safe: whatever was read must come out again as the very same bytes.
        leaf = _read(json.loads(data))
        again = encode(leaf)
    except (ValueError, TypeError, KeyError, RecursionError, vault.VaultError) as error:
        raise errors.EntryMalformed("These bytes are not a leaf.") from error
    if again != data:
        raise errors.EntryMalformed("The leaf is not in canonical form.")
    return leaf


def hash_leaf(leaf: Leaf) -> bytes:
    """Return the leaf's hash in the tree."""
    return merkle.hash_leaf(encode(leaf))


def count_microseconds(at: dt.datetime) -> int:
    """Return an aware time as whole microseconds since 1970 UTC, exactly."""
    return (at - _EPOCH) // dt.timedelta(microseconds=1)


def format_time(at: int) -> str:
    """Return microseconds since 1970 as `2026-11-23T08:00:00.000001Z`: always six decimals."""
    moment = _EPOCH + dt.timedelta(microseconds=at)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _read(value: Any) -> Leaf:  # noqa: ANN401 - parsed JSON
    if not isinstance(value, dict) or value.keys() != _MEMBERS or value["version"] != VERSION:
        raise errors.EntryMalformed("These are not the members of a version 1 leaf.")
    numbers = tuple((str(record), int(number), _read_index(before)) for record, number, before in value["numbers"])
    at = dt.datetime.strptime(value["at"], "%Y-%m-%dT%H:%M:%S.%f%z")
    return Leaf(
        index=int(value["index"]),
        id=int(value["id"]),
        at=count_microseconds(at),
        person=value["person"],
        team=value["team"],
        agency=value["agency"],
        event=value["event"],
        outcome=value["outcome"],
        records=tuple(value["records"]),
        parties=tuple(value["parties"]),
        detail=value["detail"],
        nonce=bytes.fromhex(value["nonce"]),
        why=None if value["why"] is None else bytes.fromhex(value["why"]),
        request=value["request"],
        numbers=numbers,
    )


def _read_index(value: Any) -> int | None:  # noqa: ANN401 - parsed JSON
    return None if value is None else int(value)
