"""People: invited, making their keys, admitted by a lead."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

import vault
from accounts import keyring, passphrases, pins, rules, second_factor, sessions, signin, statements, stretching, teams
from accounts.errors import conflict, not_acceptable, not_allowed, not_there
from accounts.keyring import Keyholder
from accounts.models import Agency, Invitation, Membership, Person, PersonKeys, SealedSecrets, Team
from accounts.models.team import ADMINISTRATOR, AUDITOR, LEAD
from audit import events, log
from audit.errors import Actor
from vault import labels

INVITATION_LASTS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """Who is invited. `engagement` is a code of the edition: employee, contractor or volunteer."""

    name: str
    email: str
    engagement: str
    job_title: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """What an invited person is shown once: keep the recovery code, set up the authenticator."""

    recovery_code: str
    authenticator_uri: str
    spare_codes: list[str]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Someone who has made their keys and waits for a lead."""

    invitation_id: str
    person_id: str
    name: str
    team_id: str
    role: str
    fingerprint: str


def invite(details: PersonDetails, *, team_id: str, role: str, by: Keyholder) -> str:
    """Invite one person to a role in a team; the link's secret, shown once. Raises `NotAllowed`, `NotAcceptable`."""
    with transaction.atomic():
        team = Team.objects.select_related("agency").filter(id=team_id, closed_at=None).first()
        if team is None:
            raise not_there(by, parties=())
        if not rules.may_invite(by, team):
            raise not_allowed(by, "Only an administrator or a lead of the agency can invite people to its teams.")
        if not rules.is_acceptable_role(team, role):
            raise not_acceptable(by, "role", "That role does not belong in this team.")
        person = _person_for(details, agency=team.agency, by=by)
        return make_invitation(person, team, role, by=by)


def make_person(details: PersonDetails, *, agency: Agency, kind: str = "person") -> Person:
    """A person's row, without keys."""
    return Person.objects.create(
        agency=agency,
        name=details.name,
        email=details.email.lower(),
        engagement=details.engagement,
        job_title=details.job_title,
        kind=kind,
        valid_from=details.valid_from or timezone.localdate(),
        valid_until=details.valid_until,
        made_at=timezone.now(),
    )


def make_invitation(person: Person, team: Team, role: str, *, by: Keyholder | None, founding: bool = False) -> str:
    """A single-use secret of 256 bits, of which only a hash is stored; logged.

    Someone who holds keys already needs no link: they wait for the lead at once, and the secret opens nothing.
    """
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    has_keys = person.keys.filter(confirmed_at__isnull=False).exists()
    Invitation.objects.create(
        secret_hash=_hash(secret),
        person=person,
        team=team,
        role=role,
        founding=founding,
        made_by_id=by.person_id if by else None,
        made_at=now,
        expires_at=now + INVITATION_LASTS,
        confirmed_at=now if has_keys else None,
    )
    log.append(events.INVITATION_MADE, by=by, parties=(f"person:{person.id}", f"team:{team.id}"), detail=role)
    return secret


def take_invitation(secret: str, passphrase: str) -> Taken:
    """Make the invited person's keys. May be repeated until confirmed; each time the earlier keys are discarded.

    Raises `NotThere` (unknown, used or expired link), `NotAcceptable` (a weak passphrase).
    """
    with transaction.atomic():
        invitation = _live_invitation(secret)
        person = invitation.person
        fault = passphrases.find_fault(passphrase, personal=[person.name, person.email])
        if fault:
            raise not_acceptable(None, "passphrase", fault, code="weak_passphrase")
        SealedSecrets.objects.filter(keys__person=person).delete()
        person.keys.all().delete()
        return _make_keys(person, passphrase, invitation)


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
        Invitation.objects.filter(pk=invitation.pk).update(confirmed_at=timezone.now())
        log.append(events.INVITATION_TAKEN, by=keyholder, parties=(f"person:{invitation.person_id}",))
        if invitation.founding and not statements.root_digest():
            _found(invitation, keys, keyholder)


