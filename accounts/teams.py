"""Teams: making them, beginning a key epoch, cutting a member."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

import vault
from accounts import keyring, pins, rules, sessions, statements
from accounts.errors import KeyRefused, conflict, not_allowed, not_there
from accounts.keyring import Keyholder
from accounts.models import Agency, Membership, Person, PersonKeys, Team, TeamEpoch, TeamKeyWrap
from accounts.models.team import AUDITOR, DESK, LEAD
from audit import events, latest, log


@dataclass(frozen=True, slots=True)
class TeamDetails:
    """What a team is made of. `kind` is desk, audit or exchange."""

    name: str
    kind: str = DESK
    remit: str = ""
    email: str = ""
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """A key that something can be wrapped to: a team's epoch, or one person's keys."""

    key: vault.PublicKey
    subject: str
    epoch: int
    team_epoch_id: int | None
    keys_id: int | None


def make_team(agency: Agency, details: TeamDetails) -> Team:
    """A team and its guardian group; its first key epoch begins with its first lead. The caller logs it."""
    team_id = uuid.uuid4()
    return Team.objects.create(
        id=team_id,
        agency=agency,
        group=Group.objects.create(name=f"team:{team_id}"),
        made_at=timezone.now(),
        name=details.name,
        kind=details.kind,
        remit=details.remit,
        email=details.email,
        telephone=details.telephone,
    )


def add_team(agency_id: str, details: TeamDetails, *, by: Keyholder) -> Team:
    """An administrator or lead adds a team to their agency. Raises `NotAllowed`, `Conflict`."""
    with transaction.atomic():
        agency = Agency.objects.filter(id=agency_id, closed_at=None).first()
        allowed = rules.administers(by.person_id, agency_id) or rules.leads_in_agency(by.person_id, agency_id)
        if agency is None or not (allowed or rules.holds_root(by)):
            raise not_allowed(by, "Only an administrator or lead of the agency can add a team to it.")
        if Team.objects.filter(agency=agency, name=details.name).exists():
            raise conflict(by, "already_there", "The agency already has a team of that name. Choose another name.")
        team = make_team(agency, details)
        log.append(events.TEAM_MADE, by=by, parties=(f"team:{team.id}", f"agency:{agency_id}"))
        return team


def begin_epoch(team: Team, *, by: Keyholder) -> tuple[TeamEpoch, Keyholder]:
    """A new key for the team, stated and wrapped to every present member; inside the caller's transaction.

    Raises `KeyRefused` for a member whose key is not vouched for, or whose admission is not in the log. Returns the
    epoch, and the keyholder with pins that remember it.
    """
    secret = vault.make_secret_key()
    statement = statements.state_key(
        statements.Subject(f"team:{team.id}", str(team.agency_id), statements.TEAM, secret.public()), by=by
    )
    epoch = TeamEpoch.objects.create(
        team=team, epoch=statement.epoch, public=secret.public().raw, statement=statement, made_at=timezone.now()
    )
    for keys in _members_keys(team):
        _check_admitted(team, keys, by=by)
        vouched = statements.trusted(f"person:{keys.person_id}", by=by)
        keyring.wrap_team_secret(secret, epoch=epoch, keys_id=keys.pk, to=vouched.statement.encryption_key())
    Team.objects.filter(pk=team.pk).update(renewal_due_since=None)
    remembered = pins.remember(
        {f"team:{team.id}": epoch.epoch}, keys_id=by.keys_id, under=by.encryption, person_id=by.person_id
    )
    return epoch, replace(by, pins=remembered)


def renew_due(*, by: Keyholder) -> int:
    """Begin the epochs that wait for a lead, in the teams this person leads; how many were begun."""
    due = Team.objects.filter(
        id__in=rules.live_memberships().filter(person_id=by.person_id, role=LEAD).values("team_id")
    )
    begun = 0
    for found in due.filter(renewal_due_since__isnull=False) | due.filter(epochs__isnull=True):
        with transaction.atomic():
            team = Team.objects.select_for_update().get(pk=found.pk)
            if team.renewal_due_since is None and team.epochs.exists():
                continue  # another lead of the team signed in at the same moment
            _, by = begin_epoch(team, by=by)
            begun += 1
    return begun


def readers_of(team: Team, *, by: Keyholder) -> list[Reader]:
    """The keys to wrap to so that exactly this team's present members can read.

    Usually one: the team's newest epoch. While a cut member's epoch waits for renewal, each member's own key
    instead, so that a share never waits for a lead. Empty when nobody in the team holds a key.
    """
    epoch = team.epochs.order_by("-epoch").first()
    members = list(_members_keys(team))
    if epoch is not None and team.renewal_due_since is None and members:
        vouched = statements.trusted(f"team:{team.id}", by=by)
        if (epoch.statement_id, epoch.epoch) != (vouched.digest, vouched.statement.epoch):
            raise statements.key_refused(f"team:{team.id}", "epoch_row_altered", by=by)
        statements.refuse_other_key(vouched, encryption=bytes(epoch.public), by=by)
        return [Reader(vouched.statement.encryption_key(), f"team:{team.id}", vouched.statement.epoch, epoch.pk, None)]
    for keys in members:
        _check_admitted(team, keys, by=by)
    return [reader_for(keys, by=by) for keys in members]


def reader_for(keys: PersonKeys, *, by: Keyholder) -> Reader:
    """One person's own key, vouched for."""
    subject = f"person:{keys.person_id}"
    vouched = statements.trusted(subject, by=by)
    statements.refuse_other_key(
        vouched, encryption=bytes(keys.encryption_public), verifying=bytes(keys.verifying_public), by=by
    )
    return Reader(vouched.statement.encryption_key(), subject, vouched.statement.epoch, None, keys.pk)


