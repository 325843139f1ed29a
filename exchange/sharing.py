"""Giving and taking back: guardian's permission, the wrapped key, the entry and the notice, always together."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from guardian.shortcuts import assign_perm, remove_perm

import vault
from accounts import pins, teams
from accounts import rules as people_rules
from accounts.errors import KeyRefused, NoKeyHolder
from accounts.keyring import Keyholder
from accounts.models import Membership, Person, Team
from accounts.teams import Reader
from audit import events, log
from exchange import notices, refusals, rules, sealing
from exchange.models import Disclosure, Grant, KeyWrap, Record, StandingInstruction


@dataclass(frozen=True, slots=True)
class Recipient:
    """One team or one person."""

    team: Team | None = None
    person: Person | None = None

    @property
    def party(self) -> str:
        """How the log names them."""
        return f"team:{self.team.id}" if self.team else f"person:{self.person.id if self.person else ''}"

    @property
    def agency_id(self) -> str:
        """The agency they belong to."""
        holder = self.team or self.person
        return str(holder.agency_id) if holder else ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Until when a grant lasts (None: until taken back), and what notice goes with it ("" for none)."""

    expires_at: datetime | None = None
    notice: str = ""
    urgent: bool = False


def find_readers(recipient: Recipient, *, by: Keyholder) -> list[Reader]:
    """The keys to wrap to. Raises `NoKeyHolder` when nobody there holds one, `KeyRefused` for one not vouched for."""
    if recipient.team is not None:
        readers = teams.readers_of(recipient.team, by=by)
    else:
        readers = teams.readers_of_person(recipient.person, by=by) if recipient.person else []
    if not readers:
        raise _no_key_holder(recipient, by=by)
    return readers


def give(
    record: Record, key: vault.ContentKey, *, to: Recipient, readers: list[Reader], terms: Terms, by: Keyholder
) -> Grant:
    """Let one reader open one record; inside the caller's transaction.

    A lead's standing instruction gives what was disclosed to the team to its service too, as a grant of its own.
    """
    grant = _lock(record, key, to=to, readers=readers, terms=terms, by=by)
    if terms.notice:
        notices.owe(terms.notice, to=to.team, person=to.person, ref=record.ref, urgent=terms.urgent)
    if to.team is not None and to.team != record.owner and record.kind == "disclosure":
        for instruction in StandingInstruction.objects.select_related("person").filter(team=to.team):
            if not people_rules.works_in(str(instruction.person_id), str(to.team.id)):
                continue  # the service was removed from the team: the instruction outlived it
            service = Recipient(person=instruction.person)
            try:
                readers = find_readers(service, by=by)
            except (NoKeyHolder, KeyRefused) as problem:
                refusals.pass_over(problem, by=by)  # people come first: a service never holds up their share
                continue
            _lock(record, key, to=service, readers=readers, terms=terms, by=by)
    return grant


def give_to_owner(record: Record, key: vault.ContentKey, *, by: Keyholder) -> Grant:
    """The owning team's own grant, without which nobody could open what was just made."""
    owner = Recipient(team=record.owner)
    return give(record, key, to=owner, readers=find_readers(owner, by=by), terms=Terms(), by=by)


def take_back(grant: Grant, *, by: Keyholder | None) -> None:
    """Cut one reader: both locks and the entry in the caller's transaction, effective at once."""
    _unlock(grant)
    log.append(
        events.RECORD_GRANT_TAKEN,
        by=by,
        records=(grant.record.ref,),
        parties=(_party(grant), f"agency:{grant.record.owner.agency_id}"),
    )


def remove_member(membership_id: str, *, by: Keyholder) -> None:
    """A lead removes a member, who loses in the same transaction what was wrapped to their own key. As `teams`'."""
    with transaction.atomic():
        person_id = Membership.objects.filter(id=membership_id).values_list("person_id", flat=True).first()
        teams.remove_member(membership_id, by=by)
        end_leavers_keys(str(person_id), by=by)


def close_person(person_id: str, *, by: Keyholder) -> None:
    """An administrator ends someone's engagement; what was wrapped to their own key goes with it. As `teams`'."""
    with transaction.atomic():
        teams.close_person(person_id, by=by)
        end_leavers_keys(person_id, by=by)


