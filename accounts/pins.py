"""What a person remembers of others' keys, out of reach of whoever can write to the database.

Pins are sealed under a key derived from the person's own encryption secret: the digest of the root they trust,
and the latest key epoch they have seen of every subject they wrapped to.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

import vault
from accounts.models import PersonKeys
from vault import labels


class Pins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`root`: statement digest (64 hex, or empty before any root exists). `epochs`: subject to latest epoch seen."""

    root: str
    epochs: dict[str, int] = {}

    def seen(self, subject: str) -> int:
        """The latest epoch seen of this subject, 0 when never seen."""
        return self.epochs.get(subject, 0)


def advance(pins: Pins, epochs: Mapping[str, int]) -> Pins:
    """Pins that remember these epochs too, never going back."""
    merged = dict(pins.epochs)
    for subject, epoch in MappingProxyType(epochs).items():
        merged[subject] = max(epoch, merged.get(subject, 0))
    return Pins(root=pins.root, epochs=merged)


def seal(pins: Pins, *, under: vault.SecretKey, person_id: str) -> bytes:
    """Pins sealed for rest under the person's own secret."""
    key = vault.UnlockKey(vault.derive(under, labels.PERSON_TRUST))
    return vault.seal_body(msgspec.json.encode(pins), under=key, context=vault.bind(labels.PERSON_TRUST, person_id))


def unseal(sealed: bytes, *, under: vault.SecretKey, person_id: str) -> Pins:
    """The reverse of `seal`. Raises `vault.WrongKey` when the row was altered or swapped."""
    key = vault.UnlockKey(vault.derive(under, labels.PERSON_TRUST))
    body = vault.open_body(sealed, under=key, context=vault.bind(labels.PERSON_TRUST, person_id))
    return msgspec.json.decode(body, type=Pins)


def remember(epochs: Mapping[str, int], *, keys_id: int, under: vault.SecretKey, person_id: str) -> Pins:
    """Advance and store the pins when anything newer was seen; one write at most, in the caller's transaction.

    They are read anew: another act, or an earlier part of this one, may have advanced them since the request began.
    Raises `vault.WrongKey` when the row was altered or swapped.
    """
    stored = PersonKeys.objects.select_for_update().values_list("pins", flat=True).get(pk=keys_id)
    held = unseal(bytes(stored), under=under, person_id=person_id)
    advanced = advance(held, epochs)
    if advanced.epochs != held.epochs:
        PersonKeys.objects.filter(pk=keys_id).update(pins=seal(advanced, under=under, person_id=person_id))
    return advanced