def waiting_for(by: Keyholder) -> list[Waiting]:
    """The people this lead may admit, oldest first."""
    open_invitations = Invitation.objects.select_related("team", "person").filter(
        confirmed_at__isnull=False, admitted_at=None
    )
    found = [i for i in open_invitations.order_by("made_at")[:200] if rules.may_admit(by, i.team, i.role)]
    keys = {k.person_id: k for k in PersonKeys.objects.filter(person_id__in=[i.person_id for i in found])}
    return [
        Waiting(
            str(i.id), str(i.person_id), i.person.name, str(i.team_id), i.role, keyring.fingerprint(keys[i.person_id])
        )
        for i in found
    ]


def admit(invitation_id: str, fingerprint: str, *, by: Keyholder) -> Membership:
    """A lead vouches for a person's keys and lets them into the team: one act, one transaction.

    `fingerprint` is what the lead compared with the person. Raises `NotThere`, `NotAllowed`, `NotAcceptable`,
    `Conflict`, `StepUpNeeded`.
    """
    keyring.signing_key(by)
    with transaction.atomic():
        invitation = (
            Invitation.objects.select_for_update()
            .select_related("team", "person")
            .filter(id=invitation_id, confirmed_at__isnull=False)
            .first()
        )
        if invitation is None or not rules.may_admit(by, invitation.team, invitation.role):
            raise not_there(by)
        if invitation.admitted_at is not None:
            raise conflict(by, "already_admitted", "This person has already been admitted.")
        keys = invitation.person.keys.order_by("-generation").get()
        if fingerprint.lower().replace(" ", "") != keyring.fingerprint(keys):
            raise not_acceptable(
                by, "fingerprint", "That is not the fingerprint on file. Compare it with the person, by voice."
            )
        return _admit(invitation, keys, by=by)


def names(ids: Iterable[str]) -> dict[str, str]:
    """Person ids to names, in one query."""
    return {str(pk): name for pk, name in Person.objects.filter(id__in=set(ids)).values_list("id", "name")}


def vouch_for(keys: PersonKeys, role: str, *, by: Keyholder) -> None:
    """State a person's key, unless an equal or stronger statement already stands."""
    person = keys.person
    subject = f"person:{person.id}"
    if statements.current_digest(subject):
        held = statements.trusted(subject, by=by).statement.role
        if held in statements.VOUCHING or role == held:
            return
    statements.state_key(
        statements.Subject(
            subject,
            str(person.agency_id),
            role,
            vault.PublicKey.parse(bytes(keys.encryption_public)),
            vault.VerifyingKey.parse(bytes(keys.verifying_public)),
        ),
        by=by,
    )


def _admit(invitation: Invitation, keys: PersonKeys, *, by: Keyholder) -> Membership:
    team, person, now = invitation.team, invitation.person, timezone.now()
    vouch_for(keys, statements.LEAD if invitation.role == LEAD else statements.MEMBER, by=by)
    membership = Membership.objects.create(
        team=team, person=person, role=invitation.role, admitted_by_id=by.person_id, admitted_at=now
    )
    Invitation.objects.filter(pk=invitation.pk).update(admitted_at=now)
    log.append(
        events.PERSON_ADMITTED,
        by=by,
        parties=(f"person:{person.id}", f"team:{team.id}", f"agency:{team.agency_id}"),
        detail=invitation.role,
    )
    if invitation.role != ADMINISTRATOR:
        person.groups.add(team.group)
        _give_team_key(team, keys, invitation.role, by=by)
    return membership


def _give_team_key(team: Team, keys: PersonKeys, role: str, *, by: Keyholder) -> None:
    """Wrap the team's secret to the newcomer; or begin an epoch when the lead does not hold that secret."""
    epoch = team.epochs.order_by("-epoch").first()
    if role == AUDITOR or team.renewal_due_since is not None:
        teams.begin_epoch(team, by=by)
    elif epoch is not None:
        secret = keyring.open_team_secret(str(team.id), epoch.epoch, by=by)
        vouched = statements.trusted(f"person:{keys.person_id}", by=by)
        keyring.wrap_team_secret(secret, epoch=epoch, keys_id=keys.pk, to=vouched.statement.encryption_key())
    # A team without any epoch begins one when its first lead next signs in (`teams.renew_due`).


