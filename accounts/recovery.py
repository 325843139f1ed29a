"""Changing a passphrase, and getting back in without it: the same keys, sealed anew.

Recovery takes the key recovery code and a spare second-factor code, both written down at joining; it gives a new
authenticator, new spare codes and a new recovery code, and ends every session.
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

import vault
from accounts import joining, keyring, passphrases, second_factor, sessions, signin, throttle
from accounts.errors import NotSignedIn, conflict, keys_altered, not_acceptable
from accounts.joining import Taken
from accounts.keyring import Keyholder
from accounts.models import PersonKeys, SealedSecrets
from audit import events, log
from vault import labels


@dataclass(frozen=True, slots=True, repr=False)
class Attempt:
    """What someone who lost their passphrase types, and from which network address."""

    email: str
    recovery_code: str
    spare_code: str
    new_passphrase: str
    address: str


def change_passphrase(old: str, new: str, *, by: Keyholder) -> None:
    """Seal one's secrets under a new passphrase; every session ends, this one too.

    Raises `NotSignedIn` (the old one is wrong), `SigninBlocked`, `NotAcceptable` (the new one is weak), `Conflict`.
    """
    signing = signin.unlock_signing(old, by=by)
    keys = PersonKeys.objects.select_related("person").get(pk=by.keys_id)
    _refuse_weak(new, keys)
    with transaction.atomic():
        sealed = _lock(keys, SealedSecrets.PASSPHRASE)
        unlocked = signin.stretch(old, sealed)
        if sealed is None or not signin.verifier_matches(unlocked, sealed):
            raise conflict(
                by, "changed_meanwhile", "Your passphrase was changed a moment ago. Sign in with the new one."
            )
        seed = second_factor.open_seed(sealed, under=unlocked.encryption, person_id=by.person_id)
        _replace(sealed)
        joining.seal_under_passphrase(keys, new, by.encryption, signing, seed=seed, last_step=sealed.factor_step)
        sessions.end_all(by.person_id)
        log.append(events.PASSPHRASE_CHANGED, by=by)


def recover(attempt: Attempt) -> Taken:
    """Get back in. Raises `NotSignedIn` whichever part is wrong, `SigninBlocked`, `NotAcceptable`."""
    name = f"recovery:{attempt.email}"
    throttle.refuse_if_blocked(name, attempt.address)
    try:
        taken = _try(attempt)
    except NotSignedIn:
        throttle.count_failure(name, attempt.address)
        raise
    throttle.forget_failures(name)
    return taken


def _try(attempt: Attempt) -> Taken:
    keys = (
        PersonKeys.objects.select_related("person")
        .filter(person__email=attempt.email.lower(), person__kind="person", confirmed_at__isnull=False)
        .order_by("-generation")
        .first()
    )
    sealed = keys and keys.sealed_secrets.filter(method=SealedSecrets.RECOVERY, ended_at=None).first()
    unlocked = _stretch(attempt.recovery_code)
    if keys is None or not sealed or not signin.verifier_matches(unlocked, sealed) or not keys.person.is_active:
        raise _wrong()
    _refuse_weak(attempt.new_passphrase, keys)
    try:
        with transaction.atomic():
            sealed = _lock(keys, SealedSecrets.RECOVERY)
            if sealed is None or not signin.verifier_matches(unlocked, sealed):
                raise _wrong()
            if not second_factor.use_spare(attempt.spare_code, person=keys.person):
                raise _wrong()
            return _reseal(keys, sealed, unlocked, attempt.new_passphrase)
    except vault.VaultError:
        raise keys_altered(str(keys.person_id), "sealed_keys_altered") from None


def _reseal(keys: PersonKeys, sealed: SealedSecrets, unlocked: vault.UnlockKeys, passphrase: str) -> Taken:
    person_id, method = str(keys.person_id), sealed.method
    encryption = keyring.open_person_secret(
        bytes(sealed.encryption), under=unlocked.encryption, person_id=person_id, method=method
    )
    signing = keyring.open_person_signing(
        bytes(sealed.signing or b""), under=unlocked.signing, person_id=person_id, method=method
    )
    for old in keys.sealed_secrets.filter(ended_at=None):
        _replace(old)
    taken = joining.seal_everything(keys, passphrase, encryption, signing)
    sessions.end_all(person_id)
    by = sessions.make_keyholder(keys, encryption=encryption, signing=None, session_id="")
    log.append(events.KEYS_RECOVERED, by=by)
    return taken


def _lock(keys: PersonKeys, method: str) -> SealedSecrets | None:
    """The seal in force, once nobody else is replacing it: two at once would both have read the old one."""
    PersonKeys.objects.select_for_update().get(pk=keys.pk)
    return keys.sealed_secrets.filter(method=method, ended_at=None).first()


def _replace(sealed: SealedSecrets) -> None:
    """End one seal and empty it: what is gone cannot be tried offline."""
    SealedSecrets.objects.filter(pk=sealed.pk).update(
        ended_at=timezone.now(), encryption=b"", signing=None, factor=None, verifier_hash=b""
    )


def _stretch(code: str) -> vault.UnlockKeys:
    try:
        return vault.stretch_code(vault.parse_recovery_code(code), label=labels.RECOVERY_CODE)
    except vault.VaultError:
        raise _wrong() from None


def _refuse_weak(passphrase: str, keys: PersonKeys) -> None:
    fault = passphrases.find_fault(passphrase, personal=[keys.person.name, keys.person.email])
    if fault:
        raise not_acceptable(None, "new_passphrase", fault, code="weak_passphrase")


def _wrong() -> NotSignedIn:
    return NotSignedIn(
        events.SESSION_REFUSED,
        by=None,
        code="not_signed_in",
        sentence="Those do not belong together. Check the address and both codes, and try again.",
    )