def end_leavers_keys(person_id: str = "", *, by: Keyholder | None) -> int:
    """End what was given by name to whoever works in no team any more, and what `drop_cut_wraps` ends; how many.

    `person_id`: only theirs, when somebody removed them; the clock ends everyone's.
    """
    working = people_rules.live_memberships().filter(
        person_id=OuterRef("person_id"), role__in=people_rules.READING_ROLES
    )
    theirs = Grant.objects.select_related("record__owner", "team__group", "person").filter(person__isnull=False)
    if person_id:
        theirs = theirs.filter(person_id=person_id)
    count = 0
    for grant in theirs.exclude(Exists(working)):
        with transaction.atomic():
            take_back(grant, by=by)
            # Nobody is left to acknowledge it, so nobody is chased for it.
            given_by_name = Disclosure.objects.filter(record=grant.record, person=grant.person, ended_at=None)
            given_by_name.update(ended_at=timezone.now())
        count += 1
    return count + drop_cut_wraps()


def drop_cut_wraps() -> int:
    """Delete record keys wrapped to the own key of someone no longer in the team the grant is to; how many.

    While a team's epoch waits for renewal its grants are wrapped to each member: those are the ones meant.
    """
    reading = people_rules.live_memberships().filter(
        person_id=OuterRef("keys__person_id"), team_id=OuterRef("grant__team_id"), role__in=people_rules.READING_ROLES
    )
    to_members = KeyWrap.objects.filter(keys__isnull=False, grant__team__isnull=False)
    return to_members.exclude(Exists(reading)).delete()[0]


def end_expired(limit: int = 200) -> int:
    """Cut the grants whose time is over (a clock's work, with no keys); how many were cut."""
    due = Grant.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at").values_list("pk", flat=True)
    return sum(_expire(pk) for pk in list(due[:limit]))


def _expire(grant_id: uuid.UUID) -> int:
    with transaction.atomic():
        grant = (
            Grant.objects.select_for_update(of=("self",))
            .select_related("record__owner", "team", "person")
            .filter(pk=grant_id, expires_at__lte=timezone.now())
            .first()
        )
        if grant is None:
            return 0
        _unlock(grant)
        Disclosure.objects.filter(record=grant.record, ended_at=None).update(ended_at=timezone.now())
        log.append(
            events.RECORD_GRANT_EXPIRED,
            by=None,
            records=(grant.record.ref,),
            parties=(_party(grant), f"agency:{grant.record.owner.agency_id}"),
        )
        notices.owe(notices.EXPIRED, to=grant.record.owner, person=None, ref=grant.record.ref)
        return 1


def _lock(
    record: Record, key: vault.ContentKey, *, to: Recipient, readers: list[Reader], terms: Terms, by: Keyholder
) -> Grant:
    grant = Grant.objects.create(
        record=record,
        team=to.team,
        person=to.person,
        given_by_id=by.person_id,
        given_at=timezone.now(),
        expires_at=terms.expires_at,
    )
    KeyWrap.objects.bulk_create(_wrap(grant, record, key, reader) for reader in readers)
    assign_perm(rules.OPEN, to.team.group if to.team else to.person, record)
    pins.remember(
        {reader.subject: reader.epoch for reader in readers},
        keys_id=by.keys_id,
        under=by.encryption,
        person_id=by.person_id,
    )
    log.append(
        events.RECORD_GRANT_GIVEN,
        by=by,
        records=(record.ref,),
        parties=(to.party, f"agency:{to.agency_id}", f"agency:{record.owner.agency_id}"),
    )
    return grant


def _wrap(grant: Grant, record: Record, key: vault.ContentKey, reader: Reader) -> KeyWrap:
    context = sealing.wrap_context(record, reader.subject, reader.epoch)
    wrapped = vault.wrap(key, to=reader.key, context=context)
    return KeyWrap(grant=grant, team_epoch_id=reader.team_epoch_id, keys_id=reader.keys_id, wrapped=wrapped.raw)


def _unlock(grant: Grant) -> None:
    reader = grant.team.group if grant.team else grant.person
    remove_perm(rules.OPEN, reader, grant.record)
    grant.delete()


def _party(grant: Grant) -> str:
    return Recipient(team=grant.team, person=grant.person).party


def _no_key_holder(recipient: Recipient, *, by: Keyholder) -> NoKeyHolder:
    telephone = recipient.team.telephone if recipient.team else ""
    ring = f"Ring {telephone}" if telephone else "Ring them"
    return NoKeyHolder(
        events.REQUEST_REFUSED,
        by=by,
        parties=(recipient.party,),
        detail="no_key_holder",
        code="no_key_holder",
        sentence=f"Nobody there can open anything yet, so nothing was sent. {ring}, then record the call here.",
    )
