"""Signing in: passphrase and second factor to a session, costing the same whoever is named."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.db import transaction

import vault
from accounts import keyring, second_factor, sessions, stretching, throttle
from accounts.errors import NotSignedIn, keys_altered
from accounts.keyring import Keyholder
from accounts.models import PersonKeys, SealedSecrets
from accounts.sessions import Opened
from audit import events
from audit.errors import Refused

NOBODY_SALT = b"confer nobody 00"


@dataclass(frozen=True, slots=True, repr=False)
class Attempt:
    """What someone typed to sign in, and from which network address."""

    email: str
    passphrase: str
    code: str
    address: str


def sign_in(attempt: Attempt) -> Opened:
    """Open a session. Raises `SigninBlocked` or `NotSignedIn`, which never says which part was wrong."""
    # What is typed here must never count against another of our counters: each has a prefix of its own.
    name = f"sign-in:{attempt.email}"
    throttle.refuse_if_blocked(name, attempt.address)
    try:
        opened = _try(attempt)
    except Refused:
        throttle.count_failure(name, attempt.address)
        raise
    throttle.forget_failures(name)
    return opened


def step_up(passphrase: str, *, by: Keyholder) -> Opened:
    """Unlock signing for five minutes under a new bearer. Raises `NotSignedIn`, `SigninBlocked`."""
    signing = unlock_signing(passphrase, by=by)
    with transaction.atomic():
        return sessions.rotate(by.session_id, signing=signing, by=by)


def unlock_signing(passphrase: str, *, by: Keyholder) -> vault.SigningKey:
    """The signing secret, opened by the passphrase; failures are counted, so call it outside any transaction.

    Raises `NotSignedIn` when the passphrase is wrong, `SigninBlocked` after too many wrong ones.
    """
    name = f"step-up:{by.person_id}"
    throttle.refuse_if_blocked(name, by.session_id)
    sealed = SealedSecrets.objects.filter(keys_id=by.keys_id, method=SealedSecrets.PASSPHRASE, ended_at=None).first()
    unlocked = stretch(passphrase, sealed)
    if sealed is None or not verifier_matches(unlocked, sealed):
        throttle.count_failure(name, by.session_id)
        raise _wrong(by=by, parties=())
    try:
        return keyring.open_person_signing(
            bytes(sealed.signing or b""), under=unlocked.signing, person_id=by.person_id, method=sealed.method
        )
    except vault.VaultError:
        raise keys_altered(by.person_id, "sealed_keys_altered") from None


def stretch(passphrase: str, sealed: SealedSecrets | None) -> vault.UnlockKeys:
    """Stretch with the row's own cost, or with the standard cost against nobody's salt, so both take as long."""
    try:
        passphrase = vault.normalise_passphrase(passphrase)
    except vault.VaultError:
        passphrase = secrets.token_urlsafe(32)  # nobody's, so that the refusal comes where every other does
    if sealed is None:
        return vault.stretch_passphrase(passphrase, salt=NOBODY_SALT, cost=stretching.present_cost())
    try:
        return vault.stretch_passphrase(passphrase, salt=bytes(sealed.salt), cost=stretching.stored_cost(sealed))
    except vault.VaultError:  # a cost below the floor, or no salt: written by nobody here
        raise keys_altered(str(sealed.keys.person_id), "cost_altered") from None


def verifier_matches(unlocked: vault.UnlockKeys, sealed: SealedSecrets) -> bool:
    """Whether what was typed is what the row was sealed with; in constant time."""
    return hmac.compare_digest(hash_verifier(unlocked), bytes(sealed.verifier_hash))


def hash_verifier(unlocked: vault.UnlockKeys) -> bytes:
    """What the row stores of the verifier, so that a stolen row cannot be replayed as proof."""
    return hashlib.sha256(unlocked.verifier).digest()


def _try(attempt: Attempt) -> Opened:
    keys = (
        PersonKeys.objects.select_related("person")
        .filter(person__email=attempt.email.lower(), person__kind="person", confirmed_at__isnull=False)
        .order_by("-generation")
        .first()
    )
    sealed = keys and keys.sealed_secrets.filter(method=SealedSecrets.PASSPHRASE, ended_at=None).first()
    unlocked = stretch(attempt.passphrase, sealed or None)
    if keys is None or not sealed or not verifier_matches(unlocked, sealed) or not keys.person.is_active:
        raise _wrong(by=None, parties=(f"person:{keys.person_id}",) if keys else ())
    try:
        with transaction.atomic():
            return _pass_second_factor(attempt, keys, sealed, unlocked)
    except vault.VaultError:
        raise keys_altered(str(keys.person_id), "sealed_keys_altered") from None


def _pass_second_factor(
    attempt: Attempt, keys: PersonKeys, sealed: SealedSecrets, unlocked: vault.UnlockKeys
) -> Opened:
    """Nothing is unlocked until the second factor has passed."""
    person_id = str(keys.person_id)
    if not second_factor.accept(attempt.code, sealed=sealed, under=unlocked.encryption, person=keys.person):
        raise _wrong(by=None, parties=(f"person:{person_id}",))
    encryption = keyring.open_person_secret(
        bytes(sealed.encryption), under=unlocked.encryption, person_id=person_id, method=sealed.method
    )
    signing = keyring.open_person_signing(
        bytes(sealed.signing or b""), under=unlocked.signing, person_id=person_id, method=sealed.method
    )
    return sessions.open_session(keys, encryption=encryption, signing=signing)


def _wrong(*, by: Keyholder | None, parties: tuple[str, ...]) -> NotSignedIn:
    return NotSignedIn(
        event=events.SESSION_REFUSED,
        by=by,
        parties=parties,
        code="not_signed_in",
        sentence="That e-mail address, passphrase or code is not right. Check all three and try again.",
    )
