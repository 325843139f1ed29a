"""Sign and verify (label, message), and commit to data without showing it. Formats: docs/formats/signature.md.

A signature is two: Ed25519, which has been tried for years, and ML-DSA-65 (FIPS 204), which outlives quantum computers.
Both must verify. Both are over the label, the signer's own key and the message, so neither half can be moved to another
label, key or pair.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from vault import envelope, labels
from vault.errors import MalformedInput, SignatureInvalid, TooLarge
from vault.keys import ED25519, NoteKey, NoteVerifyingKey, SigningKey, VerifyingKey

MAX_MESSAGE: Final = 4 * 1024 * 1024
MAX_NOTE: Final = 64 * 1024
BLIND: Final = 32
_FORM: Final = envelope.Form(0x41, "signature", (64, 3309))
SIGNATURE: Final = _FORM.most  # bytes


def sign(key: SigningKey, *, label: str, message: bytes) -> bytes:
    """Return a signature (3,375 bytes) by `key` over `label` and `message` (up to 4 MiB).

    Raises MalformedInput, TooLarge, TypeError.
    """
    if not isinstance(key, SigningKey):
        raise TypeError("Messages are signed with a SigningKey.")
    signed, raw = _bind_message(key.verifying(), label, message), key.export_secret()
    classical = Ed25519PrivateKey.from_private_bytes(raw[:ED25519]).sign(signed)
    lattice = MLDSA65PrivateKey.from_seed_bytes(raw[ED25519:]).sign(signed, labels.VAULT_SIGNATURE.encode())
    return envelope.join(_FORM, classical, lattice)


def verify(key: VerifyingKey, *, label: str, message: bytes, signature: bytes) -> None:
    """Return if, and only if, `key` signed this very `message` under this very `label`.

    Raises SignatureInvalid, whatever is wrong with `signature`; MalformedInput, TooLarge (label, message), TypeError.
    """
    if not isinstance(key, VerifyingKey):
        raise TypeError("Signatures are verified with a VerifyingKey.")
    signed = _bind_message(key, label, message)
    try:
        classical, lattice = envelope.split(_FORM, signature)
        Ed25519PublicKey.from_public_bytes(key.raw[:ED25519]).verify(classical, signed)
        MLDSA65PublicKey.from_public_bytes(key.raw[ED25519:]).verify(lattice, signed, labels.VAULT_SIGNATURE.encode())
    except (InvalidSignature, MalformedInput):
        raise SignatureInvalid("This key did not sign this.") from None


def sign_note(key: NoteKey, text: bytes) -> bytes:
    """Return the Ed25519 signature (64 bytes) over `text`, bare: a note's first line is its label.

    Raises TooLarge (over 64 KiB), TypeError.
    """
    if not isinstance(key, NoteKey):
        raise TypeError("Notes are signed with a NoteKey.")
    return Ed25519PrivateKey.from_private_bytes(key.export_secret()).sign(_check_message(text, MAX_NOTE))


def verify_note(key: NoteVerifyingKey, text: bytes, signature: bytes) -> None:
    """Return if, and only if, `key` signed `text` as a note. Raises SignatureInvalid, TooLarge, TypeError."""
    if not isinstance(key, NoteVerifyingKey):
        raise TypeError("A note is verified with a NoteVerifyingKey.")
    if not isinstance(signature, bytes):
        raise TypeError("A note's signature is bytes.")
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, _check_message(text, MAX_NOTE))
    except InvalidSignature:
        raise SignatureInvalid("This key did not sign this note.") from None


def make_blind() -> bytes:
    """Return 32 random bytes to blind one commitment with. A blind is used once."""
    return secrets.token_bytes(BLIND)


def commit(label: str, blind: bytes, data: bytes) -> bytes:
    """Return a 32-byte commitment to `data`, to be checked by making it again.

    Whoever lacks `blind` cannot test a guess; whoever holds it can make no other data fit.

    Raises MalformedInput (label, blind not 32 bytes), TypeError.
    """
    return commit_stream(label, blind, (data,))


def commit_stream(label: str, blind: bytes, chunks: Iterable[bytes]) -> bytes:
    """Return the same commitment as `commit` over all of `chunks` joined, in constant memory.

    Raises MalformedInput, TypeError.
    """
    if not isinstance(blind, bytes):
        raise TypeError("A blind is bytes.")
    if len(blind) != BLIND:
        raise MalformedInput("A blind is exactly 32 bytes.")
    running = hmac.new(blind, labels.frame(labels.VAULT_COMMITMENT, labels.check_label(label)), hashlib.sha256)
    for chunk in chunks:
        running.update(chunk)
    return running.digest()


def _bind_message(key: VerifyingKey, label: str, message: bytes) -> bytes:
    checked = _check_message(message, MAX_MESSAGE)
    return labels.frame(labels.VAULT_SIGNATURE, labels.check_label(label), key.fingerprint(), checked)


def _check_message(message: bytes, most: int) -> bytes:
    if not isinstance(message, bytes):
        raise TypeError("What is signed is bytes.")
    if len(message) > most:
        raise TooLarge(f"What is signed is at most {most:,} bytes.")
    return message
