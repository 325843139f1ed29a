"""Why an act was done: sealed to the audit offices, and committed to by its entry.

The entry holds a blinded hash of the reason, so the leaf never changes; the reason itself rests beside the log, where
it can be turned to an office's new key or destroyed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import vault
from audit import errors

LONGEST_WHY: Final = 8000  # characters


class Office(Protocol):
    """An audit office that may read reasons, with its present public key."""

    @property
    def id(self) -> str:
        """The office's opaque id, at most 36 characters."""

    @property
    def epoch(self) -> int:
        """Which of the office's keys this is."""

    @property
    def key(self) -> vault.PublicKey:
        """The key to wrap to."""


@dataclass(frozen=True, slots=True)
class Why:
    """A reason in plain words, and the offices that may read it."""

    text: str
    offices: Sequence[Office]

    def __repr__(self) -> str:
        """Say nothing of the reason: a repr ends up in tracebacks."""
        return f"<Why for {len(self.offices)} offices>"


@dataclass(frozen=True, slots=True)
class SealedReason:
    """One office's sealed copy of one entry's why, with what is needed to open and check it."""

    entry: int
    nonce: bytes
    commitment: bytes
    office: str
    office_epoch: int
    wrapped: bytes
    sealed: bytes


def seal_why(why: Why, nonce: bytes) -> tuple[bytes, list[SealedReason]]:
    """Return the 32-byte commitment for the entry with this nonce, and one sealed reason for each office.

    The sealed reasons carry entry id 0: the entry does not exist yet. Raises EntryMalformed if the reason is empty or
    longer than 8,000 characters, or if there is no office to seal it to.
    """
    if not why.text.strip() or len(why.text) > LONGEST_WHY:
        raise errors.EntryMalformed(f"A why has between 1 and {LONGEST_WHY} characters.")
    if not why.offices:
        raise errors.EntryMalformed("A why needs at least one audit office to be sealed to.")
    blind = vault.make_blind()
    commitment = vault.commit(vault.labels.WHY_COMMITMENT, blind, why.text.encode())
    body = vault.canonical({"blind": blind.hex(), "why": why.text})
    return commitment, [_seal_for(office, body, nonce, commitment) for office in why.offices]


def open_why(reason: SealedReason, *, using: vault.SecretKey) -> str:
    """Return the reason in plain words. Raises WhyUnreadable: not for this key, or not what was committed to."""
    place = (reason.nonce, reason.office, reason.office_epoch)
    try:
        wrapped = vault.WrappedKey.parse(reason.wrapped)
        key = vault.unwrap_content_key(wrapped, using=using, context=vault.bind(vault.labels.WHY_KEY, *place))
        body = json.loads(vault.open_body(reason.sealed, under=key, context=vault.bind(vault.labels.WHY_BODY, *place)))
        blind, text = bytes.fromhex(body["blind"]), str(body["why"])
    except (vault.VaultError, ValueError, KeyError, TypeError) as error:
        raise errors.WhyUnreadable("This why does not open with this office's key.") from error
    if vault.commit(vault.labels.WHY_COMMITMENT, blind, text.encode()) != reason.commitment:
        raise errors.WhyUnreadable("This why is not the one its entry committed to.")
    return text


def _seal_for(office: Office, body: bytes, nonce: bytes, commitment: bytes) -> SealedReason:
    # A content key for each office: destroying one office's copy then destroys all that its key could open.
    place = (nonce, office.id, office.epoch)
    key = vault.make_content_key()
    wrapped = vault.wrap(key, to=office.key, context=vault.bind(vault.labels.WHY_KEY, *place)).raw
    sealed = vault.seal_body(body, under=key, context=vault.bind(vault.labels.WHY_BODY, *place))
    return SealedReason(0, nonce, commitment, office.id, office.epoch, wrapped, sealed)
