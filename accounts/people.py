"""People: invited, making their keys, admitted by a lead."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

import vault
from accounts import invitation_secrets, keyring, rules, statements, teams
from accounts.errors import conflict, not_acceptable, not_allowed, not_there
from accounts.keyring import Keyholder
from accounts.models import Agency, Invitation, Membership, Person, PersonKeys, Team
from accounts.models.team import ADMINISTRATOR, AUDITOR, LEAD
from audit import events, log
from audit.errors import Actor

INVITATION_LASTS = timedelta(days=14)
MOST_WAITING = 200


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """Who is invited. `engagement` is a code of the edition: employee, contractor or volunteer."""

    name: str
    email: str
    engagement: str
    job_title: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


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
        if Membership.objects.filter(team=team, person=person, role=role, ended_at=None).exists():
            raise conflict(by, "already_there", "They have that role in that team already.")
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
    # The root as whoever invites remembers it: what is stored here may have been exchanged.
    secret = invitation_secrets.make_secret(by.pins.root if by else statements.root_digest())
    now = timezone.now()
    has_keys = person.keys.filter(confirmed_at__isnull=False).exists()
    Invitation.objects.create(
        secret_hash=invitation_secrets.hash_secret(secret),
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


def waiting_for(by: Keyholder) -> list[Waiting]:
    """The people this lead may admit, oldest first; at most two hundred."""
    admitting = rules.find_admitting(by)
    found = [one for one in _find_waiting(admitting) if admitting.includes(one.team, one.role)][:MOST_WAITING]
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
    `Conflict` (admitted already, or not engaged today), `StepUpNeeded`.
    """
    keyring.signing_key(by)
    with transaction.atomic():
        invitation = (
            Invitation.objects.select_for_update()
            .select_related("team", "person")
            .filter(id=invitation_id, confirmed_at__isnull=False, person__closed_at=None)
            .first()
        )
        if invitation is None or not rules.may_admit(by, invitation.team, invitation.role):
            raise not_there(by)
        if invitation.admitted_at is not None:
            raise conflict(by, "already_admitted", "This person has already been admitted.")
        if not invitation.person.is_active:
            # Keys and groups follow who is engaged today: whoever is let in early would hold what no rule gives them.
            raise conflict(by, "not_engaged", "Their engagement has not begun, or is over. Admit them when it runs.")
        keys = invitation.person.keys.order_by("-generation").get()
        if fingerprint.lower().replace(" ", "") != keyring.fingerprint(keys):
            raise not_acceptable(
                by, "fingerprint", "That is not the fingerprint on file. Compare it with the person, by voice."
            )
        return let_in(invitation, keys, by=by)


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


def let_in(invitation: Invitation, keys: PersonKeys, *, by: Keyholder) -> Membership:
    """The admission itself, inside the caller's transaction: key stated, member, group, team key."""
    team, person, now = invitation.team, invitation.person, timezone.now()
    vouch_for(keys, statements.LEAD if invitation.role == LEAD else statements.MEMBER, by=by)
    membership = Membership.objects.create(
        team=team, person=person, role=invitation.role, admitted_by_id=by.person_id, admitted_at=now
    )
    # Whoever was invited to the same place twice waits for it twice, and is let in once.
    Invitation.objects.filter(team=team, person=person, role=invitation.role, admitted_at=None).update(admitted_at=now)
    log.append(
        events.PERSON_ADMITTED,
        by=by,
        records=(teams.name_membership(membership),),
        parties=(f"person:{person.id}", f"team:{team.id}", f"agency:{team.agency_id}"),
        detail=invitation.role,
    )
    if invitation.role != ADMINISTRATOR:
        person.groups.add(team.group)
        _give_team_key(team, keys, invitation.role, by=by)
    return membership


def _find_waiting(admitting: rules.Admitting) -> QuerySet[Invitation]:
    """Those who wait where this lead has any say: their own agencies, or everywhere for the root's holder."""
    found = Invitation.objects.select_related("team", "person").filter(
        confirmed_at__isnull=False, admitted_at=None, person__closed_at=None
    )
    if not admitting.holds_root:
        found = found.filter(team__agency_id__in=admitting.led_in)
    return found.order_by("made_at")


def _give_team_key(team: Team, keys: PersonKeys, role: str, *, by: Keyholder) -> None:
    """Wrap to the newcomer every epoch the lead holds; or begin one, when the lead does not hold the team's secret."""
    if role == AUDITOR or team.renewal_due_since is not None:
        teams.begin_epoch(team, by=by)
    vouched = statements.trusted(f"person:{keys.person_id}", by=by).statement
    held = team.epochs.filter(wraps__keys_id=by.keys_id).exclude(wraps__keys=keys).order_by("epoch")
    for epoch in held:
        secret = keyring.open_team_secret(str(team.id), epoch.epoch, by=by)
        keyring.wrap_team_secret(secret, epoch=epoch, keys_id=keys.pk, to=vouched.encryption_key())
    # A team without any epoch begins one when its first lead next signs in (`teams.renew_due`).


def _person_for(details: PersonDetails, *, agency: Agency, by: Actor) -> Person:
    """The person with this address, if they already belong to the agency; otherwise a new one."""
    known = Person.objects.filter(email=details.email.lower()).first()
    if known is None:
        return make_person(details, agency=agency)
    if known.agency_id != agency.id or known.closed_at is not None:
        raise not_acceptable(by, "email", "That address belongs to someone in another agency. Use their work address.")
    if known.kind != "person":
        raise not_acceptable(by, "email", "That address is a service's, which holds no team's key. Use a person's.")
    return known
