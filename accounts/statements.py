"""Whose key is this? Signed key statements, and the chain that must end at the root a person remembers.

A statement says that a subject (a person or a team) holds a key for an epoch. A lead of the same agency signs it;
the partnership's root vouches across agencies. Each is an entry in the log, and nothing is wrapped to a key
whose statement is missing from the log, older than one already seen, or not chained to the pinned root.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Literal

import msgspec
from django.utils import timezone

import vault
from accounts import keyring
from accounts.errors import KeyRefused
from accounts.keyring import Keyholder
from accounts.models import KeyStatement, Person, Team
from audit import events, latest, log
from vault import labels

ROOT, LEAD, MEMBER, SERVICE, TEAM = "root", "lead", "member", "service", "team"
VOUCHING = frozenset({ROOT, LEAD})
LONGEST_CHAIN = 256  # leads who admitted leads, back to the root: decades of them
SUBJECT = re.compile(r"(?:person|team):[0-9a-f-]{36}")


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signed body. Keys are base64; `verifying` is empty for teams, which sign nothing; `signer` for the root."""

    format: Literal[1]
    subject: str
    agency: str
    role: Literal["root", "lead", "member", "service", "team"]
    epoch: int
    encryption: str
    verifying: str
    previous: str
    signer: str
    stated_at: str

    def encryption_key(self) -> vault.PublicKey:
        """The subject's public encryption key."""
        return vault.PublicKey.parse(base64.b64decode(self.encryption, validate=True))

    def verifying_key(self) -> vault.VerifyingKey:
        """The subject's public signing key. Raises `vault.MalformedInput` for a team."""
        return vault.VerifyingKey.parse(base64.b64decode(self.verifying, validate=True))


@dataclass(frozen=True, slots=True)
class Vouched:
    """A statement whose whole chain was checked."""

    digest: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a new statement is about, and the public keys it will vouch for."""

    name: str
    agency_id: str
    role: str
    encryption: vault.PublicKey
    verifying: vault.VerifyingKey | None = None


def state_key(subject: Subject, *, by: Keyholder) -> KeyStatement:
    """Sign and log the next statement about `subject`. Runs inside the caller's transaction.

    Raises `accounts.errors.StepUpNeeded` when the signer's signing key is not unlocked.
    """
    previous = KeyStatement.objects.filter(subject=subject.name).order_by("-epoch").first()
    body = vault.canonical(msgspec.to_builtins(_draw_up(subject, previous, signer=by.statement)))
    return _publish(body, subject=subject, previous=previous, signing=keyring.signing_key(by), by=by)


def state_root(subject: Subject, *, signing: vault.SigningKey, by: Keyholder) -> KeyStatement:
    """The one statement that signs itself: the founding lead's, the root of the whole partnership."""
    body = vault.canonical(msgspec.to_builtins(_draw_up(subject, None, signer="")))
    return _publish(body, subject=subject, previous=None, signing=signing, by=by)


def trusted(subject: str, *, by: Keyholder) -> Vouched:
    """The subject's newest statement, checked. Raises `KeyRefused` (logged, and the auditors told)."""
    row = KeyStatement.objects.filter(subject=subject).order_by("-epoch").first()
    if row is None:
        raise key_refused(subject, "no_statement", by=by)
    if latest.latest_detail(events.KEY_STATED, record=f"key:{subject}") != row.digest:
        raise key_refused(subject, "not_latest_in_log", by=by)
    found = trusted_statement(row.digest, by=by)
    # Each epoch was stated once: when the log tells of more, an earlier one has been put back as the newest.
    stated = latest.count_done(f"key:{subject}", among=(events.KEY_STATED,))
    if found.statement.subject != subject or found.statement.epoch < max(stated, by.pins.seen(subject)):
        raise key_refused(subject, "epoch_went_back", by=by)
    if found.statement.agency != _agency_of(subject):
        raise key_refused(subject, "other_agency", by=by)
    return found


def refuse_other_key(found: Vouched, *, encryption: bytes, verifying: bytes = b"", by: Keyholder) -> None:
    """Raise `KeyRefused` when the row that holds a key beside its statement says something else.

    Nothing is ever wrapped to the row's own copy; that it differs means that someone has been at the rows.
    """
    stated = found.statement
    if encryption != stated.encryption_key().raw or (verifying and verifying != stated.verifying_key().raw):
        raise key_refused(stated.subject, "key_row_altered", by=by)


def trusted_statement(digest: str, *, by: Keyholder) -> Vouched:
    """The statement with this digest, its chain checked up to the pinned root. Raises `KeyRefused`."""
    current = first = _read(digest, by=by)
    for _ in range(LONGEST_CHAIN):
        if not current.signer:
            if compute_digest(vault.canonical(msgspec.to_builtins(current))) != by.pins.root:
                raise key_refused(first.subject, "other_root", by=by)
            _check_signature(current, signer=current, by=by)
            return Vouched(digest, first)
        signer = _read(current.signer, by=by)
        _check_signature(current, signer=signer, by=by)
        current = signer
    raise key_refused(first.subject, "chain_too_long", by=by)


