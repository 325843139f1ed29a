"""Joining: following an invitation, making one's keys, proving that what was shown was kept."""

import secrets
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

import vault
from accounts import (
    invitation_secrets,
    keyring,
    passphrases,
    people,
    pins,
    second_factor,
    sessions,
    signin,
    statements,
    stretching,
    teams,
)
from accounts.errors import KeyRefused, conflict, not_acceptable, not_there
from accounts.keyring import Keyholder
from accounts.models import Invitation, Person, PersonKeys, SealedSecrets
from audit import events, log
from vault import labels


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """What a person is shown once: keep the recovery and spare codes, set up the authenticator."""

    recovery_code: str
    authenticator_uri: str
    spare_codes: list[str]
    fingerprint: str


def take_invitation(secret: str, passphrase: str) -> Taken:
    """Make the invited person's keys. May be repeated until confirmed; each time the earlier keys are discarded.

    Raises `NotThere` (unknown, used or expired link), `KeyRefused` (the link was made under another root),
    `NotAcceptable` (a weak passphrase).
    """
    with transaction.atomic():
        invitation = _live_invitation(secret)
        person = invitation.person
        fault = passphrases.find_fault(passphrase, personal=[person.name, person.email])
        if fault:
            raise not_acceptable(None, "passphrase", fault, code="weak_passphrase")
        SealedSecrets.objects.filter(keys__person=person).delete()
        person.keys.all().delete()
        Invitation.objects.filter(pk=invitation.pk).update(taken_at=timezone.now())
        root = statements.root_digest()
        if not root and not invitation.founding:
            raise conflict(None, "not_begun", "The founding lead makes their keys first. Follow this link again then.")
        return _make_keys(person, passphrase, root="" if invitation.founding else root)


def confirm_invitation(secret: str, passphrase: str, recovery_code: str, code: str) -> None:
    """Prove that the recovery code was written down and the authenticator works; the link is then used up.

    The founding lead's own confirmation also makes the partnership's root.
    """
    with transaction.atomic():
        invitation = _live_invitation(secret)
        keys = invitation.person.keys.filter(confirmed_at=None).first()
        if keys is None:
            raise conflict(None, "not_taken", "Choose a passphrase first.")
        keyholder = _prove(keys, passphrase, recovery_code, code)
        PersonKeys.objects.filter(pk=keys.pk).update(confirmed_at=timezone.now())
        # Their other links are used up too: followed again, one would exchange the keys that were just proved.
        now = timezone.now()
        invitation.person.invitations.filter(confirmed_at=None, expires_at__gt=now).update(confirmed_at=now)
        log.append(events.INVITATION_TAKEN, by=keyholder, parties=(f"person:{invitation.person_id}",))
        if invitation.founding and not statements.root_digest():
            _found(invitation, keys, keyholder)


def seal_everything(keys: PersonKeys, passphrase: str, encryption: vault.SecretKey, signing: vault.SigningKey) -> Taken:
    """Seal a person's secrets under a passphrase and a new recovery code, with a new authenticator and spare codes."""
    seed, recovery_code = second_factor.make_seed(), vault.make_recovery_code()
    seal_under_passphrase(keys, passphrase, encryption, signing, seed=seed)
    by_code = vault.stretch_code(vault.parse_recovery_code(recovery_code), label=labels.RECOVERY_CODE)
    _seal(keys, by_code, encryption, signing, method=SealedSecrets.RECOVERY).save()
    return Taken(
        recovery_code,
        second_factor.make_uri(seed, email=keys.person.email),
        second_factor.make_spare_codes(keys.person),
        keyring.fingerprint(keys),
    )


def seal_under_passphrase(
    keys: PersonKeys,
    passphrase: str,
    encryption: vault.SecretKey,
    signing: vault.SigningKey,
    *,
    seed: bytes,
    last_step: int = 0,
) -> None:
    """Seal a person's secrets and their authenticator's seed under a passphrase, at the present cost."""
    salt, cost = secrets.token_bytes(16), stretching.present_cost()
    unlock = vault.stretch_passphrase(passphrase, salt=salt, cost=cost)
    sealed = _seal(keys, unlock, encryption, signing, method=SealedSecrets.PASSPHRASE)
    sealed.salt, sealed.memory_kib, sealed.passes, sealed.lanes = salt, cost.memory_kib, cost.passes, cost.lanes
    sealed.factor = second_factor.seal_seed(seed, under=unlock.encryption, person_id=str(keys.person_id))
    sealed.factor_step = last_step
    sealed.save()


def _make_keys(person: Person, passphrase: str, *, root: str) -> Taken:
    encryption, signing = vault.make_secret_key(), vault.make_signing_key()
    keys = PersonKeys.objects.create(
        person=person,
        encryption_public=encryption.public().raw,
        verifying_public=signing.verifying().raw,
        pins=pins.seal(pins.Pins(root=root), under=encryption, person_id=str(person.id)),
        made_at=timezone.now(),
    )
    return seal_everything(keys, passphrase, encryption, signing)


