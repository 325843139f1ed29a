"""Unlocked keys: who holds them during one request, and what they open.

A `Keyholder` is made per request, passed as `by=` and forgotten. It refuses to be pickled, copied to a task or
printed, so that an unlocked key never becomes ambient.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import NoReturn

import vault
from accounts.errors import StepUpNeeded, not_there
from accounts.models import PersonKeys, TeamEpoch, TeamKeyWrap
from accounts.pins import Pins
from audit import events
from vault import labels


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Keyholder:
    """A person (or service) with their keys unlocked for one request. `team_id` is whom they act for."""

    person_id: str
    agency_id: str
    team_id: str
    kind: str
    keys_id: int
    statement: str
    session_id: str
    encryption: vault.SecretKey
    signing: vault.SigningKey | None
    pins: Pins

    def __repr__(self) -> str:
        return f"Keyholder({self.person_id})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a queue or a cache must never hold an unlocked key."""
        message = "A keyholder lives for one request and cannot be stored."
        raise TypeError(message)


def act_for(team_id: str, *, by: Keyholder) -> Keyholder:
    """The same keyholder acting for `team_id`, which the log will name."""
    return replace(by, team_id=team_id)


def signing_key(by: Keyholder) -> vault.SigningKey:
    """The unlocked signing key. Raises `StepUpNeeded` when it has rested longer than five minutes."""
    if by.signing is None:
        raise StepUpNeeded(
            event=events.REQUEST_REFUSED,
            by=by,
            code="step_up_needed",
            sentence="Give your passphrase again to do this, then repeat the request.",
        )
    return by.signing


def seal_person_secret(secret: vault.SecretKey, *, under: vault.UnlockKey, person_id: str, method: str) -> bytes:
    """A person's encryption secret, sealed for rest under one unlock method."""
    return vault.seal_secret(secret, under=under, context=vault.bind(labels.PERSON_SECRET_KEY, person_id, method))


def open_person_secret(sealed: bytes, *, under: vault.UnlockKey, person_id: str, method: str) -> vault.SecretKey:
    """The reverse of `seal_person_secret`. Raises `vault.WrongKey`."""
    return vault.open_secret_key(sealed, under=under, context=vault.bind(labels.PERSON_SECRET_KEY, person_id, method))


def seal_person_signing(secret: vault.SigningKey, *, under: vault.UnlockKey, person_id: str, method: str) -> bytes:
    """A person's signing secret, sealed for rest under one unlock method."""
    return vault.seal_secret(secret, under=under, context=vault.bind(labels.PERSON_SIGNING_KEY, person_id, method))


def open_person_signing(sealed: bytes, *, under: vault.UnlockKey, person_id: str, method: str) -> vault.SigningKey:
    """The reverse of `seal_person_signing`. Raises `vault.WrongKey`."""
    return vault.open_signing_key(sealed, under=under, context=vault.bind(labels.PERSON_SIGNING_KEY, person_id, method))


def wrap_team_secret(secret: vault.SecretKey, *, epoch: TeamEpoch, keys_id: int, to: vault.PublicKey) -> None:
    """Give one member the secret of one team epoch (a `TeamKeyWrap` row)."""
    context = vault.bind(labels.TEAM_SECRET_KEY, str(epoch.team_id), epoch.epoch, str(keys_id))
    wrapped = vault.wrap(secret, to=to, context=context)
    TeamKeyWrap.objects.create(team_epoch=epoch, keys_id=keys_id, wrapped=wrapped.raw)


def open_team_secret(team_id: str, epoch: int | None = None, *, by: Keyholder) -> vault.SecretKey:
    """The secret of a team's epoch (the newest when None), for a member. Raises `NotThere` for anyone else."""
    wraps = TeamKeyWrap.objects.select_related("team_epoch").filter(keys_id=by.keys_id, team_epoch__team_id=team_id)
    if epoch is not None:
        wraps = wraps.filter(team_epoch__epoch=epoch)
    wrap = wraps.order_by("-team_epoch__epoch").first()
    if wrap is None:
        raise not_there(by, parties=(f"team:{team_id}",), event=events.RECORD_OPEN_REFUSED)
    context = vault.bind(labels.TEAM_SECRET_KEY, team_id, wrap.team_epoch.epoch, str(by.keys_id))
    return vault.unwrap_secret_key(vault.WrappedKey.parse(bytes(wrap.wrapped)), using=by.encryption, context=context)


def fingerprint(keys: PersonKeys) -> str:
    """What a lead compares with the person before admitting them: 16 hex digits over both public keys."""
    encryption = vault.PublicKey.parse(bytes(keys.encryption_public)).fingerprint()
    verifying = vault.VerifyingKey.parse(bytes(keys.verifying_public)).fingerprint()
    return hashlib.sha256(f"{encryption}\n{verifying}".encode()).hexdigest()[:16]
