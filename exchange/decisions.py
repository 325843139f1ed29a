"""Decisions: signed reasoning to share or not to share, and the disclosures that follow from one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import keyring, offices
from accounts.errors import KeyRefused, conflict, not_allowed
from accounts.keyring import Keyholder
from audit import events, log
from exchange import (
    access,
    countersigning,
    decision_checks,
    disclosures,
    errors,
    notices,
    opening,
    packing,
    refusals,
    renditions,
    rules,
    sealing,
    sharing,
)
from exchange.bodies import Decision as Body
from exchange.disclosures import Parcel
from exchange.guidance import edition as editions
from exchange.guidance.edition import Edition
from exchange.models import Decision, Record
from exchange.packing import Material
from exchange.sealing import Draft
from exchange.windows import Page, Window, look


@dataclass(frozen=True, slots=True)
class Signed:
    """A decision that was signed, whether it waits for a second signature, and what was disclosed by it."""

    ref: str
    state: str
    disclosures: Sequence[str]


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision in a list: its envelope only."""

    ref: str
    concern: str
    ending: str
    state: str
    urgency: str
    signed_at: datetime
    review_on: date | None
    complete_by: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenDecision:
    """A decision, opened: its envelope, who signed it and when, its reasoning, its disclosures."""

    line: DecisionLine
    author_id: str
    signed_at: str
    countersigned_by: str
    body: Body
    disclosures: Sequence[str]


def sign(body: Body, *, by: Keyholder) -> Signed:
    """Sign a decision about a concern; unless it waits for a second signature, its disclosures go out at once.

    Raises `NotThere`, `NotAllowed`, `StepUpNeeded`, `Unacceptable`, `Conflict` (the concern changed meanwhile),
    `NoKeyHolder`, `KeyRefused`. Nothing is half done.
    """
    keyring.signing_key(by)
    edition = editions.current_edition(timezone.localdate())
    body = msgspec.structs.replace(body, edition=edition.name)
    with transaction.atomic():
        concern = access.access_record(body.concern, by=by, kind="concern")
        if not rules.may_share(by, concern):
            raise not_allowed(by, "Only someone in the team that owns this concern can decide.", records=(concern.ref,))
        by = keyring.act_for(str(concern.owner_id), by=by)
        material = packing.read_newest(concern, expected_version=body.concern_version, by=by)
        _refuse_problems(body, material, edition, by=by)
        parcels = packing.make_parcels(body, material, edition, owner=concern.owner, author_id=by.person_id, by=by)
        waits = needs_second_signature(body, edition)
        record = seal_decision(body, concern, parcels, edition, waits=waits, by=by)
        log_decision(record, body, parcels, by=by)
        if waits:
            notices.owe(notices.SECOND_SIGNATURE, to=concern.owner, person=None, ref=record.ref)
            return Signed(record.ref, Decision.AWAITING, [])
        made = [
            disclosures.make_disclosure(parcel, record, body, material.source, edition=edition, by=by).ref
            for parcel in parcels
        ]
        return Signed(record.ref, Decision.SIGNED, made)


def find_signed(ref: str, *, by: Keyholder) -> Signed:
    """What signing made, for whoever may open the decision."""
    with transaction.atomic():
        record = access.access_record(ref, by=by, kind="decision")
        made = record.consequences.filter(kind="disclosure").order_by("made_at").values_list("ref", flat=True)
        return Signed(ref, Decision.objects.get(record=record).state, list(made))


def countersign(ref: str, *, by: Keyholder) -> Signed:
    """The second signature, by another lead of the team; what was decided then goes out.

    Raises `NotThere`, `NotAllowed`, `Conflict`, `StepUpNeeded`.
    """
    keyring.signing_key(by)
    with transaction.atomic():
        record = access.access_record(ref, by=by, kind="decision")
        decision = Decision.objects.select_for_update().get(record=record)
        if decision.state != Decision.AWAITING:
            raise conflict(by, "not_awaiting", "This decision is not waiting for a signature.", records=(ref,))
        if not rules.may_countersign(by, record):
            raise not_allowed(
                by, "The second signature is given by a lead of the team, other than who signed first.", records=(ref,)
            )
        by = keyring.act_for(str(record.owner_id), by=by)
        body = _read_body(record, by=by)
        countersigning.sign(decision, by=by)
        log.append(events.DECISION_COUNTERSIGNED, by=by, records=(ref,))
        return Signed(ref, Decision.SIGNED, _carry_out(record, body, by=by))


def open_decision(ref: str, *, by: Keyholder) -> OpenDecision:
    """A decision and its reasoning, for the team that made it. Raises `NotThere`, `CannotOpen`."""
    record, _, opened = opening.open_record(ref, by=by, kind="decision")
    decision = _with_names().get(record=record)
    body = sealing.decode(opened, Body, by=by, ref=ref)
    countersigning.check(decision, author_id=opened.author_id, by=by)
    _refuse_unsigned(decision, body, by=by)
    made = record.consequences.filter(kind="disclosure").order_by("made_at").values_list("ref", flat=True)
    return OpenDecision(
        _line(decision),
        opened.author_id,
        opened.made_at,
        str(decision.countersigned_by_id or ""),
        body,
        list(made),
    )


