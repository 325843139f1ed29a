"""The trusted core: every key, seal, wrap and signature of Confer, and nothing else. Outsiders import from here only.

Plain Python: no framework, disk, network, clock or log. Formats: docs/formats/; their vectors: tests/vectors/.
"""

from vault import errors, labels
from vault.canonical import canonical, parse_canonical
from vault.content import (
    MAX_BODY,
    open_body,
    open_content_key,
    open_note_key,
    open_secret_key,
    open_signing_key,
    seal_body,
    seal_secret,
)
from vault.derivation import derive
from vault.errors import MalformedInput, SignatureInvalid, TooLarge, VaultError, WeakCost, WrongKey
from vault.hpke import WrappedKey, unwrap_content_key, unwrap_secret_key, wrap
from vault.keys import (
    ContentKey,
    NoteKey,
    NoteVerifyingKey,
    PublicKey,
    SecretKey,
    SigningKey,
    UnlockKey,
    VerifyingKey,
    make_content_key,
    make_note_key,
    make_secret_key,
    make_signing_key,
)
from vault.labels import bind
from vault.recovery import make_recovery_code, parse_recovery_code
from vault.signing import commit, commit_stream, make_blind, sign, sign_note, verify, verify_note
from vault.stream import MAX_STREAM, open_stream, seal_stream
from vault.stretch import STANDARD, Cost, UnlockKeys, normalise_passphrase, stretch_code, stretch_passphrase

__all__ = [
    "MAX_BODY",
    "MAX_STREAM",
    "STANDARD",
    "ContentKey",
    "Cost",
    "MalformedInput",
    "NoteKey",
    "NoteVerifyingKey",
    "PublicKey",
    "SecretKey",
    "SignatureInvalid",
    "SigningKey",
    "TooLarge",
    "UnlockKey",
    "UnlockKeys",
    "VaultError",
    "VerifyingKey",
    "WeakCost",
    "WrappedKey",
    "WrongKey",
    "bind",
    "canonical",
    "commit",
    "commit_stream",
    "derive",
    "errors",
    "labels",
    "make_blind",
    "make_content_key",
    "make_note_key",
    "make_recovery_code",
    "make_secret_key",
    "make_signing_key",
    "normalise_passphrase",
    "open_body",
    "open_content_key",
    "open_note_key",
    "open_secret_key",
    "open_signing_key",
    "open_stream",
    "parse_canonical",
    "parse_recovery_code",
    "seal_body",
    "seal_secret",
    "seal_stream",
    "sign",
    "sign_note",
    "stretch_code",
    "stretch_passphrase",
    "unwrap_content_key",
    "unwrap_secret_key",
    "verify",
    "verify_note",
    "wrap",
]