def readers_of_person(person: Person, *, by: Keyholder) -> list[Reader]:
    """The one key of a person (or service) engaged today; empty when they have none yet."""
    keys = PersonKeys.objects.filter(person=person, confirmed_at__isnull=False).order_by("-generation").first()
    return [reader_for(keys, by=by)] if keys is not None and person.is_active else []


def remove_member(membership_id: str, *, by: Keyholder) -> None:
    """A lead removes a member: every door closes at once, and the team's next epoch begins in the same act.

    Raises `NotThere`, `NotAllowed`, `Conflict` (the last lead cannot be removed), `StepUpNeeded`.
    """
    keyring.signing_key(by)
    with transaction.atomic():
        membership = (
            Membership.objects.select_for_update()
            .select_related("team", "person")
            .filter(id=membership_id, ended_at=None)
            .first()
        )
        if membership is None or not rules.leads(by.person_id, str(membership.team_id)):
            raise not_there(by)
        _refuse_to_orphan(membership, by=by)
        cut(membership)
        _log_removal(membership, by=by, detail="by_lead")
        begin_epoch(membership.team, by=by)


def cut(membership: Membership) -> None:
    """End one membership: wraps deleted, group left, sessions ended, team closed to new wraps under this epoch."""
    now = timezone.now()
    Membership.objects.filter(pk=membership.pk).update(ended_at=now)
    still = rules.live_memberships().filter(
        person=membership.person, team=membership.team, role__in=(*rules.READING_ROLES, AUDITOR)
    )
    if not still.exists():
        membership.person.groups.remove(membership.team.group)
        TeamKeyWrap.objects.filter(keys__person=membership.person, team_epoch__team=membership.team).delete()
        Team.objects.filter(pk=membership.team_id, epochs__isnull=False).update(renewal_due_since=now)
    sessions.end_all(str(membership.person_id))