def _make_keys(person: Person, passphrase: str, invitation: Invitation) -> Taken:
    encryption, signing = vault.make_secret_key(), vault.make_signing_key()
    person_id, now = str(person.id), timezone.now()
    remembered = pins.Pins(root="" if invitation.founding else statements.root_digest())
    keys = PersonKeys.objects.create(
        person=person,
        encryption_public=encryption.public().raw,
        verifying_public=signing.verifying().raw,
        pins=pins.seal(remembered, under=encryption, person_id=person_id),
        made_at=now,
    )
    seed, recovery_code = second_factor.make_seed(), vault.make_recovery_code()
    salt, cost = secrets.token_bytes(16), stretching.present_cost()
    by_passphrase = vault.stretch_passphrase(passphrase, salt=salt, cost=cost)
    sealed = _seal(keys, by_passphrase, encryption, signing, method=SealedSecrets.PASSPHRASE)
    sealed.salt, sealed.memory_kib, sealed.passes, sealed.lanes = salt, cost.memory_kib, cost.passes, cost.lanes
    sealed.factor = second_factor.seal_seed(seed, under=by_passphrase.encryption, person_id=person_id)
    sealed.save()
    by_code = vault.stretch_code(vault.parse_recovery_code(recovery_code), label=labels.RECOVERY_CODE)
    _seal(keys, by_code, encryption, signing, method=SealedSecrets.RECOVERY).save()
    Invitation.objects.filter(pk=invitation.pk).update(taken_at=now)
    return Taken(
        recovery_code,
        second_factor.make_uri(seed, email=person.email),
        second_factor.make_spare_codes(person),
        keyring.fingerprint(keys),
    )


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
    person_id = str(keys.person_id)
    sealed = keys.sealed_secrets.get(method=SealedSecrets.PASSPHRASE)
    unlocked = signin.stretch(passphrase, sealed)
    if not signin.verifier_matches(unlocked, sealed):
        raise not_acceptable(None, "passphrase", "That is not the passphrase you chose. Type it again.")
    recovery = keys.sealed_secrets.get(method=SealedSecrets.RECOVERY)
    try:
        by_code = vault.stretch_code(vault.parse_recovery_code(recovery_code), label=labels.RECOVERY_CODE)
    except vault.VaultError:
        raise not_acceptable(None, "recovery_code", "That is not a recovery code. Copy it as it was shown.") from None
    if not signin.verifier_matches(by_code, recovery):
        raise not_acceptable(None, "recovery_code", "That is not your recovery code. Copy it as it was shown.")
    if not second_factor.accept(code, sealed=sealed, under=unlocked.encryption, person=keys.person):
        raise not_acceptable(None, "code", "That code is not right. Wait for the next one and type it.")
    return sessions.make_keyholder(
        keys,
        encryption=keyring.open_person_secret(
            bytes(sealed.encryption), under=unlocked.encryption, person_id=person_id, method=sealed.method
        ),
        signing=keyring.open_person_signing(
            bytes(sealed.signing or b""), under=unlocked.signing, person_id=person_id, method=sealed.method
        ),
        session_id=str(uuid.uuid4()),
    )


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
    remembered = pins.Pins(root=root.digest)
    person_id = str(invitation.person_id)
    keys.pins = pins.seal(remembered, under=keyholder.encryption, person_id=person_id)
    PersonKeys.objects.filter(pk=keys.pk).update(pins=keys.pins)
    founder = sessions.make_keyholder(
        keys, encryption=keyholder.encryption, signing=keyholder.signing, session_id=keyholder.session_id
    )
    _admit(invitation, keys, by=founder)
    teams.renew_due(by=founder)


def _person_for(details: PersonDetails, *, agency: Agency, by: Actor) -> Person:
    """The person with this address, if they already belong to the agency; otherwise a new one."""
    known = Person.objects.filter(email=details.email.lower()).first()
    if known is None:
        return make_person(details, agency=agency)
    if known.agency_id != agency.id or known.closed_at is not None:
        raise not_acceptable(by, "email", "That address belongs to someone in another agency. Use their work address.")
    return known


def _live_invitation(secret: str) -> Invitation:
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("person__agency", "team")
        .filter(secret_hash=_hash(secret), expires_at__gt=timezone.now(), confirmed_at=None)
        .first()
    )
    if invitation is None:
        raise not_there(None)
    return invitation


def _hash(secret: str) -> bytes:
    # A fast hash suffices: the secret has 256 random bits.
    return hashlib.sha256(b"confer/v1/invitation\0" + secret.encode()).digest()
