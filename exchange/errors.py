"""What can go wrong in the exchange. Refusals carry their entry; the doors turn each into one plain answer."""

from collections.abc import Sequence

from accounts.errors import Conflict, NotAcceptable, conflict
from audit import events
from audit.errors import Actor, Refused
from exchange.guidance.requirements import Problem


class Unacceptable(NotAcceptable):
    """Several values cannot be taken; `problems` names each field and what to do."""

    problems: tuple[Problem, ...] = ()


class CannotOpen(Refused):
    """The record is there and permitted, but what is stored is not what was sealed. Nothing of it is released.

    `is_logged` once its entry (a failed opening, not a refusal) has been written.
    """

    is_logged = False


class Repeated(Refused):
    """An idempotency key was used again with another request."""


class TooLarge(Refused):
    """A document or body over its limit."""


class StoreDown(Refused):
    """The store of documents does not answer. It says nothing about the document, and raises no alarm."""


def unacceptable(by: Actor | None, problems: Sequence[Problem]) -> Unacceptable:
    """A refusal listing every problem found, so that the form is put right once."""
    refusal = Unacceptable(
        events.REQUEST_REFUSED,
        by=by,
        detail="not_acceptable",
        code="not_acceptable",
        sentence="Some answers need putting right before this can be done. Each is named below.",
    )
    refusal.problems = tuple(problems)
    return refusal


def cannot_open(by: Actor, ref: str) -> CannotOpen:
    """A record whose stored form does not verify."""
    return CannotOpen(
        events.RECORD_OPEN_FAILED,
        by=by,
        records=(ref,),
        detail="does_not_verify",
        code="cannot_open",
        sentence="What is stored is not what was sealed, so nothing was opened. The auditors have been told.",
    )


def changed_meanwhile(by: Actor, ref: str) -> Conflict:
    """Someone amended the record since it was read."""
    return conflict(
        by,
        "changed_meanwhile",
        "Someone has added to this since you opened it. Open it again, then add what you have.",
        records=(ref,),
    )


def store_down(by: Actor | None, ref: str) -> StoreDown:
    """A document that can be neither kept nor fetched just now."""
    return StoreDown(
        events.REQUEST_REFUSED,
        by=by,
        records=(ref,),
        detail="store_down",
        code="store_down",
        sentence="Documents cannot be kept or fetched just now, and nothing was added. Try again in a few minutes; "
        "if a child is in danger, ring the police on 999.",
    )


def too_large(by: Actor | None, limit: int) -> TooLarge:
    """A document over `limit` bytes."""
    return TooLarge(
        events.REQUEST_REFUSED,
        by=by,
        detail="too_large",
        code="too_large",
        sentence=f"That file is over {limit // 2**20} MB. Split it, or share it on paper or disk and record that here.",
    )