def list_decisions(window: Window, *, awaiting: bool, incomplete: bool, by: Keyholder) -> Page[DecisionLine]:
    """The decisions this person may open, newest first; the list is itself logged."""
    found = _with_names().filter(record__in=rules.openable(by))
    if awaiting:
        found = found.filter(state=Decision.AWAITING)
    if incomplete:
        found = found.filter(complete_by__isnull=False, completed_at=None)
    with transaction.atomic():
        page = look(
            Record.objects.select_related("decision", "about").filter(decision__in=found),
            window,
            time="made_at",
            make=lambda record: _line(record.decision),
        )
        log.append(events.LIST_SHOWN, by=by, records=[line.ref for line in page.rows])
    return page


def needs_second_signature(body: Body, edition: Edition) -> bool:
    """When the decider asks for one, or the edition's reason for not sharing demands it."""
    reason = body.not_shared_reason
    return body.second_signature or (bool(reason) and edition.not_shared_reasons[reason].needs_second_signature)


def _refuse_unsigned(decision: Decision, body: Body, *, by: Keyholder) -> None:
    """Raise `CannotOpen` for a decision that needs a second signature and is said to be signed without one."""
    if decision.state != Decision.SIGNED or decision.countersignature is not None or body.ending == Decision.EMERGENCY:
        return
    if needs_second_signature(body, editions.load_edition(body.edition)):
        raise errors.cannot_open(by, decision.record.ref)


def seal_decision(
    body: Body, concern: Record, parcels: Sequence[Parcel], edition: Edition, *, waits: bool, by: Keyholder
) -> Record:
    """The decision's record, signed over its recipients and their keys, open to the deciding team."""
    recipients = [
        (reader.subject, reader.epoch, reader.key.fingerprint()) for parcel in parcels for reader in parcel.readers
    ]
    purpose = edition.purposes[body.purpose].envelope if body.purpose else ""
    draft = Draft("decision", concern.owner, body.urgency, purpose, concern, recipients)
    record, key = sealing.make_record(draft, by=by)
    sealing.seal_version(record, body, draft, key=key, by=by)
    Decision.objects.create(
        record=record,
        ending=body.ending,
        state=Decision.AWAITING if waits else Decision.SIGNED,
        edition=edition.name,
        review_on=body.review_date,
    )
    sharing.give_to_owner(record, key, by=by)
    return record


def log_decision(record: Record, body: Body, parcels: Sequence[Parcel], *, by: Keyholder) -> None:
    """The entry of a signed decision: with whom, and why, the reason sealed to the audit offices."""
    parties = [parcel.recipient.party for parcel in parcels]
    parties += [f"agency:{parcel.recipient.agency_id}" for parcel in parcels]
    readers = _find_offices(record, body, by=by)
    log.append(
        events.DECISION_SIGNED,
        by=by,
        records=(record.ref, body.concern),
        parties=parties,
        detail=body.ending.replace("_", "-"),
        why=log.Why(make_why(body), readers) if readers else None,
    )


def _find_offices(record: Record, body: Body, *, by: Keyholder) -> list[offices.Office]:
    """Who may read the reason. An office whose key is refused holds up no emergency: the decision keeps the reason."""
    try:
        return offices.for_agencies([str(record.owner.agency_id)], by=by)
    except KeyRefused as problem:
        if body.ending != Decision.EMERGENCY:
            raise
        refusals.pass_over(problem, by=by)
        return []


def make_why(body: Body) -> str:
    """The reason as an auditor reads it: the codes, then the words."""
    codes = [body.outcome, body.purpose, body.not_shared_reason, body.basis.lawful_basis if body.basis else ""]
    return f"{', '.join(code for code in codes if code)}. {body.reason}"[:8000]


def _refuse_problems(body: Body, material: Material, edition: Edition, *, by: Keyholder) -> None:
    problems = decision_checks.check_decision(body, material.concern, edition, today=timezone.localdate())
    listed = [document.id for document in material.documents]
    for position, plan in enumerate(body.shares):
        found = renditions.check_plan(plan, material.concern, listed)
        problems += [problem.under(f"shares[{position}]") for problem in found]
    if problems:
        raise errors.unacceptable(by, problems)


def _carry_out(record: Record, body: Body, *, by: Keyholder) -> list[str]:
    """Make the disclosures of a decision that has its second signature, from the version it was made on."""
    if record.about is None or body.ending != Decision.SHARE:
        return []
    today = timezone.localdate()
    if any(plan.expires_on is not None and plan.expires_on < today for plan in body.shares):
        sentence = "The last day of access that was decided on has gone. Decide again, with a later one."
        raise conflict(by, "over_already", sentence, records=(record.ref,))
    edition = editions.load_edition(body.edition)
    concern = Record.objects.select_related("owner__agency", "about").get(pk=record.about.pk)
    material = packing.read_version(concern, body.concern_version, by=by)
    parcels = packing.make_parcels(body, material, edition, owner=concern.owner, author_id=str(record.author_id), by=by)
    return [
        disclosures.make_disclosure(parcel, record, body, material.source, edition=edition, by=by).ref
        for parcel in parcels
    ]


def _read_body(record: Record, *, by: Keyholder) -> Body:
    _, opened = opening.read_record(record, by=by)
    return sealing.decode(opened, Body, by=by, ref=record.ref)


def _with_names() -> QuerySet[Decision]:
    return Decision.objects.select_related("record__about", "record__owner")


def _line(decision: Decision) -> DecisionLine:
    record = decision.record
    return DecisionLine(
        record.ref,
        record.about.ref if record.about else "",
        decision.ending,
        decision.state,
        record.urgency,
        record.made_at,
        decision.review_on,
        decision.complete_by,
        decision.completed_at,
    )
