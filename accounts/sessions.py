"""Sessions: what rests on the server between requests, and what only the bearer holds.

A bearer is `cfr1_` and base64url of session id (16 bytes), proof (32) and unlock secret (32). The row keeps SHA-256
of the proof, and the person's secrets sealed under keys stretched from the unlock secret, which is never stored.
See docs/decisions/0001.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

import vault
from accounts import pins, statements
from accounts.errors import NotSignedIn, keys_altered
from accounts.keyring import Keyholder
from accounts.models import PersonKeys, Session
from audit import events, log
from vault import labels

PREFIX = "cfr1_"
STEP_UP_LASTS = timedelta(minutes=5)
IDLE_LIMIT = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A session just opened or rotated: the only time its bearer is known to the server in full."""

    bearer: str
    keyholder: Keyholder
    expires_at: datetime
    signing_until: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Bearer:
    """A parsed bearer."""

    session_id: uuid.UUID
    proof: bytes
    unlock: bytes


def open_session(keys: PersonKeys, *, encryption: vault.SecretKey, signing: vault.SigningKey) -> Opened:
    """A new session for the holder of `keys`, logged; inside the caller's transaction."""
    now = timezone.now()
    session = Session(id=uuid.uuid4(), person=keys.person, keys=keys, made_at=now, expires_at=now + LONGEST)
    opened = _issue(session, encryption=encryption, signing=signing)
    log.append(events.SESSION_OPENED, by=opened.keyholder)
    return opened


def rotate(session_id: str, *, signing: vault.SigningKey, by: Keyholder) -> Opened:
    """The same session under a new bearer, its signing key unlocked for five minutes. The old bearer is dead.

    Raises `NotSignedIn` when the session has ended since the request began: a member was removed meanwhile.
    """
    live = Session.objects.select_for_update(of=("self",)).filter(id=session_id, ended_at=None)
    session = live.select_related("keys__person").first()
    if session is None or not session.keys.person.is_active:
        raise _not_signed_in()
    opened = _issue(session, encryption=by.encryption, signing=signing)
    log.append(events.SESSION_STEPPED_UP, by=opened.keyholder)
    return opened


def resume(text: str) -> Keyholder:
    """The keyholder of a live session. Raises `NotSignedIn` whatever is wrong with the bearer."""
    bearer = parse_bearer(text)
    now = timezone.now()
    session = Session.objects.select_related("keys__person").filter(id=bearer.session_id).first()
    if session is None or not hmac.compare_digest(_hash(bearer.proof), bytes(session.proof_hash)):
        raise _not_signed_in()
    if session.person_id != session.keys.person_id:
        raise keys_altered(str(session.keys.person_id), "session_altered")
    if session.ended_at or session.expires_at <= now or session.seen_at + IDLE_LIMIT <= now:
        raise _not_signed_in()
    if not session.keys.person.is_active:
        raise _not_signed_in()
    if session.seen_at + SEEN_EVERY <= now:
        Session.objects.filter(id=session.id, ended_at=None).update(seen_at=now)
    return _unlock(session, bearer.unlock, now=now)


def end(*, by: Keyholder) -> None:
    """Sign out: the row is emptied of every sealed key."""
    with transaction.atomic():
        _empty(session_ids=[by.session_id])
        log.append(events.SESSION_ENDED, by=by)


def end_all(person_id: str) -> int:
    """End every session of a person, inside the caller's transaction; how many there were."""
    live = Session.objects.filter(person_id=person_id, ended_at=None)
    return _empty(session_ids=[str(pk) for pk in live.values_list("id", flat=True)])


def forget_signing_keys() -> int:
    """Drop signing keys that have rested their five minutes, and sessions past their end (a clock's work)."""
    now = timezone.now()
    dropped = Session.objects.filter(signing__isnull=False, signing_until__lte=now).update(signing=None)
    over = Session.objects.filter(ended_at=None, expires_at__lte=now)
    return dropped + _empty(session_ids=[str(pk) for pk in over.values_list("id", flat=True)])


