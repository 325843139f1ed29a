"""Every domain-separation label, once, and the one way to build a context from a label and its parts.

Grammar of a label: `confer/v1/` then lower-case words joined by hyphens. `confer/v1/vault-...` is the vault's own and
frames whatever label a caller gives, so that a caller's label can never stand in for one of the vault's. Format:
docs/formats/README.md.
"""

# ruff: noqa: S105 - these are labels and public; some name a kind of secret.

import re
from typing import Final

from vault.errors import MalformedInput, TooLarge

# The vault's own: one for each thing it derives, seals, wraps or signs.
VAULT_WRAPPED_CONTENT_KEY: Final = "confer/v1/vault-wrapped-content-key"
VAULT_WRAPPED_SECRET_KEY: Final = "confer/v1/vault-wrapped-secret-key"
VAULT_SEALED_BODY: Final = "confer/v1/vault-sealed-body"
VAULT_SEALED_STREAM: Final = "confer/v1/vault-sealed-stream"
VAULT_SEALED_SECRET_KEY: Final = "confer/v1/vault-sealed-secret-key"
VAULT_SEALED_SIGNING_KEY: Final = "confer/v1/vault-sealed-signing-key"
VAULT_SEALED_CONTENT_KEY: Final = "confer/v1/vault-sealed-content-key"
VAULT_SEALED_NOTE_KEY: Final = "confer/v1/vault-sealed-note-key"
VAULT_SIGNATURE: Final = "confer/v1/vault-signature"
VAULT_COMMITMENT: Final = "confer/v1/vault-commitment"
VAULT_DERIVED_KEY: Final = "confer/v1/vault-derived-key"
VAULT_STRETCHED_PASSPHRASE: Final = "confer/v1/vault-stretched-passphrase"
VAULT_STRETCHED_CODE: Final = "confer/v1/vault-stretched-code"
VAULT_PUBLIC_KEY: Final = "confer/v1/vault-public-key"
VAULT_VERIFYING_KEY: Final = "confer/v1/vault-verifying-key"
VAULT_NOTE_VERIFYING_KEY: Final = "confer/v1/vault-note-verifying-key"

# Contexts: where a wrapped key or a sealed thing belongs.
PERSON_SECRET_KEY: Final = "confer/v1/person-secret-key"
PERSON_SIGNING_KEY: Final = "confer/v1/person-signing-key"
PERSON_TRUST: Final = "confer/v1/person-trust"
PERSON_SECOND_FACTOR: Final = "confer/v1/person-second-factor"
SESSION_SECRET_KEY: Final = "confer/v1/session-secret-key"
SESSION_SIGNING_KEY: Final = "confer/v1/session-signing-key"
TEAM_SECRET_KEY: Final = "confer/v1/team-secret-key"
OFFICE_SECRET_KEY: Final = "confer/v1/office-secret-key"
AGENCY_ROOT: Final = "confer/v1/agency-root"
ESCROW_INNER: Final = "confer/v1/escrow-inner"
ESCROW_OUTER: Final = "confer/v1/escrow-outer"
RECORD_KEY: Final = "confer/v1/record-key"
RECORD_BODY: Final = "confer/v1/record-body"
DOCUMENT_KEY: Final = "confer/v1/document-key"
DOCUMENT_BODY: Final = "confer/v1/document-body"
DOCUMENT_NAME: Final = "confer/v1/document-name"
WHY_KEY: Final = "confer/v1/why-key"
WHY_BODY: Final = "confer/v1/why-body"
NOTICE_BODY: Final = "confer/v1/notice-body"

# What is signed or committed to.
KEY_STATEMENT: Final = "confer/v1/key-statement"
CONCERN_MANIFEST: Final = "confer/v1/concern-manifest"
DECISION_MANIFEST: Final = "confer/v1/decision-manifest"
DISCLOSURE_MANIFEST: Final = "confer/v1/disclosure-manifest"
ANSWER_MANIFEST: Final = "confer/v1/answer-manifest"
COUNTERSIGNATURE: Final = "confer/v1/countersignature"
ACKNOWLEDGEMENT: Final = "confer/v1/acknowledgement"
REMOVAL: Final = "confer/v1/removal"
PART_COMMITMENT: Final = "confer/v1/part-commitment"
WHY_COMMITMENT: Final = "confer/v1/why-commitment"

# What is stretched or derived.
RECOVERY_CODE: Final = "confer/v1/recovery-code"
SECOND_FACTOR_CODE: Final = "confer/v1/second-factor-code"
API_TOKEN: Final = "confer/v1/api-token"
BEARER: Final = "confer/v1/bearer"
SESSION_COOKIE: Final = "confer/v1/session-cookie"
UNLOCK_COOKIE: Final = "confer/v1/unlock-cookie"
INVITATION: Final = "confer/v1/invitation"
BLIND_INDEX: Final = "confer/v1/blind-index"
REQUEST_MAC: Final = "confer/v1/request-mac"

MAX_CONTEXT: Final = 4096
MAX_PARTS: Final = 32
_GRAMMAR: Final = re.compile(r"confer/v1/[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_LABEL: Final = 64
_MAX_NUMBER: Final = 2**63 - 1


def bind(label: str, *parts: str | int | bytes) -> bytes:
    """Return the one unambiguous context for `label` and `parts`, at most 4,096 bytes.

    Two calls give the same bytes only if label, kinds, values and order of all parts are the same.
    Raises MalformedInput (label off grammar, text that is not Unicode, number below nought or beyond 63 bits),
    TooLarge, TypeError.
    """
    context = frame(label, *parts)
    if len(context) > MAX_CONTEXT:
        raise TooLarge("A context is at most 4,096 bytes: bind ids, not content.")
    return context


def frame(label: str, *parts: str | int | bytes) -> bytes:
    """Return `bind`'s encoding without its bound on the total: for the vault's own use, on input already bounded."""
    if len(parts) > MAX_PARTS:
        raise TooLarge("A context has at most 32 parts.")
    items = (check_label(label), *parts)
    return bytes([len(items)]) + b"".join(_encode_part(item) for item in items)


def check_label(label: str) -> str:
    """Return `label` if it follows the grammar. Raises MalformedInput, TypeError."""
    if not isinstance(label, str):
        raise TypeError("A label is text.")
    if len(label) > _MAX_LABEL or not _GRAMMAR.fullmatch(label):
        raise MalformedInput("A label reads confer/v1/some-words.")
    return label


def check_context(context: bytes) -> bytes:
    """Return `context` if it can be one: 1 to 4,096 bytes. Raises MalformedInput, TooLarge, TypeError."""
    if not isinstance(context, bytes):
        raise TypeError("A context is bytes, made by labels.bind.")
    if not context:
        raise MalformedInput("An empty context binds nothing: make one with labels.bind.")
    if len(context) > MAX_CONTEXT:
        raise TooLarge("A context is at most 4,096 bytes.")
    return context


def _encode_part(part: str | int | bytes) -> bytes:
    if isinstance(part, bool) or not isinstance(part, str | int | bytes):
        raise TypeError("A part of a context is text, a whole number or bytes.")
    if isinstance(part, bytes):
        return b"b" + len(part).to_bytes(4) + part
    if isinstance(part, int):
        if not 0 <= part <= _MAX_NUMBER:
            raise MalformedInput("A number in a context lies between 0 and 2^63 - 1.")
        return b"i" + (8).to_bytes(4) + part.to_bytes(8)
    try:
        text = part.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedInput("Text in a context must be well-formed Unicode.") from None
    return b"s" + len(text).to_bytes(4) + text
