"""Wrap a key to one public key, and unwrap it: the only file that names the HPKE library.

Format: docs/formats/wrapped-key.md.

HPKE base mode (RFC 9180), KEM MLKEM768-X25519 (post-quantum hybrid), KDF HKDF-SHA256, AEAD AES-256-GCM. The one-shot
interface takes no associated data, so everything that must hold (kind of key, to whom, context) is bound in `info`. It
hides from everyone but vouches for no one: whose public key it is, and who wrapped, are for key statements and
signatures to say.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from vault import envelope, labels
from vault.errors import WrongKey
from vault.keys import MLKEM_PUBLIC, MLKEM_SEED, ContentKey, PublicKey, SecretKey

_SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_ENCAPSULATED: Final = 1120
_TAG: Final = 16
_CONTENT_FORM: Final = envelope.Form(0x11, "wrapped content key", (_ENCAPSULATED, ContentKey.SIZE + _TAG))
_SECRET_FORM: Final = envelope.Form(0x12, "wrapped secret key", (_ENCAPSULATED, SecretKey.SIZE + _TAG))


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key only one SecretKey can unwrap, in its stored form: 1,170 bytes (content key) or 1,234 (secret key)."""

    raw: bytes

    def __post_init__(self) -> None:
        form = _SECRET_FORM if self.raw[1:2] == bytes([_SECRET_FORM.kind]) else _CONTENT_FORM
        envelope.split(form, self.raw)

    @classmethod
    def parse(cls, raw: bytes) -> "WrappedKey":
        """Return the wrapped key that `raw` encodes. Raises MalformedInput, TypeError."""
        if not isinstance(raw, bytes):
            raise TypeError("A wrapped key is made from bytes.")
        return cls(raw)


def wrap(key: ContentKey | SecretKey, *, to: PublicKey, context: bytes) -> WrappedKey:
    """Return `key` wrapped so that only the SecretKey behind `to` unwraps it, as this kind and in this `context`.

    Raises MalformedInput, TooLarge (context), TypeError.
    """
    if isinstance(key, ContentKey):
        form, label = _CONTENT_FORM, labels.VAULT_WRAPPED_CONTENT_KEY
    elif isinstance(key, SecretKey):
        form, label = _SECRET_FORM, labels.VAULT_WRAPPED_SECRET_KEY
    else:
        raise TypeError("Only a ContentKey or a SecretKey is wrapped.")
    sealed = _SUITE.encrypt(key.export_secret(), _load_public(to), info=_bind_info(label, to, context))
    return WrappedKey(envelope.join(form, sealed))


def unwrap_content_key(wrapped: WrappedKey, *, using: SecretKey, context: bytes) -> ContentKey:
    """Return the ContentKey inside `wrapped`. Raises WrongKey, MalformedInput (another kind of key), TypeError."""
    return ContentKey(_unwrap(_CONTENT_FORM, labels.VAULT_WRAPPED_CONTENT_KEY, wrapped, using=using, context=context))


def unwrap_secret_key(wrapped: WrappedKey, *, using: SecretKey, context: bytes) -> SecretKey:
    """Return the SecretKey inside `wrapped`. Raises WrongKey, MalformedInput (another kind of key), TypeError."""
    return SecretKey(_unwrap(_SECRET_FORM, labels.VAULT_WRAPPED_SECRET_KEY, wrapped, using=using, context=context))


def _unwrap(form: envelope.Form, label: str, wrapped: WrappedKey, *, using: SecretKey, context: bytes) -> bytes:
    if not isinstance(wrapped, WrappedKey):
        raise TypeError("Only a WrappedKey is unwrapped.")
    if not isinstance(using, SecretKey):
        raise TypeError("Keys are unwrapped using a SecretKey.")
    sealed = b"".join(envelope.split(form, wrapped.raw))
    info = _bind_info(label, using.public(), context)
    try:
        return _SUITE.decrypt(sealed, _load_secret(using), info=info)
    except (InvalidTag, ValueError):
        raise WrongKey("This key was not wrapped for us, belongs elsewhere, or was altered.") from None


def _bind_info(label: str, to: PublicKey, context: bytes) -> bytes:
    return labels.frame(label, to.fingerprint(), labels.check_context(context))


def _load_public(key: PublicKey) -> hpke.MLKEM768X25519PublicKey:
    if not isinstance(key, PublicKey):
        raise TypeError("A key is wrapped to a PublicKey.")
    return hpke.MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(key.raw[:MLKEM_PUBLIC]),
        X25519PublicKey.from_public_bytes(key.raw[MLKEM_PUBLIC:]),
    )


def _load_secret(key: SecretKey) -> hpke.MLKEM768X25519PrivateKey:
    raw = key.export_secret()
    return hpke.MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(raw[:MLKEM_SEED]),
        X25519PrivateKey.from_private_bytes(raw[MLKEM_SEED:]),
    )
