"""Disclosures: made for one recipient, opened, acknowledged, answered, taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

import vault
from accounts import keyring
from accounts import rules as people_rules
from accounts.errors import conflict, not_allowed
from accounts.keyring import Keyholder
from accounts.models import Team
from accounts.teams import Reader
from audit import events, log
from exchange import access, documents, notices, opening, rules, sealing, sharing
from exchange.bodies import Answer, Decision, Rendition, SharePlan
from exchange.guidance import deadlines
from exchange.guidance.edition import Edition
from exchange.models import Disclosure, Record
from exchange.sealing import Draft
from exchange.sharing import Recipient, Terms
from exchange.windows import Page, Window, look

MOST_ANSWERS = 100


@dataclass(frozen=True, slots=True)
class DisclosureLine:
    """A disclosure in a list: its envelope only."""

    ref: str
    urgency: str
    purpose: str
    from_team: str
    from_agency: str
    to: str
    channel: str
    sent_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    answered_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenDisclosure:
    """A disclosure, opened: the envelope and the rendition."""

    line: DisclosureLine
    author_id: str
    signed_at: str
    body: Rendition


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """An answer, opened."""

    ref: str
    author_id: str
    signed_at: str
    body: Answer


@dataclass(frozen=True, slots=True)
class Source:
    """The concern a disclosure is drawn from, unlocked, and the blinded hashes of its documents."""

    record: Record
    key: vault.ContentKey
    documents: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One recipient's share of a decision, ready to be sealed: readers are empty for a channel outside Confer."""

    plan: SharePlan
    recipient: Recipient
    readers: list[Reader]
    rendition: Rendition


def make_disclosure(
    parcel: Parcel, decision: Record, body: Decision, source: Source, *, edition: Edition, by: Keyholder
) -> Record:
    """Seal one rendition, give it to its recipient (or record the call), log it; in the caller's transaction."""
    now = timezone.now()
    expires_at = find_expiry(parcel.plan, body, edition, now)
    chosen = {name: digest for name, digest in source.documents.items() if name in parcel.plan.documents}
    draft = Draft(
        "disclosure",
        decision.owner,
        body.urgency,
        decision.purpose,
        decision,
        [(reader.subject, reader.epoch, reader.key.fingerprint()) for reader in parcel.readers],
        chosen,
    )
    record, key = sealing.make_record(draft, by=by)
    documents.hold_again(
        parcel.plan.documents, source=source.record, source_key=source.key, target=record, target_key=key
    )
    sealing.seal_version(record, parcel.rendition, draft, key=key, by=by)
    Disclosure.objects.create(
        record=record,
        team=parcel.recipient.team,
        person=parcel.recipient.person,
        channel=parcel.plan.channel,
        sent_at=now,
        acknowledge_by=deadlines.acknowledge_by(edition, body.urgency, now),
        expires_at=expires_at,
    )
    _deliver(record, key, parcel, urgent=body.urgency in ("IMMEDIATE_999", "RED"), expires_at=expires_at, by=by)
    return record


def find_expiry(plan: SharePlan, body: Decision, edition: Edition, sent_at: datetime) -> datetime:
    """The end of the chosen day in local time; otherwise the purpose's usual length."""
    if plan.expires_on is None:
        return deadlines.expires_at(edition, body.purpose, sent_at)
    end = datetime.combine(plan.expires_on, time(23, 59, 59), tzinfo=timezone.get_current_timezone())
    return end.astimezone(UTC)


def inbox(window: Window, *, unacknowledged: bool, by: Keyholder) -> Page[DisclosureLine]:
    """What was disclosed to this person and their teams and may be opened now; the list is itself logged."""
    found = Disclosure.objects.filter(record__in=rules.openable(by)).exclude(
        record__owner_id__in=people_rules.team_ids(by.person_id)
    )
    if unacknowledged:
        found = found.filter(acknowledged_at=None)
    return _show(found, window, by=by)


