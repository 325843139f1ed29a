"""Sealed versions: a body under the record's key, and a signed manifest that says whose words they are."""

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from django.db.models import Q
from django.utils import timezone

import vault
from accounts import keyring, statements
from accounts.errors import KeyRefused
from accounts.keyring import Keyholder
from accounts.models import Team
from audit import events, latest
from exchange import access, errors
from exchange.bodies import Shape
from exchange.guidance.requirements import Problem
from exchange.models import KeyWrap, Record, RecordVersion
from vault import labels

B = TypeVar("B", bound=Shape)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# What the log says of a record once for each of its versions. The other kinds have one version.
VERSIONED = {
    "concern": (events.CONCERN_RAISED, events.CONCERN_AMENDED, events.DOCUMENT_ADDED),
    "decision": (events.DECISION_SIGNED, events.DECISION_COMPLETED),
}
PREFIXES = {"concern": "C", "decision": "D", "disclosure": "S", "answer": "A"}
MANIFESTS = {
    "concern": labels.CONCERN_MANIFEST,
    "decision": labels.DECISION_MANIFEST,
    "disclosure": labels.DISCLOSURE_MANIFEST,
    "answer": labels.ANSWER_MANIFEST,
}


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the author signed. `parts` maps "body" or "document:<id>" to a blinded hash of its plaintext (hex)."""

    format: int
    record: str
    kind: str
    version: int
    author: str
    owner: str
    about: str
    recipients: list[tuple[str, int, str]]
    parts: dict[str, str]
    signed_at: str


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sealed plaintext: the body, and the blind of its hash."""

    blind: str
    body: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Opening:
    """A version that verified: its body, who wrote it, when, and the documents its manifest vouches for."""

    body: bytes
    author_id: str
    made_at: str
    version: int
    documents: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new record is made of, besides its body."""

    kind: str
    owner: Team
    urgency: str
    purpose: str = ""
    about: Record | None = None
    recipients: Sequence[tuple[str, int, str]] = field(default=())
    documents: Mapping[str, str] = field(default_factory=dict)


def make_record(draft: Draft, *, by: Keyholder) -> tuple[Record, vault.ContentKey]:
    """A record's row and its random key; nobody can open it until `sharing.give`."""
    record = Record.objects.create(
        ref=make_ref(draft.kind),
        kind=draft.kind,
        owner=draft.owner,
        author_id=by.person_id,
        about=draft.about,
        urgency=draft.urgency,
        purpose=draft.purpose,
        made_at=timezone.now(),
    )
    return record, vault.make_content_key()


def make_ref(kind: str) -> str:
    """A reference people can read out: a letter for the kind and ten random characters (50 bits)."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(10))
    return f"{PREFIXES[kind]}-{drawn[:5]}-{drawn[5:]}"


def seal_version(record: Record, body: Shape, draft: Draft, *, key: vault.ContentKey, by: Keyholder) -> RecordVersion:
    """Seal and sign the next version of a record. Raises `StepUpNeeded` when signing is not unlocked."""
    number = record.versions.count() + 1
    blind, plain = vault.make_blind(), _encode(body, by=by)
    manifest = Manifest(
        format=1,
        record=record.ref,
        kind=record.kind,
        version=number,
        author=by.statement,
        owner=str(record.owner_id),
        about=record.about.ref if record.about else "",
        recipients=list(draft.recipients),
        parts={"body": vault.commit(labels.PART_COMMITMENT, blind, plain).hex()}
        | {f"document:{name}": digest for name, digest in draft.documents.items()},
        signed_at=timezone.now().isoformat(timespec="seconds"),
    )
    message = vault.canonical(msgspec.to_builtins(manifest))
    contents = vault.canonical({"blind": blind.hex(), "body": msgspec.to_builtins(body)})
    return RecordVersion.objects.create(
        record=record,
        number=number,
        author_id=by.person_id,
        sealed=vault.seal_body(contents, under=key, context=_context(record, number)),
        manifest=message,
        signature=vault.sign(keyring.signing_key(by), label=MANIFESTS[record.kind], message=message),
        made_at=timezone.now(),
    )


def open_version(record: Record, number: int | None = None, *, key: vault.ContentKey, by: Keyholder) -> Opening:
    """The newest version (or that number), once its signature, author, place and body all verify.

    Raises `CannotOpen` when anything stored is not what was sealed.
    """
    version = record.versions.filter(number=number or find_newest(record, by=by)).first()
    if version is None:
        raise errors.cannot_open(by, record.ref)
    try:
        manifest = msgspec.json.decode(bytes(version.manifest), type=Manifest)
        author = statements.trusted_statement(manifest.author, by=by).statement
        _check_manifest(record, version, manifest, author)
        sealed = vault.open_body(bytes(version.sealed), under=key, context=_context(record, version.number))
        return _check_contents(sealed, manifest, author)
    except (vault.VaultError, msgspec.MsgspecError, ValueError, KeyRefused):
        raise errors.cannot_open(by, record.ref) from None


def find_newest(record: Record, *, by: Keyholder) -> int:
    """The number of the newest version. Raises `CannotOpen` when the log tells of a newer one than is stored."""
    newest = record.versions.order_by("-number").values_list("number", flat=True).first() or 0
    if newest < latest.count_done(record.ref, among=VERSIONED.get(record.kind, ())):
        raise errors.cannot_open(by, record.ref)
    return newest


def find_wrap(record: Record, *, by: Keyholder) -> KeyWrap:
    """The record's key as it is wrapped to this person, by whichever grant gives it.

    Raises `NotThere` for anyone to whom no key was wrapped: the lock that no rule or view can open.
    """
    now = timezone.now()
    wraps = KeyWrap.objects.select_related("grant", "team_epoch").filter(
        Q(keys_id=by.keys_id) | Q(team_epoch__wraps__keys_id=by.keys_id),
        Q(grant__expires_at=None) | Q(grant__expires_at__gt=now),
        grant__record=record,
    )
    wrap = wraps.order_by("team_epoch__epoch", "pk").first()
    if wrap is None:
        raise access.refused(by, record.ref)
    return wrap


def unwrap(record: Record, wrap: KeyWrap, *, by: Keyholder) -> vault.ContentKey:
    """The record's key out of a wrap. Raises `CannotOpen` when what is stored is not what was wrapped."""
    try:
        return _unwrap(record, wrap, by=by)
    except vault.VaultError:
        raise errors.cannot_open(by, record.ref) from None


