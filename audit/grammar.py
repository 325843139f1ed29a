"""What an entry may say, checked before it is written. Codes, ids and digests only: never a name or a sentence."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from audit import errors, events

DONE: Final = "done"
REFUSED: Final = "refused"
FAILED: Final = "failed"
OUTCOMES: Final = frozenset({DONE, REFUSED, FAILED})

MOST_RECORDS: Final = 1000
MOST_PARTIES: Final = 1000

# No pattern admits a space, so that a sentence cannot slip in where a code belongs.
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ACTOR: Final = re.compile(r"(?:[A-Za-z0-9-]{1,36})?")
_RECORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}")
_PARTY: Final = re.compile(rf"(?:team|person|agency|office):{_UUID}")
_DETAIL: Final = re.compile(r"(?:[a-z0-9][a-z0-9:._,=+-]{0,127})?")
_REQUEST: Final = re.compile(r"[A-Za-z0-9-]{0,36}")
_KIND: Final = re.compile(r"[a-z0-9][a-z0-9:._-]{0,63}")


def check_event(event: str) -> None:
    """Raise EntryMalformed unless the event is one that `events` lists."""
    if event not in events.EVENTS:
        raise errors.EntryMalformed("The event is not in the vocabulary of audit.events.")


def check_outcome(outcome: str) -> None:
    """Raise EntryMalformed unless the outcome is done, refused or failed."""
    if outcome not in OUTCOMES:
        raise errors.EntryMalformed("An outcome is done, refused or failed.")


def check_actor(*ids: str) -> None:
    """Raise EntryMalformed unless each id is "" or at most 36 letters, digits and hyphens."""
    _check_all(ids, _ACTOR, "an actor's id")


def check_detail(detail: str) -> None:
    """Raise EntryMalformed unless the detail is a code, number or lower-case hex digest, at most 128 characters."""
    _check_all([detail], _DETAIL, "a detail")


def check_request(request: str) -> None:
    """Raise EntryMalformed unless the request id is at most 36 letters, digits and hyphens."""
    _check_all([request], _REQUEST, "a request id")


def check_kind(kind: str) -> None:
    """Raise EntryMalformed unless the kind of a counted refusal is a code of at most 64 characters."""
    _check_all([kind], _KIND, "a kind of refusal")


def settle_records(records: Sequence[str]) -> list[str]:
    """Return the references without repeats, in the caller's order; at most 1,000, each a reference by grammar."""
    return _settle(records, _RECORD, "a record reference", MOST_RECORDS)


def settle_parties(parties: Sequence[str]) -> list[str]:
    """Return the parties without repeats, in the caller's order; each a kind, a colon and a UUID."""
    return _settle(parties, _PARTY, "a party", MOST_PARTIES)


def _settle(values: Sequence[str], pattern: re.Pattern[str], what: str, most: int) -> list[str]:
    if isinstance(values, str):
        raise errors.EntryMalformed(f"A list was expected where each item is {what}; a single string was given.")
    settled = list(dict.fromkeys(values))
    if len(settled) > most:
        raise errors.EntryMalformed(f"More than {most} items, where each is {what}.")
    _check_all(settled, pattern, what)
    return settled


def _check_all(values: Iterable[str], pattern: re.Pattern[str], what: str) -> None:
    # The value itself is kept out of the message: what breaks the grammar may be a name or a sentence.
    if not all(pattern.fullmatch(value) for value in values):
        raise errors.EntryMalformed(f"This does not follow the grammar of {what}.")