def sent(window: Window, *, by: Keyholder) -> Page[DisclosureLine]:
    """What this person's teams disclosed, and what came of each."""
    return _show(Disclosure.objects.filter(record__owner_id__in=people_rules.team_ids(by.person_id)), window, by=by)


def open_disclosure(ref: str, *, by: Keyholder) -> OpenDisclosure:
    """A rendition, once its author's signature verifies. Raises `NotThere`, `CannotOpen`."""
    record, _, opened = opening.open_record(ref, by=by, kind="disclosure")
    body = sealing.decode(opened, Rendition, by=by, ref=ref)
    return OpenDisclosure(_line(_with_names().get(record=record)), opened.author_id, opened.made_at, body)


def acknowledge(ref: str, *, by: Keyholder) -> DisclosureLine:
    """A recipient says it has arrived and is in hand; once. Raises `NotThere`, `NotAllowed`, `Conflict`."""
    with transaction.atomic():
        disclosure, by = _received(ref, by=by)
        if disclosure.acknowledged_at is not None:
            raise conflict(by, "already_acknowledged", "This has already been acknowledged.", records=(ref,))
        disclosure.acknowledged_at, disclosure.acknowledged_by_id = timezone.now(), by.person_id
        disclosure.save(update_fields=["acknowledged_at", "acknowledged_by"])
        log.append(events.DISCLOSURE_ACKNOWLEDGED, by=by, records=(ref,), parties=_agencies(disclosure))
        notices.owe(notices.ACKNOWLEDGED, to=disclosure.record.owner, person=None, ref=ref)
        return _line(_with_names().get(pk=disclosure.pk))


def answer(ref: str, text: str, *, by: Keyholder) -> str:
    """Tell the sender what came of it: a record of its own, open to both teams; its reference."""
    keyring.signing_key(by)
    with transaction.atomic():
        disclosure, by = _received(ref, by=by)
        owner = disclosure.team or _own_team(by)
        draft = Draft("answer", owner, disclosure.record.urgency, disclosure.record.purpose, disclosure.record)
        record, key = sealing.make_record(draft, by=by)
        sealing.seal_version(record, Answer(disclosure=ref, text=text), draft, key=key, by=by)
        sharing.give_to_owner(record, key, by=by)
        sender = Recipient(team=disclosure.record.owner)
        if sender.team != owner:
            terms = Terms(notice=notices.ANSWERED)
            sharing.give(record, key, to=sender, readers=sharing.find_readers(sender, by=by), terms=terms, by=by)
        Disclosure.objects.filter(pk=disclosure.pk).update(answered_at=timezone.now())
        log.append(events.DISCLOSURE_ANSWERED, by=by, records=(ref, record.ref), parties=_agencies(disclosure))
        return record.ref


def open_answer(ref: str, *, by: Keyholder) -> OpenAnswer:
    """An answer, for either side."""
    _, _, opened = opening.open_record(ref, by=by, kind="answer")
    return OpenAnswer(ref, opened.author_id, opened.made_at, sealing.decode(opened, Answer, by=by, ref=ref))


def answers_to(ref: str, *, by: Keyholder) -> Sequence[str]:
    """The references of the newest hundred answers, oldest first, for whoever may open the disclosure."""
    with transaction.atomic():
        record = access.access_record(ref, by=by, kind="disclosure")
        found = rules.openable(by).filter(about=record, kind="answer").order_by("-made_at", "-pk")
        refs = list(found.values_list("ref", flat=True)[:MOST_ANSWERS])[::-1]
        log.append(events.LIST_SHOWN, by=by, records=(ref, *refs))
        return refs


