"""What the log has gained, read straight from its rows."""

import json
from dataclasses import dataclass

from audit.models import Entry, RefusalCount


@dataclass(frozen=True)
class Line:
    """One entry. ``person`` is an id, "" when nobody signed in did it."""

    event: str
    outcome: str
    person: str
    records: tuple[str, ...]
    parties: tuple[str, ...]
    detail: str
    has_why: bool


class Mark:
    """A place in the log; ``lines()`` is what has come since."""

    def __init__(self) -> None:
        """Begin here."""
        self.seen = _ids()
        self.strangers = count_strangers()

    def lines(self) -> list[Line]:
        """Every entry since, oldest first."""
        return [_read(entry) for entry in Entry.objects.exclude(pk__in=self.seen).order_by("pk")]

    def events(self) -> list[str]:
        """Their events alone."""
        return [line.event for line in self.lines()]


def count_strangers() -> int:
    """How many refusals of people without a bearer have been counted."""
    return sum(RefusalCount.objects.values_list("count", flat=True))


def _ids() -> list[int]:
    return list(Entry.objects.values_list("pk", flat=True))


def _read(entry: Entry) -> Line:
    return Line(
        entry.event,
        entry.outcome,
        entry.person,
        tuple(json.loads(entry.records)),
        tuple(json.loads(entry.parties)),
        entry.detail,
        entry.why_commitment is not None,
    )
