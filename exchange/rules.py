"""Who may do what: small predicates that read the rows as they are now. With `sharing`, all that speaks to guardian."""

from django.db.models import Q, QuerySet
from django.utils import timezone
from guardian.shortcuts import get_objects_for_user

from accounts import rules as people_rules
from accounts.keyring import Keyholder
from accounts.models import Person
from exchange.models import Disclosure, Record

OPEN = "record:open"
OPENS = f"exchange.{OPEN}"


def openable(by: Keyholder) -> QuerySet[Record]:
    """The records this person may open now: guardian says yes and a grant to them is in force."""
    person = Person.objects.get(id=by.person_id)
    permitted = get_objects_for_user(person, OPENS, klass=Record, accept_global_perms=False)
    return permitted.filter(pk__in=granted_to(by).values("pk"))


def granted_to(by: Keyholder) -> QuerySet[Record]:
    """The records with a grant in force to this person, or to a team they read for.

    Someone who works in no team any more reads nothing, not even what was given to them by name.
    """
    now, teams = timezone.now(), people_rules.team_ids(by.person_id)
    if not teams:
        return Record.objects.none()
    readers = Q(grants__person_id=by.person_id) | Q(grants__team_id__in=teams)
    in_force = Q(grants__expires_at=None) | Q(grants__expires_at__gt=now)
    return Record.objects.filter(readers & in_force)


def may_open(by: Keyholder, record: Record) -> bool:
    """Whether this person may open this record."""
    return openable(by).filter(pk=record.pk).exists()


def may_share(by: Keyholder, concern: Record) -> bool:
    """Whether this person may decide about this concern: they work in the team that owns it, and are no service."""
    return by.kind == "person" and people_rules.works_in(by.person_id, str(concern.owner_id))


def may_amend(by: Keyholder, concern: Record) -> bool:
    """Whether this person (or service) may add to this concern: the team that owns it may."""
    return people_rules.works_in(by.person_id, str(concern.owner_id))


def may_countersign(by: Keyholder, decision: Record) -> bool:
    """Whether this person may give the second signature: a lead of the deciding team, other than who decided."""
    return str(decision.author_id) != by.person_id and people_rules.leads(by.person_id, str(decision.owner_id))


def is_recipient(by: Keyholder, disclosure: Disclosure) -> bool:
    """Whether this disclosure was made to this person or a team they read for, directly or by standing instruction."""
    if disclosure.person_id is not None and str(disclosure.person_id) == by.person_id:
        return True
    if disclosure.team_id is not None and people_rules.works_in(by.person_id, str(disclosure.team_id)):
        return True
    return disclosure.record.grants.filter(person_id=by.person_id, person__kind="service").exists()
