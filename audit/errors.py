"""What can go wrong with the log, and the refusals it records."""

from collections.abc import Sequence
from typing import Protocol


class Actor(Protocol):
    """Whoever acts: three opaque ids, each "" when there is none."""

    @property
    def person_id(self) -> str:
        """The acting person."""

    @property
    def team_id(self) -> str:
        """The team they act for."""

    @property
    def agency_id(self) -> str:
        """The agency they act for."""


class AuditError(Exception):
    """Root of everything this package raises."""


class NotInTransaction(AuditError):
    """An entry was to be appended outside the act's transaction: a mistake in our own code."""


class EntryMalformed(AuditError, ValueError):
    """An entry's event, reference, party or detail breaks its grammar: a mistake in our own code."""


class KeyFileUnusable(AuditError):
    """The log's key file is missing, malformed, readable by others, or would be overwritten."""


class NoteMalformed(AuditError, ValueError):
    """A text is not a signed checkpoint, or a key line is not a key."""


class ProofInvalid(AuditError):
    """A Merkle proof does not prove what it claims."""


class WhyUnreadable(AuditError):
    """A sealed why does not open with this key, or is not the one its entry committed to."""


class TriggersMissing(AuditError):
    """A table of the log accepted a change that it must refuse."""


class LogBroken(AuditError):
    """The log is not whole. `place` names the first place that fails, `reason` says how."""

    def __init__(self, place: str, reason: str) -> None:
        """Keep both parts, so that a caller can show them apart."""
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class Refused(Exception):
    """A refused act, carrying the entry that says so.

    Raised inside the act so that the act rolls back; the door then hands it to `log.append_refusal`. `code` and
    `sentence` are for the person refused; only `event`, `by`, `records`, `parties` and `detail` reach the log.
    """

    def __init__(
        self,
        event: str,
        *,
        by: Actor | None,
        records: Sequence[str] = (),
        parties: Sequence[str] = (),
        detail: str = "",
        code: str = "refused",
        sentence: str = "This is not available to you.",
    ) -> None:
        """Keep what the entry will say and what the person is told."""
        super().__init__(sentence)
        self.event = event
        self.by = by
        self.records = tuple(records)
        self.parties = tuple(parties)
        self.detail = detail
        self.code = code
        self.sentence = sentence
