"""The two locks compared over the whole database: guardian's permissions on one side, wrapped keys on the other."""

from collections import defaultdict
from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from guardian.models import GroupObjectPermission, UserObjectPermission

from accounts.keyring import Keyholder
from accounts.models import Person, Team, TeamEpoch, TeamKeyWrap
from accounts.models.team import ADMINISTRATOR
from accounts.rules import live_memberships
from audit.errors import Refused
from exchange import rules, sealing
from exchange.models import Grant, KeyWrap, Record, RecordGroupPermission, RecordUserPermission

GRANTED = ("team__name", "person__email", "expires_at")


def find_disagreements() -> list[str]:
    """Everything in which the two locks, and the rows they hang on, differ; an empty list when they agree."""
    return [
        *_compare_permissions(),
        *_compare_wraps(),
        *_compare_groups(),
        *_compare_team_keys(),
        *_find_shortcuts(),
        *(f"{record} is open to nobody who owns it" for record in _find_orphans()),
    ]


def find_keys_without_permission(holders: Iterable[Keyholder]) -> list[str]:
    """The records somebody's real secrets unlock although guardian and the grants say that they may not."""
    return [
        f"{by.kind} {by.person_id} unlocks {record.ref}, granted to {list(record.grants.values_list(*GRANTED))}"
        for by in holders
        for record in Record.objects.exclude(pk__in=rules.openable(by).values("pk"))
        if unlocks(by, record)
    ]


def find_permissions_without_key(holders: Iterable[Keyholder]) -> list[str]:
    """The records somebody may open, and cannot with the secrets they really hold."""
    return [
        f"{by.person_id} cannot unlock {record.ref}"
        for by in holders
        for record in rules.openable(by)
        if not unlocks(by, record)
    ]


def unlocks(by: Keyholder, record: Record) -> bool:
    """Whether these secrets unwrap this record's key, whatever any rule says."""
    try:
        sealing.unlock(record, by=by)
    except Refused:
        return False
    return True


def _compare_permissions() -> list[str]:
    grants: set[tuple[object, ...]] = set(Grant.objects.values_list("record_id", "team__group_id", "person_id"))
    open_to = Permission.objects.get(codename=rules.OPEN, content_type__app_label="exchange")
    permitted: set[tuple[object, ...]] = {
        (row.content_object_id, row.group_id, None) for row in RecordGroupPermission.objects.filter(permission=open_to)
    } | {(row.content_object_id, None, row.user_id) for row in RecordUserPermission.objects.filter(permission=open_to)}
    other = RecordGroupPermission.objects.exclude(permission=open_to).count()
    other += RecordUserPermission.objects.exclude(permission=open_to).count()
    return [
        *(f"a grant without guardian's permission: {one}" for one in grants - permitted),
        *(f"guardian's permission without a grant: {one}" for one in permitted - grants),
        *([f"{other} permissions that are not to open"] if other else []),
    ]


def _compare_wraps() -> list[str]:
    found = [f"a grant without a wrapped key: {grant.pk}" for grant in Grant.objects.filter(wraps=None)]
    members = _find_members()
    for wrap in KeyWrap.objects.select_related("grant", "team_epoch", "keys"):
        to_team = wrap.team_epoch is not None and wrap.team_epoch.team_id == wrap.grant.team_id
        in_person = wrap.keys is not None and wrap.keys.person_id == wrap.grant.person_id
        member = wrap.keys is not None and wrap.keys.person_id in members[wrap.grant.team_id]
        if not (to_team or in_person or member):
            found.append(f"a key wrapped to someone the grant is not to: {wrap.pk}")
    return found


def _compare_groups() -> list[str]:
    members = _find_members()
    found = [
        f"the group of {team} differs from its memberships"
        for team in Team.objects.all()
        if set(team.group.user_set.values_list("pk", flat=True)) != members[team.pk]
    ]
    return found + [f"a group without a team: {group.pk}" for group in Group.objects.filter(team=None)]


def _compare_team_keys() -> list[str]:
    members, found = _find_members(), []
    for wrap in TeamKeyWrap.objects.select_related("team_epoch", "keys"):
        holder, place = wrap.keys.person_id, wrap.team_epoch.team_id
        if holder not in members[place]:
            found.append(f"a team's secret wrapped to someone who is not in it: {wrap.pk}")
    for team in Team.objects.filter(renewal_due_since=None, epochs__isnull=False).distinct():
        newest = TeamEpoch.objects.filter(team=team).order_by("-epoch")[0]
        holding = set(newest.wraps.values_list("keys__person_id", flat=True))
        if holding != members[team.pk]:
            found.append(f"the newest secret of {team} is not held by exactly its members")
    return found


def _find_shortcuts() -> list[str]:
    """Guardian's generic tables and Django's global permissions would open everything at once: they stay empty."""
    shortcuts = {
        "generic permissions": UserObjectPermission.objects.count() + GroupObjectPermission.objects.count(),
        "global permissions": Permission.objects.filter(user__isnull=False).count()
        + Permission.objects.filter(group__isnull=False).count(),
        "superusers": Person.objects.filter(is_superuser=True).count(),
    }
    return [f"{number} {name}" for name, number in shortcuts.items() if number]


def _find_orphans() -> list[str]:
    return [record.ref for record in Record.objects.select_related("owner") if not _has_owner(record)]


def _has_owner(record: Record) -> bool:
    return record.grants.filter(team_id=record.owner_id).exists()


def _find_members() -> defaultdict[object, set[object]]:
    """Who reads for each team now: its people but administrators. A service is given records one by one instead."""
    found: defaultdict[object, set[object]] = defaultdict(set)
    for membership in live_memberships().exclude(role=ADMINISTRATOR).filter(person__kind="person"):
        found[membership.team_id].add(membership.person_id)
    return found