def unlock(record: Record, *, by: Keyholder) -> vault.ContentKey:
    """The record's key, for whoever it was wrapped to. Raises `NotThere`, `CannotOpen`."""
    return unwrap(record, find_wrap(record, by=by), by=by)


def wrap_context(record: Record, subject: str, epoch: int) -> bytes:
    """What a wrapped record key is bound to: the record, whose key it is wrapped to, and that key's epoch."""
    return vault.bind(labels.RECORD_KEY, str(record.id), subject, epoch)


def decode(opening: Opening, shape: type[B], *, by: Keyholder, ref: str) -> B:
    """The body as its own kind. Raises `CannotOpen` when it is of another."""
    try:
        return msgspec.json.decode(opening.body, type=shape)
    except msgspec.MsgspecError:
        raise errors.cannot_open(by, ref) from None


def _encode(body: Shape, *, by: Keyholder) -> bytes:
    """The body's canonical JSON, once it would decode again: what could not be opened must not be sealed."""
    plain = vault.canonical(msgspec.to_builtins(body))
    try:
        msgspec.json.decode(plain, type=type(body))
    except msgspec.ValidationError as fault:
        place = str(fault).rpartition("$.")[2].rstrip("`") or "body"
        sentence = "This is too long, or there is too much of it. Shorten it, or share the rest another way."
        raise errors.unacceptable(by, [Problem(place, "too_long", sentence)]) from None
    return plain


def _unwrap(record: Record, wrap: KeyWrap, *, by: Keyholder) -> vault.ContentKey:
    wrapped = vault.WrappedKey.parse(bytes(wrap.wrapped))
    if wrap.team_epoch is None:
        subject = f"person:{by.person_id}"
        # Their key may have been stated again since, when they became a lead: the same key, under a later epoch.
        for epoch in range(statements.epoch_of(by.statement), 0, -1):
            with contextlib.suppress(vault.WrongKey):
                context = wrap_context(record, subject, epoch)
                return vault.unwrap_content_key(wrapped, using=by.encryption, context=context)
        raise vault.WrongKey("This key was not wrapped to us.")
    team_id, epoch = str(wrap.team_epoch.team_id), wrap.team_epoch.epoch
    secret = keyring.open_team_secret(team_id, epoch, by=by)
    context = wrap_context(record, f"team:{team_id}", epoch)
    return vault.unwrap_content_key(wrapped, using=secret, context=context)


def _check_manifest(record: Record, version: RecordVersion, manifest: Manifest, author: statements.Statement) -> None:
    about = record.about.ref if record.about else ""
    claimed = (manifest.record, manifest.kind, manifest.version, manifest.owner, manifest.about)
    if claimed != (record.ref, record.kind, version.number, str(record.owner_id), about):
        raise vault.MalformedInput("This manifest belongs to another record.")
    if author.subject != f"person:{version.author_id}":
        raise vault.MalformedInput("This manifest was signed by someone else.")
    if author.agency != str(record.owner.agency_id):
        raise vault.MalformedInput("This was signed by someone outside the agency it is said to come from.")
    if author.role == statements.SERVICE and record.kind in ("decision", "disclosure"):
        raise vault.MalformedInput("A service signs no decision and sends nothing.")
    vault.verify(
        author.verifying_key(),
        label=MANIFESTS[record.kind],
        message=bytes(version.manifest),
        signature=bytes(version.signature),
    )


def _check_contents(sealed: bytes, manifest: Manifest, author: statements.Statement) -> Opening:
    contents = msgspec.json.decode(sealed, type=Contents)
    body = bytes(contents.body)
    commitment = vault.commit(labels.PART_COMMITMENT, bytes.fromhex(contents.blind), body).hex()
    if not secrets.compare_digest(commitment, manifest.parts.get("body", "")):
        raise vault.SignatureInvalid("The body is not the one that was signed.")
    documents = {name.removeprefix("document:"): d for name, d in manifest.parts.items() if name != "body"}
    return Opening(body, author.subject.removeprefix("person:"), manifest.signed_at, manifest.version, documents)


def _context(record: Record, number: int) -> bytes:
    return vault.bind(labels.RECORD_BODY, str(record.id), number)
