"""What can go wrong with people and keys. Each refusal carries the entry that the log will hold.

The functions below make the refusals that many acts share, so that the same thing is always said the same way.
"""

from collections.abc import Sequence

from audit import events
from audit.errors import Actor, Refused


class NotSignedIn(Refused):
    """The name, passphrase, code or bearer is not right. Says the same for each, so nothing can be guessed."""


class KeysAltered(NotSignedIn):
    """Whoever asks proved who they are, and what is stored for them does not open: someone altered it.

    They are told no more than anyone who cannot sign in; the auditors are told that it happened.
    """


class SigninBlocked(Refused):
    """Too many failures for this name or from this address; try again later."""


class StepUpNeeded(Refused):
    """The act signs, admits or exports, and the passphrase was last given more than five minutes ago."""


class NotAllowed(Refused):
    """The person may know of the thing but may not do this."""


class NotThere(Refused):
    """None such, or not yours: the same answer for both."""


class KeyRefused(Refused):
    """A public key that no lead vouched for, whose epoch went back, or whose chain does not end at our root.

    Raised before anything is wrapped to it. The auditors of the exchange are told.
    """


class NoKeyHolder(Refused):
    """Nobody in the receiving team holds a key: it must be told by telephone instead."""


class Conflict(Refused):
    """The thing is no longer in a state that allows this (a link already used, a person already admitted)."""


class NotAcceptable(Refused):
    """A value that was given cannot be taken; `field` is its place in the request, the sentence says what to give."""

    field = ""


def keys_altered(person_id: str, code: str) -> KeysAltered:
    """The refusal of stored keys that are not what was sealed; `code` is for the log."""
    return KeysAltered(
        event=events.KEY_REFUSED,
        by=None,
        parties=(f"person:{person_id}",),
        detail=code,
        code="not_signed_in",
        sentence="You cannot be signed in just now. Tell your administrator; the auditors have been told already.",
    )


def not_there(
    by: Actor | None, *, records: Sequence[str] = (), parties: Sequence[str] = (), event: str = events.REQUEST_REFUSED
) -> NotThere:
    """The one answer for "none such" and "not yours"."""
    return NotThere(
        event,
        by=by,
        records=records,
        parties=parties,
        code="not_found",
        sentence="There is nothing here under that reference, or it is not yours to see.",
    )


def not_allowed(
    by: Actor | None, sentence: str, *, records: Sequence[str] = (), code: str = "not_allowed"
) -> NotAllowed:
    """A refusal that says who may."""
    return NotAllowed(events.REQUEST_REFUSED, by=by, records=records, detail=code, code=code, sentence=sentence)


def conflict(by: Actor | None, code: str, sentence: str, *, records: Sequence[str] = ()) -> Conflict:
    """A refusal that says what state the thing is in and what to do instead."""
    return Conflict(events.REQUEST_REFUSED, by=by, records=records, detail=code, code=code, sentence=sentence)


def not_acceptable(by: Actor | None, field: str, sentence: str, *, code: str = "not_acceptable") -> NotAcceptable:
    """A refusal of one value, naming its field."""
    refusal = NotAcceptable(events.REQUEST_REFUSED, by=by, detail=code, code=code, sentence=sentence)
    refusal.field = field
    return refusal
