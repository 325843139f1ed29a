"""Seal and open a body (a record's content, padded) or a secret key. Formats: docs/formats/sealed-body.md.

Streams, for documents, are next door in stream.py.
"""

import secrets
from typing import Final

from vault import cipher, envelope, labels, padding
from vault.errors import TooLarge
from vault.keys import ContentKey, NoteKey, SecretKey, SigningKey, UnlockKey

MAX_BODY: Final = 4 * 1024 * 1024
_COMMITMENT: Final = 32
_NONCE: Final = 12
_TAG: Final = 16
_BODY_FORM: Final = envelope.Form(
    0x21,
    "sealed body",
    (_COMMITMENT, _NONCE),
    tail=(padding.LEAST + _TAG, padding.measure_padded(MAX_BODY) + _TAG),
)


def _make_key_form(kind: int, size: int, name: str) -> envelope.Form:
    return envelope.Form(kind, name, (_COMMITMENT, _NONCE, size + _TAG))


_SECRET_KEY_FORM: Final = _make_key_form(0x31, SecretKey.SIZE, "sealed secret key")
_SIGNING_KEY_FORM: Final = _make_key_form(0x32, SigningKey.SIZE, "sealed signing key")
_CONTENT_KEY_FORM: Final = _make_key_form(0x33, ContentKey.SIZE, "sealed content key")
_NOTE_KEY_FORM: Final = _make_key_form(0x34, NoteKey.SIZE, "sealed note key")


def seal_body(body: bytes, *, under: ContentKey | UnlockKey, context: bytes) -> bytes:
    """Return `body` (0 to 4 MiB) padded and sealed under a fresh random nonce.

    Raises TooLarge, MalformedInput (context), TypeError.
    """
    if not isinstance(body, bytes):
        raise TypeError("A body is bytes.")
    if len(body) > MAX_BODY:
        raise TooLarge("A body is at most 4 MiB: put anything larger in a document.")
    return _seal(_BODY_FORM, labels.VAULT_SEALED_BODY, padding.pad(body), under=under, context=context)


def open_body(sealed: bytes, *, under: ContentKey | UnlockKey, context: bytes) -> bytes:
    """Return the body in `sealed`. Raises WrongKey, MalformedInput, TooLarge, TypeError."""
    return padding.unpad(_open(_BODY_FORM, labels.VAULT_SEALED_BODY, sealed, under=under, context=context))


def seal_secret(
    key: SecretKey | SigningKey | ContentKey | NoteKey, *, under: UnlockKey | ContentKey, context: bytes
) -> bytes:
    """Return `key` sealed, its kind bound, so that it opens only as what it is.

    Raises MalformedInput, TooLarge (context), TypeError.
    """
    match key:
        case SecretKey():
            form, label = _SECRET_KEY_FORM, labels.VAULT_SEALED_SECRET_KEY
        case SigningKey():
            form, label = _SIGNING_KEY_FORM, labels.VAULT_SEALED_SIGNING_KEY
        case ContentKey():
            form, label = _CONTENT_KEY_FORM, labels.VAULT_SEALED_CONTENT_KEY
        case NoteKey():
            form, label = _NOTE_KEY_FORM, labels.VAULT_SEALED_NOTE_KEY
        case _:
            raise TypeError("Only a SecretKey, SigningKey, ContentKey or NoteKey is sealed as a secret.")
    return _seal(form, label, key.export_secret(), under=under, context=context)


def open_secret_key(sealed: bytes, *, under: UnlockKey | ContentKey, context: bytes) -> SecretKey:
    """Return the SecretKey in `sealed`. Raises WrongKey, MalformedInput (another kind of key), TypeError."""
    return SecretKey(_open(_SECRET_KEY_FORM, labels.VAULT_SEALED_SECRET_KEY, sealed, under=under, context=context))


def open_signing_key(sealed: bytes, *, under: UnlockKey | ContentKey, context: bytes) -> SigningKey:
    """Return the SigningKey in `sealed`. Raises WrongKey, MalformedInput (another kind of key), TypeError."""
    return SigningKey(_open(_SIGNING_KEY_FORM, labels.VAULT_SEALED_SIGNING_KEY, sealed, under=under, context=context))


def open_content_key(sealed: bytes, *, under: UnlockKey | ContentKey, context: bytes) -> ContentKey:
    """Return the ContentKey in `sealed`. Raises WrongKey, MalformedInput (another kind of key), TypeError."""
    return ContentKey(_open(_CONTENT_KEY_FORM, labels.VAULT_SEALED_CONTENT_KEY, sealed, under=under, context=context))


def open_note_key(sealed: bytes, *, under: UnlockKey | ContentKey, context: bytes) -> NoteKey:
    """Return the NoteKey in `sealed`. Raises WrongKey, MalformedInput (another kind of key), TypeError."""
    return NoteKey(_open(_NOTE_KEY_FORM, labels.VAULT_SEALED_NOTE_KEY, sealed, under=under, context=context))


def _seal(form: envelope.Form, label: str, data: bytes, *, under: ContentKey | UnlockKey, context: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    sealer = cipher.make_cipher(under, label=label, context=context, salt=nonce)
    return envelope.join(form, sealer.commitment, nonce, sealer.seal(nonce, data))


def _open(form: envelope.Form, label: str, sealed: bytes, *, under: ContentKey | UnlockKey, context: bytes) -> bytes:
    commitment, nonce, data = envelope.split(form, sealed)
    opener = cipher.make_cipher(under, label=label, context=context, salt=nonce)
    opener.require_commitment(commitment)
    return opener.open(nonce, data)
