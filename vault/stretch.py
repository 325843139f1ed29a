"""From what a person types, or a program holds, to the keys that unlock. Formats: docs/formats/stretch.md.

One Argon2id (RFC 9106), then HKDF into three keys that say nothing about each other: what sign-in compares, what opens
the encryption secret, what opens the signing secret. Codes and tokens carry at least 128 random bits, so they need no
slow hash.
"""

import hmac
import threading
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Final, NoReturn, Self, SupportsIndex

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vault import labels
from vault.derivation import expand
from vault.errors import MalformedInput, TooLarge, WeakCost
from vault.keys import UnlockKey

SALT: Final = 16
MAX_PASSPHRASE: Final = 1024  # bytes of UTF-8
_CODE_SIZES: Final = range(16, 257)
# Each stretch holds 64 MiB: four at once is the most a small server can spare, and a queue of guesses waits.
_AT_ONCE: Final = threading.BoundedSemaphore(4)
# Control, surrogate, private-use and unassigned characters: not typed on purpose, or normalised otherwise by the next
# Unicode edition.
_REFUSED: Final = frozenset({"Cc", "Cs", "Co", "Cn"})


@dataclass(frozen=True, slots=True)
class Cost:
    """How much work one stretch takes: KiB of memory, passes over it, lanes.

    Costs come back from rows that others may have written, so both ends are bounded.
    Raises WeakCost below the floor (64 MiB, 3 passes, 1 lane), TooLarge above the ceiling (1 GiB, 16 passes, 8 lanes).
    """

    memory_kib: int
    passes: int
    lanes: int

    FLOOR: ClassVar[tuple[int, int, int]] = (64 * 1024, 3, 1)
    CEILING: ClassVar[tuple[int, int, int]] = (1024 * 1024, 16, 8)

    def __post_init__(self) -> None:
        given = (self.memory_kib, self.passes, self.lanes)
        if any(type(value) is not int for value in given):
            raise TypeError("A cost is three whole numbers.")
        if any(value < floor for value, floor in zip(given, self.FLOOR, strict=True)):
            raise WeakCost("A stretch takes at least 64 MiB, 3 passes and 1 lane.")
        if any(value > ceiling for value, ceiling in zip(given, self.CEILING, strict=True)):
            raise TooLarge("A stretch takes at most 1 GiB, 16 passes and 8 lanes.")

    @classmethod
    def for_tests(cls) -> Self:
        """Return the cheapest cost there is, worthless against guessing. Settings refuse it outside tests."""
        cost = object.__new__(cls)
        for name, value in zip(("memory_kib", "passes", "lanes"), (8, 1, 1), strict=True):
            object.__setattr__(cost, name, value)
        return cost


STANDARD: Final = Cost(64 * 1024, 3, 1)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class UnlockKeys:
    """What one passphrase or code unlocks.

    `verifier`: 32 bytes sign-in compares in constant time; the other two are never stored.
    """

    verifier: bytes
    encryption: UnlockKey
    signing: UnlockKey

    # No secret in a set or a cache.
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        if not isinstance(other, UnlockKeys):
            return False
        same = (hmac.compare_digest(self.verifier, other.verifier), self.encryption == other.encryption)
        return all((*same, self.signing == other.signing))

    def __repr__(self) -> str:
        return "<UnlockKeys: not shown>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("Unlock keys are never pickled or copied.")


def stretch_passphrase(passphrase: str, *, salt: bytes, cost: Cost) -> UnlockKeys:
    """Return the keys `passphrase` unlocks with this 16-byte random `salt`.

    Slow by design: about 0.2 s and 64 MiB at STANDARD; a fifth at once waits.

    Raises MalformedInput (empty, characters no keyboard makes, wrong salt), TooLarge (over 1,024 bytes), TypeError.
    """
    if not isinstance(salt, bytes):
        raise TypeError("A salt is bytes.")
    if not isinstance(cost, Cost):
        raise TypeError("A cost is a Cost.")
    if len(salt) != SALT:
        raise MalformedInput("A salt is exactly 16 bytes.")
    typed = normalise_passphrase(passphrase).encode()
    argon = Argon2id(salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    with _AT_ONCE:
        stretched = argon.derive(typed)
    return _split(stretched, labels.VAULT_STRETCHED_PASSPHRASE)


def stretch_code(secret: bytes, *, label: str) -> UnlockKeys:
    """Return the keys a random `secret` (16 to 256 bytes) unlocks, for the one use `label` names.

    Fast, so never for anything a person made up.

    Raises MalformedInput (short secret, label off grammar), TooLarge, TypeError.
    """
    if not isinstance(secret, bytes):
        raise TypeError("A code's secret is bytes: parse it first.")
    if len(secret) < _CODE_SIZES.start:
        raise MalformedInput("A code's secret has at least 16 random bytes.")
    if len(secret) >= _CODE_SIZES.stop:
        raise TooLarge("A code's secret has at most 256 bytes.")
    return _split(secret, labels.VAULT_STRETCHED_CODE, labels.check_label(label))


def normalise_passphrase(passphrase: str) -> str:
    """Return the one spelling of what was typed: NFKC, runs of space made one, none at the ends. Case is kept.

    A phone's keyboard adds a space after the last word and a Mac composes accents differently: neither may lock a
    person out.
    Raises MalformedInput, TooLarge, TypeError.
    """
    if not isinstance(passphrase, str):
        raise TypeError("A passphrase is text.")
    if len(passphrase) > MAX_PASSPHRASE:
        raise TooLarge("A passphrase is at most 1,024 bytes.")
    spelt = " ".join(unicodedata.normalize("NFKC", passphrase).split())
    if not spelt:
        raise MalformedInput("A passphrase is not empty.")
    if any(unicodedata.category(letter) in _REFUSED for letter in spelt):
        raise MalformedInput("A passphrase has only letters, digits, punctuation and spaces.")
    if len(spelt.encode()) > MAX_PASSPHRASE:
        raise TooLarge("A passphrase is at most 1,024 bytes.")
    return spelt


def _split(secret: bytes, *label_parts: str) -> UnlockKeys:
    def derive_part(name: str) -> bytes:
        return expand(secret, info=labels.frame(*label_parts, name))

    return UnlockKeys(derive_part("verifier"), UnlockKey(derive_part("encryption")), UnlockKey(derive_part("signing")))
