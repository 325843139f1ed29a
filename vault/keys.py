"""The key types, which cannot be confused with one another or with bytes. Sizes and encodings: docs/formats/README.md.

The public halves check themselves when made, so no unchecked one exists, and accept one encoding only, so a key has one
fingerprint.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import ClassVar, Final, Self, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from vault import labels
from vault.errors import MalformedInput
from vault.secret import Secret

MLKEM_SEED: Final = 64
MLKEM_PUBLIC: Final = 1184
ED25519: Final = 32
_FIELD: Final = 2**255 - 19
_SIGN_BIT: Final = 1 << 255


@dataclass(frozen=True, slots=True)
class _Public:
    raw: bytes

    SIZE: ClassVar[int]
    LABEL: ClassVar[str]

    def __post_init__(self) -> None:
        if not isinstance(self.raw, bytes):
            raise TypeError("A public key is made from bytes.")
        if len(self.raw) != self.SIZE:
            raise MalformedInput(f"A {type(self).__name__} is exactly {self.SIZE} bytes.")
        try:
            self._check()
        except ValueError:
            raise MalformedInput(f"These bytes are not a {type(self).__name__}.") from None

    def _check(self) -> None:
        """Raise ValueError unless `raw` is the one encoding of a key that can be used."""
        raise NotImplementedError

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the key that `raw` encodes. Raises MalformedInput, TypeError."""
        return cls(raw)

    def fingerprint(self) -> str:
        """Return the labelled SHA-256 of the key: 64 lower-case hex digits. Keys of different kinds never share one."""
        return hashlib.sha256(labels.frame(self.LABEL, self.raw)).hexdigest()


@final
class PublicKey(_Public):
    """What keys are wrapped to: ML-KEM-768 encapsulation key (1,184 bytes), then X25519 public key (32)."""

    __slots__ = ()
    SIZE = MLKEM_PUBLIC + 32
    LABEL = labels.VAULT_PUBLIC_KEY

    def _check(self) -> None:
        MLKEM768PublicKey.from_public_bytes(self.raw[:MLKEM_PUBLIC])
        point = self.raw[MLKEM_PUBLIC:]
        _check_coordinate(int.from_bytes(point, "little"))
        # A point of small order gives every sender the same shared secret; the exchange refuses it whatever our own
        # scalar is.
        X25519PrivateKey.from_private_bytes(bytes(31) + b"\x40").exchange(X25519PublicKey.from_public_bytes(point))


@final
class VerifyingKey(_Public):
    """What signatures are verified with: Ed25519 public key (32 bytes), then ML-DSA-65 public key (1,952)."""

    __slots__ = ()
    SIZE = ED25519 + 1952
    LABEL = labels.VAULT_VERIFYING_KEY

    def _check(self) -> None:
        _check_ed25519(self.raw[:ED25519])
        MLDSA65PublicKey.from_public_bytes(self.raw[ED25519:])


@final
class NoteVerifyingKey(_Public):
    """What signed notes (checkpoints, cosignatures) are verified with: Ed25519 public key (32 bytes)."""

    __slots__ = ()
    SIZE = ED25519
    LABEL = labels.VAULT_NOTE_VERIFYING_KEY

    def _check(self) -> None:
        _check_ed25519(self.raw)


@final
class SecretKey(Secret):
    """The secret half of a PublicKey: ML-KEM-768 seed (64 bytes), then X25519 scalar (32)."""

    __slots__ = ()
    SIZE = MLKEM_SEED + 32
    KIND = "secret-key"

    def public(self) -> PublicKey:
        """Return the public half."""
        lattice = MLKEM768PrivateKey.from_seed_bytes(self._raw[:MLKEM_SEED]).public_key()
        curve = X25519PrivateKey.from_private_bytes(self._raw[MLKEM_SEED:]).public_key()
        return PublicKey(lattice.public_bytes_raw() + curve.public_bytes_raw())


@final
class SigningKey(Secret):
    """The secret half of a VerifyingKey: Ed25519 seed (32 bytes), then ML-DSA-65 seed (32)."""

    __slots__ = ()
    SIZE = ED25519 + 32
    KIND = "signing-key"

    def verifying(self) -> VerifyingKey:
        """Return the verifying half."""
        curve = Ed25519PrivateKey.from_private_bytes(self._raw[:ED25519]).public_key()
        lattice = MLDSA65PrivateKey.from_seed_bytes(self._raw[ED25519:]).public_key()
        return VerifyingKey(curve.public_bytes_raw() + lattice.public_bytes_raw())


@final
class NoteKey(Secret):
    """Signs notes whose format fixes Ed25519 alone: checkpoints and cosignatures.

    Nothing else is ever signed with it. 32 bytes.
    """

    __slots__ = ()
    SIZE = ED25519
    KIND = "note-key"

    def verifying(self) -> NoteVerifyingKey:
        """Return the verifying half."""
        return NoteVerifyingKey(Ed25519PrivateKey.from_private_bytes(self._raw).public_key().public_bytes_raw())


@final
class ContentKey(Secret):
    """Seals a record's body, or a document. 32 random bytes, never derived, so that it can be replaced."""

    __slots__ = ()
    SIZE = 32
    KIND = "content-key"


@final
class UnlockKey(Secret):
    """Opens a person's sealed secrets. 32 bytes, stretched from a passphrase or a code, never stored."""

    __slots__ = ()
    SIZE = 32
    KIND = "unlock-key"


def make_secret_key() -> SecretKey:
    """Return a new random SecretKey."""
    return SecretKey(secrets.token_bytes(SecretKey.SIZE))


def make_signing_key() -> SigningKey:
    """Return a new random SigningKey."""
    return SigningKey(secrets.token_bytes(SigningKey.SIZE))


def make_note_key() -> NoteKey:
    """Return a new random NoteKey."""
    return NoteKey(secrets.token_bytes(NoteKey.SIZE))


def make_content_key() -> ContentKey:
    """Return a new random ContentKey."""
    return ContentKey(secrets.token_bytes(ContentKey.SIZE))


def _check_coordinate(number: int) -> None:
    if number >= _FIELD:
        raise ValueError("not the canonical encoding of a coordinate")


def _check_ed25519(point: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(point)
    _check_coordinate(int.from_bytes(point, "little") & ~_SIGN_BIT)