def take_back(ref: str, *, by: Keyholder) -> DisclosureLine:
    """The sender cuts the recipient at once. What was seen before may have been copied: the log says what was.

    Raises `NotThere`, `NotAllowed`, `Conflict` (already ended).
    """
    with transaction.atomic():
        record = access.access_record(ref, by=by, kind="disclosure")
        if not rules.may_share(by, record):
            raise not_allowed(by, "Only the team that shared this can take it back.", records=(ref,))
        by = keyring.act_for(str(record.owner_id), by=by)
        disclosure = _with_names().get(record=record)
        grants = record.grants.select_related("record__owner", "team__group", "person").exclude(team=record.owner)
        if disclosure.ended_at is not None or not grants.exists():
            raise conflict(by, "already_ended", "Access to this has already ended.", records=(ref,))
        for grant in grants:
            sharing.take_back(grant, by=by)
        Disclosure.objects.filter(pk=record.pk).update(ended_at=timezone.now())
        notices.owe(notices.TAKEN_BACK, to=disclosure.team, person=disclosure.person, ref=ref)
        return _line(_with_names().get(record=record))


def _deliver(
    record: Record, key: vault.ContentKey, parcel: Parcel, *, urgent: bool, expires_at: datetime, by: Keyholder
) -> None:
    sharing.give_to_owner(record, key, by=by)
    parties = (parcel.recipient.party, f"agency:{parcel.recipient.agency_id}")
    if not parcel.readers:
        log.append(
            events.DISCLOSURE_RECORDED,
            by=by,
            records=(record.ref,),
            parties=parties,
            detail=parcel.plan.channel.lower(),
        )
        return
    if parcel.recipient.team != record.owner:
        terms = Terms(expires_at, notices.WAITING, urgent=urgent)
        sharing.give(record, key, to=parcel.recipient, readers=parcel.readers, terms=terms, by=by)
    log.append(events.DISCLOSURE_SENT, by=by, records=(record.ref,), parties=parties)


def _received(ref: str, *, by: Keyholder) -> tuple[Disclosure, Keyholder]:
    """The disclosure, locked, and the keyholder acting for the receiving team."""
    record = access.access_record(ref, by=by, kind="disclosure")
    disclosure = (
        Disclosure.objects.select_for_update(of=("self",))
        .select_related("record__owner__agency", "team__agency", "person")
        .get(record=record)
    )
    if not rules.is_recipient(by, disclosure):
        raise not_allowed(by, "Only whoever this was shared with can do that.", records=(ref,))
    return disclosure, keyring.act_for(str(disclosure.team_id or ""), by=by)


def _own_team(by: Keyholder) -> Team:
    mine = people_rules.team_ids(by.person_id)
    if not mine:
        raise not_allowed(by, "You are not in a team at present, so there is nowhere to keep an answer.")
    return Team.objects.get(id=mine[0])


def _agencies(disclosure: Disclosure) -> tuple[str, ...]:
    return (f"agency:{disclosure.record.owner.agency_id}",)


def _with_names() -> QuerySet[Disclosure]:
    return Disclosure.objects.select_related("record__owner__agency", "team__agency", "person")


def _show(found: QuerySet[Disclosure], window: Window, *, by: Keyholder) -> Page[DisclosureLine]:
    rows = found.select_related("record__owner__agency", "team__agency", "person")
    with transaction.atomic():
        page = look(rows, window, time="sent_at", make=_line)
        log.append(events.LIST_SHOWN, by=by, records=[line.ref for line in page.rows])
    return page


def _line(row: Disclosure) -> DisclosureLine:
    return DisclosureLine(
        ref=row.record.ref,
        urgency=row.record.urgency,
        purpose=row.record.purpose,
        from_team=row.record.owner.name,
        from_agency=row.record.owner.agency.name,
        to=f"{row.team.name}, {row.team.agency.name}" if row.team else (row.person.name if row.person else ""),
        channel=row.channel,
        sent_at=row.sent_at,
        acknowledge_by=row.acknowledge_by,
        acknowledged_at=row.acknowledged_at,
        answered_at=row.answered_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
    )
