"""Service people: case-management systems that sign in with a token, which is both proof and unlock key.

A token is `cft1_` and base64url of the row's id (16 bytes) and 32 random bytes. Its keys are stated by a lead like
anyone's, with the role "service": it may sign what it raises and answers as its own words, never a decision.
"""

import base64
import binascii
import secrets
import uuid
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

import vault
from accounts import keyring, pins, rules, sessions, signin, statements
from accounts.errors import NotSignedIn, conflict, not_acceptable, not_allowed, not_there
from accounts.keyring import Keyholder
from accounts.models import Membership, PersonKeys, SealedSecrets, Team
from accounts.models.team import PRACTITIONER
from accounts.people import PersonDetails, make_person
from audit import events, log
from vault import labels

PREFIX = "cft1_"


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A new token: shown once."""

    id: str
    person_id: str
    secret: str


def make_token(name: str, email: str, *, team_id: str, expires_on: date, by: Keyholder) -> Token:
    """A lead makes a service person for their team, and vouches for its keys.

    The service holds no team secret: it reads only what is granted to it, and raises concerns for the team.
    Raises `NotAllowed`, `NotAcceptable` (a day that is over), `Conflict` (a known address), `StepUpNeeded`.
    """
    keyring.signing_key(by)
    with transaction.atomic():
        team = Team.objects.select_related("agency").filter(id=team_id, closed_at=None).first()
        if team is None or not rules.leads(by.person_id, team_id):
            raise not_allowed(by, "Only a lead of the team can make a token for it.")
        if expires_on < timezone.localdate():
            raise not_acceptable(by, "expires_on", "This day is over. Give the last day on which the token is to work.")
        details = PersonDetails(name, email, "CONTRACTOR", "Service", valid_until=expires_on)
        if rules.is_known(email):
            raise conflict(by, "already_there", "That address is in use. Give the service an address of its own.")
        person = make_person(details, agency=team.agency, kind="service")
        encryption, signing = vault.make_secret_key(), vault.make_signing_key()
        keys = PersonKeys.objects.create(
            person=person,
            encryption_public=encryption.public().raw,
            verifying_public=signing.verifying().raw,
            pins=pins.seal(pins.Pins(root=by.pins.root), under=encryption, person_id=str(person.id)),
            made_at=timezone.now(),
            confirmed_at=timezone.now(),
        )
        subject = statements.Subject(
            f"person:{person.id}", str(person.agency_id), statements.SERVICE, encryption.public(), signing.verifying()
        )
        statements.state_key(subject, by=by)
        Membership.objects.create(
            team=team, person=person, role=PRACTITIONER, admitted_by_id=by.person_id, admitted_at=timezone.now()
        )
        token = _seal(keys, encryption, signing)
        log.append(events.TOKEN_MADE, by=by, parties=(f"person:{person.id}", f"team:{team.id}"))
        return token


def end_token(token_id: str, *, by: Keyholder) -> None:
    """A lead of its team ends a token at once. Raises `NotThere`."""
    with transaction.atomic():
        sealed = (
            SealedSecrets.objects.select_for_update(of=("self",))
            .select_related("keys__person")
            .filter(id=token_id, method=SealedSecrets.TOKEN, ended_at=None)
            .first()
        )
        mine = (
            sealed
            and rules.live_memberships()
            .filter(person=sealed.keys.person, team_id__in=rules.team_ids(by.person_id))
            .first()
        )
        if sealed is None or not mine or not rules.leads(by.person_id, str(mine.team_id)):
            raise not_there(by)
        SealedSecrets.objects.filter(pk=sealed.pk).update(ended_at=timezone.now(), encryption=b"", signing=None)
        log.append(events.TOKEN_ENDED, by=by, parties=(f"person:{sealed.keys.person_id}",))


def resume(text: str) -> Keyholder:
    """The service whose token this is. Raises `NotSignedIn` whatever is wrong with it."""
    token_id, secret = _parse(text)
    sealed = (
        SealedSecrets.objects.select_related("keys__person")
        .filter(id=token_id, method=SealedSecrets.TOKEN, ended_at=None)
        .first()
    )
    unlocked = vault.stretch_code(secret, label=labels.API_TOKEN)
    if sealed is None or not signin.verifier_matches(unlocked, sealed) or not sealed.keys.person.is_active:
        raise _not_signed_in()
    person_id = str(sealed.keys.person_id)
    try:
        encryption = keyring.open_person_secret(
            bytes(sealed.encryption), under=unlocked.encryption, person_id=person_id, method=sealed.method
        )
        signing = keyring.open_person_signing(
            bytes(sealed.signing or b""), under=unlocked.signing, person_id=person_id, method=sealed.method
        )
        return sessions.make_keyholder(sealed.keys, encryption=encryption, signing=signing, session_id=str(sealed.pk))
    except vault.VaultError:
        raise _not_signed_in() from None


def _seal(keys: PersonKeys, encryption: vault.SecretKey, signing: vault.SigningKey) -> Token:
    secret, token_id, person_id = secrets.token_bytes(32), uuid.uuid4(), str(keys.person_id)
    unlock = vault.stretch_code(secret, label=labels.API_TOKEN)
    method = SealedSecrets.TOKEN
    SealedSecrets.objects.create(
        id=token_id,
        keys=keys,
        method=method,
        salt=b"",
        verifier_hash=signin.hash_verifier(unlock),
        encryption=keyring.seal_person_secret(encryption, under=unlock.encryption, person_id=person_id, method=method),
        signing=keyring.seal_person_signing(signing, under=unlock.signing, person_id=person_id, method=method),
        made_at=timezone.now(),
    )
    return Token(str(token_id), person_id, _spell(token_id.bytes + secret))


def _parse(text: str) -> tuple[uuid.UUID, bytes]:
    try:
        raw = base64.b64decode(text.removeprefix(PREFIX).encode(), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise _not_signed_in() from None
    if len(raw) != 48 or _spell(raw) != text:  # noqa: PLR2004  # 16 + 32
        raise _not_signed_in()
    return uuid.UUID(bytes=raw[:16]), raw[16:]


def _spell(raw: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(raw).decode()


def _not_signed_in() -> NotSignedIn:
    return NotSignedIn(
        events.SESSION_REFUSED,
        by=None,
        code="not_signed_in",
        sentence="This token is not known, or it has ended.",
    )
