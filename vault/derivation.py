"""One key from another, by HKDF-SHA256 (RFC 5869): every use of a key gets its own, so no key does two jobs."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vault import labels
from vault.keys import ContentKey, SecretKey, UnlockKey


def expand(secret: bytes, *, info: bytes, length: int = 32, salt: bytes | None = None) -> bytes:
    """Return `length` bytes derived from `secret` for the purpose `info` names. For the vault's own use."""
    return HKDF(SHA256(), length=length, salt=salt, info=info).derive(secret)


def derive(key: UnlockKey | ContentKey | SecretKey, label: str) -> bytes:
    """Return 32 bytes for the one purpose `label` names, such as a request MAC or a blind index.

    They say nothing about `key` or any other purpose.

    Raises MalformedInput (label off grammar), TypeError.
    """
    if not isinstance(key, UnlockKey | ContentKey | SecretKey):
        raise TypeError("Keys are derived from an UnlockKey, a ContentKey or a SecretKey.")
    return expand(key.export_secret(), info=labels.frame(labels.VAULT_DERIVED_KEY, key.KIND, labels.check_label(label)))