def parse_bearer(text: str) -> Bearer:
    """Parse strictly. Raises `NotSignedIn`."""
    try:
        raw = base64.b64decode(text.removeprefix(PREFIX).encode() + b"=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise _not_signed_in() from None
    # Eighty bytes leave four unused bits in the last character: only the canonical spelling is taken.
    if len(raw) != 80 or not text.startswith(PREFIX) or _spell(raw) != text:  # noqa: PLR2004  # 16 + 32 + 32
        raise _not_signed_in()
    return Bearer(uuid.UUID(bytes=raw[:16]), raw[16:48], raw[48:])


def _issue(session: Session, *, encryption: vault.SecretKey, signing: vault.SigningKey) -> Opened:
    proof, unlock, now = secrets.token_bytes(32), secrets.token_bytes(32), timezone.now()
    stretched = vault.stretch_code(unlock, label=labels.BEARER)
    context = str(session.id)
    session.proof_hash = _hash(proof)
    session.encryption = vault.seal_secret(
        encryption, under=stretched.encryption, context=vault.bind(labels.SESSION_SECRET_KEY, context)
    )
    session.signing = vault.seal_secret(
        signing, under=stretched.signing, context=vault.bind(labels.SESSION_SIGNING_KEY, context)
    )
    session.seen_at, session.signing_until = now, min(now + STEP_UP_LASTS, session.expires_at)
    session.save()
    keyholder = _keyholder(session, encryption=encryption, signing=signing)
    return Opened(_spell(session.id.bytes + proof + unlock), keyholder, session.expires_at, session.signing_until)


def _unlock(session: Session, unlock: bytes, *, now: datetime) -> Keyholder:
    stretched = vault.stretch_code(unlock, label=labels.BEARER)
    context = str(session.id)
    try:
        encryption = vault.open_secret_key(
            bytes(session.encryption),
            under=stretched.encryption,
            context=vault.bind(labels.SESSION_SECRET_KEY, context),
        )
        signing = None
        if session.signing and session.signing_until and session.signing_until > now:
            signing = vault.open_signing_key(
                bytes(session.signing), under=stretched.signing, context=vault.bind(labels.SESSION_SIGNING_KEY, context)
            )
        return _keyholder(session, encryption=encryption, signing=signing)
    except vault.VaultError:  # the proof was right, so either the row or the bearer's other half was altered
        raise keys_altered(str(session.person_id), "session_altered") from None


def _keyholder(session: Session, *, encryption: vault.SecretKey, signing: vault.SigningKey | None) -> Keyholder:
    return make_keyholder(session.keys, encryption=encryption, signing=signing, session_id=str(session.id))


def make_keyholder(
    keys: PersonKeys, *, encryption: vault.SecretKey, signing: vault.SigningKey | None, session_id: str
) -> Keyholder:
    """A keyholder from unlocked secrets. Raises `vault.WrongKey` when the stored pins are not this person's."""
    person = keys.person
    return Keyholder(
        person_id=str(person.id),
        agency_id=str(person.agency_id),
        team_id="",
        kind=person.kind,
        keys_id=keys.pk,
        statement=statements.current_digest(f"person:{person.id}"),
        session_id=session_id,
        encryption=encryption,
        signing=signing,
        pins=pins.unseal(bytes(keys.pins), under=encryption, person_id=str(person.id)),
    )


def _empty(*, session_ids: list[str]) -> int:
    return Session.objects.filter(id__in=session_ids).update(
        ended_at=timezone.now(), encryption=b"", signing=None, proof_hash=secrets.token_bytes(32)
    )


def _hash(proof: bytes) -> bytes:
    return hashlib.sha256(proof).digest()


def _spell(raw: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _not_signed_in() -> NotSignedIn:
    return NotSignedIn(
        event=events.SESSION_REFUSED,
        by=None,
        code="not_signed_in",
        sentence="Sign in first: this session is not known, or it has ended.",
    )