def close_person(person_id: str, *, by: Keyholder) -> None:
    """An administrator ends someone's engagement: cut from every team at once, and no sign-in again.

    The teams' next epochs begin when their leads next sign in: an administrator holds no keys and can admit nobody.
    Raises `NotThere`, `Conflict` (a team's last lead; admit another first).
    """
    with transaction.atomic():
        # Their teams first, as whoever removes a member does: of two leads who go at once, the second is the last.
        places = Membership.objects.filter(person_id=person_id, ended_at=None)
        list(Team.objects.select_for_update().filter(id__in=places.values("team_id")).order_by("id"))
        person = Person.objects.select_for_update().filter(id=person_id, closed_at=None).first()
        if person is None or not rules.administers(by.person_id, str(person.agency_id)):
            raise not_there(by)
        for membership in Membership.objects.select_related("team", "person").filter(person=person, ended_at=None):
            _refuse_to_orphan(membership, by=by)
            cut(membership)
            _log_removal(membership, by=by, detail="engagement_ended")
        Person.objects.filter(pk=person.pk).update(closed_at=timezone.now())
        sessions.end_all(person_id)
        log.append(events.PERSON_CLOSED, by=by, parties=(f"person:{person_id}", f"agency:{person.agency_id}"))


def _log_removal(membership: Membership, *, by: Keyholder | None, detail: str) -> None:
    log.append(
        events.PERSON_REMOVED,
        by=by,
        records=(name_membership(membership),),
        parties=(f"person:{membership.person_id}", f"team:{membership.team_id}"),
        detail=detail,
    )


def cut_leavers() -> int:
    """Cut whoever's engagement has ended (a clock's work, with no keys); how many memberships ended."""
    today = timezone.localdate()
    leavers = Membership.objects.select_related("team", "person").filter(ended_at=None, person__valid_until__lt=today)
    count = 0
    for membership in leavers.order_by("admitted_at")[:200]:
        with transaction.atomic():
            cut(membership)
            _log_removal(membership, by=None, detail="engagement_ended")
        count += 1
    return count


def names(ids: Iterable[str]) -> dict[str, str]:
    """Team ids to names, in one query."""
    return {str(pk): name for pk, name in Team.objects.filter(id__in=set(ids)).values_list("id", "name")}


def name_membership(membership: Membership) -> str:
    """How the log names one person's role in one team: admissions and removals are entries about it."""
    told = f"{membership.team_id} {membership.person_id} {membership.role}"
    return f"membership:{hashlib.sha256(told.encode()).hexdigest()[:40]}"


def _check_admitted(team: Team, keys: PersonKeys, *, by: Keyholder) -> None:
    """A membership row alone proves nothing: the log must hold the lead's admission, and no later removal."""
    came_and_went = (events.PERSON_ADMITTED, events.PERSON_REMOVED)
    places = rules.live_memberships().filter(team=team, person_id=keys.person_id)
    said = {latest.latest_event(name_membership(place), among=came_and_went) for place in places}
    if events.PERSON_ADMITTED not in said:
        raise KeyRefused(
            events.KEY_REFUSED,
            by=by,
            parties=(f"person:{keys.person_id}", f"team:{team.id}"),
            detail="not_admitted",
            code="key_refused",
            sentence="Someone stands in that team whom no lead admitted, so nothing was sent. The auditors were told.",
        )


def _members_keys(team: Team) -> QuerySet[PersonKeys]:
    roles = rules.READING_ROLES if team.kind == DESK else (AUDITOR,)
    people = rules.live_memberships().filter(team=team, role__in=roles).values("person_id")
    # A service never holds a team's secret: records are given to it one by one.
    keys = PersonKeys.objects.filter(person_id__in=people, person__kind="person", confirmed_at__isnull=False)
    return keys.order_by("pk")


def _refuse_to_orphan(membership: Membership, *, by: Keyholder) -> None:
    others = rules.live_memberships().filter(team=membership.team, role=LEAD).exclude(pk=membership.pk)
    if membership.role == LEAD and not others.exists():
        raise conflict(
            by, "last_lead", "A team keeps at least one lead. Admit another lead first, then remove this one."
        )