def _seal(
    keys: PersonKeys, unlock: vault.UnlockKeys, encryption: vault.SecretKey, signing: vault.SigningKey, *, method: str
) -> SealedSecrets:
    person_id = str(keys.person_id)
    return SealedSecrets(
        keys=keys,
        method=method,
        salt=b"",
        verifier_hash=signin.hash_verifier(unlock),
        encryption=keyring.seal_person_secret(encryption, under=unlock.encryption, person_id=person_id, method=method),
        signing=keyring.seal_person_signing(signing, under=unlock.signing, person_id=person_id, method=method),
        made_at=timezone.now(),
    )


def _prove(keys: PersonKeys, passphrase: str, recovery_code: str, code: str) -> Keyholder:
    """Check all three by using them; the keyholder they unlock. Raises `NotAcceptable` naming the wrong one."""
    sealed = keys.sealed_secrets.get(method=SealedSecrets.PASSPHRASE, ended_at=None)
    unlocked = signin.stretch(passphrase, sealed)
    if not signin.verifier_matches(unlocked, sealed):
        raise not_acceptable(None, "passphrase", "That is not the passphrase you chose. Type it again.")
    recovery = keys.sealed_secrets.get(method=SealedSecrets.RECOVERY, ended_at=None)
    try:
        by_code = vault.stretch_code(vault.parse_recovery_code(recovery_code), label=labels.RECOVERY_CODE)
    except vault.VaultError:
        raise not_acceptable(None, "recovery_code", "That is not a recovery code. Copy it as it was shown.") from None
    if not signin.verifier_matches(by_code, recovery):
        raise not_acceptable(None, "recovery_code", "That is not your recovery code. Copy it as it was shown.")
    if not second_factor.accept(code, sealed=sealed, under=unlocked.encryption, person=keys.person):
        raise not_acceptable(None, "code", "That code is not right. Wait for the next one and type it.")
    return _unlock(keys, sealed, unlocked)


def _unlock(keys: PersonKeys, sealed: SealedSecrets, unlocked: vault.UnlockKeys) -> Keyholder:
    person_id, method = str(keys.person_id), sealed.method
    encryption = keyring.open_person_secret(
        bytes(sealed.encryption), under=unlocked.encryption, person_id=person_id, method=method
    )
    signing = keyring.open_person_signing(
        bytes(sealed.signing or b""), under=unlocked.signing, person_id=person_id, method=method
    )
    return sessions.make_keyholder(keys, encryption=encryption, signing=signing, session_id=str(uuid.uuid4()))


def _found(invitation: Invitation, keys: PersonKeys, keyholder: Keyholder) -> None:
    """The founding lead: signs their own statement, the root; then leads their team like anyone admitted."""
    root = statements.state_root(
        statements.Subject(
            f"person:{invitation.person_id}",
            str(invitation.person.agency_id),
            statements.ROOT,
            vault.PublicKey.parse(bytes(keys.encryption_public)),
            vault.VerifyingKey.parse(bytes(keys.verifying_public)),
        ),
        signing=keyring.signing_key(keyholder),
        by=keyholder,
    )
    person_id = str(invitation.person_id)
    keys.pins = pins.seal(pins.Pins(root=root.digest), under=keyholder.encryption, person_id=person_id)
    PersonKeys.objects.filter(pk=keys.pk).update(pins=keys.pins)
    founder = sessions.make_keyholder(
        keys, encryption=keyholder.encryption, signing=keyholder.signing, session_id=keyholder.session_id
    )
    people.let_in(invitation, keys, by=founder)
    teams.renew_due(by=founder)


def _live_invitation(secret: str) -> Invitation:
    """The invitation this link's secret opens, if it was made under the root that stands today."""
    invitation = (
        Invitation.objects.select_for_update(of=("self", "person"))  # one at a time of one person's links, too
        .select_related("person__agency", "team")
        .filter(
            secret_hash=invitation_secrets.hash_secret(secret),
            expires_at__gt=timezone.now(),
            confirmed_at=None,
            person__closed_at=None,
        )
        .first()
    )
    if invitation is None or invitation.person.keys.filter(confirmed_at__isnull=False).exists():
        raise not_there(None)
    # The link came from a person, not from this database: whoever swapped the root here cannot have changed it there.
    # The very first links were made before there was a root.
    stored = invitation_secrets.shorten_root(statements.root_digest())
    if invitation_secrets.read_root(secret) not in ("", stored):
        raise KeyRefused(
            events.KEY_REFUSED,
            by=None,
            code="key_refused",
            sentence="This invitation was made under another root of trust. Ask whoever invited you to look into it.",
        )
    return invitation