def current_digest(subject: str) -> str:
    """The digest of the subject's newest statement as stored, unchecked; empty when there is none."""
    return (
        KeyStatement.objects.filter(subject=subject).order_by("-epoch").values_list("digest", flat=True).first() or ""
    )


def root_digest() -> str:
    """The digest of the statement that signs itself; empty before the partnership has begun."""
    return KeyStatement.objects.filter(signer__isnull=True).values_list("digest", flat=True).first() or ""


def compute_digest(body: bytes) -> str:
    """64 hex digits: SHA-256 over the statement label and the body, which holds fresh random keys."""
    return hashlib.sha256(vault.bind(labels.KEY_STATEMENT) + body).hexdigest()


def _agency_of(subject: str) -> str:
    """The agency a person or team belongs to: another agency's lead cannot vouch for its key."""
    kind, _, subject_id = subject.partition(":")
    rows = Team.objects if kind == "team" else Person.objects
    return str(rows.filter(id=subject_id).values_list("agency_id", flat=True).first() or "")


def _draw_up(subject: Subject, previous: KeyStatement | None, *, signer: str) -> Statement:
    return msgspec.convert(
        {
            "format": 1,
            "subject": subject.name,
            "agency": subject.agency_id,
            "role": subject.role,
            "epoch": previous.epoch + 1 if previous else 1,
            "encryption": base64.b64encode(subject.encryption.raw).decode(),
            "verifying": base64.b64encode(subject.verifying.raw).decode() if subject.verifying else "",
            "previous": previous.digest if previous else "",
            "signer": signer,
            "stated_at": timezone.now().isoformat(timespec="seconds"),
        },
        Statement,
    )


def _publish(
    body: bytes, *, subject: Subject, previous: KeyStatement | None, signing: vault.SigningKey, by: Keyholder
) -> KeyStatement:
    statement = msgspec.json.decode(body, type=Statement)
    row = KeyStatement.objects.create(
        digest=compute_digest(body),
        subject=subject.name,
        epoch=previous.epoch + 1 if previous else 1,
        signer_id=statement.signer or None,
        body=body,
        signature=vault.sign(signing, label=labels.KEY_STATEMENT, message=body),
        made_at=timezone.now(),
    )
    log.append(
        events.KEY_STATED,
        by=by,
        records=(f"key:{subject.name}",),
        parties=(subject.name, f"agency:{subject.agency_id}"),
        detail=row.digest,
    )
    return row


def _read(digest: str, *, by: Keyholder) -> Statement:
    """The stored body with this digest, parsed strictly; the digest is recomputed, never believed.

    Only the one canonical spelling is a statement: what is signed can then be written again from what was parsed.
    """
    row = KeyStatement.objects.filter(digest=digest).first()
    if row is None or compute_digest(bytes(row.body)) != digest:
        raise key_refused("", "altered_statement", by=by)
    try:
        statement = msgspec.json.decode(bytes(row.body), type=Statement)
        if vault.canonical(msgspec.to_builtins(statement)) != bytes(row.body):
            raise key_refused(row.subject, "malformed_statement", by=by)
    except (msgspec.MsgspecError, vault.VaultError, ValueError):
        raise key_refused(row.subject, "malformed_statement", by=by) from None
    return statement


def _check_signature(statement: Statement, *, signer: Statement, by: Keyholder) -> None:
    body = vault.canonical(msgspec.to_builtins(statement))
    row = KeyStatement.objects.get(digest=compute_digest(body))
    across = signer.role == ROOT or signer.agency == statement.agency
    if signer.role not in VOUCHING or not across or (statement.role == ROOT and signer.role != ROOT):
        raise key_refused(statement.subject, "signer_may_not_vouch", by=by)
    try:
        vault.verify(signer.verifying_key(), label=labels.KEY_STATEMENT, message=body, signature=bytes(row.signature))
    except (vault.VaultError, ValueError):  # ValueError: a signer's key that is no base64
        raise key_refused(statement.subject, "bad_signature", by=by) from None


def key_refused(subject: str, code: str, *, by: Keyholder) -> KeyRefused:
    """The refusal of a key that is not the one that was vouched for; `code` is for the log."""
    return KeyRefused(
        event=events.KEY_REFUSED,
        by=by,
        # A subject comes from a row that anyone may have written: a name in it would keep the refusal out of the log.
        parties=(subject,) if SUBJECT.fullmatch(subject) else (),
        detail=code,
        code="key_refused",
        sentence="A key on file is not the one that was vouched for, so nothing was sent. The auditors have been told.",
    )


def epoch_of(digest: str) -> int:
    """The epoch of a stored statement; 0 when there is none."""
    return KeyStatement.objects.filter(digest=digest).values_list("epoch", flat=True).first() or 0
