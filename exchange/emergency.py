"""Emergency: one call, never blocked. The child is reached, the act is logged, and the form is completed afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec
from django.db import transaction
from django.utils import timezone

from accounts import keyring, signin
from accounts.errors import KeyRefused, NoKeyHolder, StepUpNeeded, conflict, not_allowed
from accounts.keyring import Keyholder
from accounts.models import Team
from accounts.teams import Reader
from audit import events, log
from exchange import (
    access,
    concerns,
    decision_checks,
    decisions,
    disclosures,
    errors,
    opening,
    packing,
    refusals,
    renditions,
    rules,
    sealing,
    sharing,
)
from exchange.bodies import CasePerson, Concern, Informing, SharePlan, Statement
from exchange.bodies import Decision as Body
from exchange.disclosures import Parcel, Source
from exchange.guidance import edition as editions
from exchange.guidance.edition import Edition
from exchange.guidance.requirements import Problem
from exchange.models import Decision, Disclosure, Record
from exchange.sealing import Draft
from exchange.sharing import Recipient

Reachable = tuple[Recipient, list[Reader]]


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """Who, what, to whom."""

    child: str
    what: str
    team_ids: Sequence[str]
    from_team: str = ""
    address: str = ""
    date_of_birth: str = ""
    do_not_discuss_with: str = ""


@dataclass(frozen=True, slots=True)
class ToRing:
    """A team that could not be reached here, and its number."""

    team: str
    telephone: str


@dataclass(frozen=True, slots=True)
class Shared:
    """What an emergency share made, and whom to ring because nobody there can open it."""

    decision: str
    concern: str
    disclosures: Sequence[str]
    to_ring: Sequence[ToRing]


def step_up(passphrase: str, *, by: Keyholder) -> Keyholder:
    """Signing unlocked within five minutes will do; otherwise the passphrase on the same screen.

    Called before any transaction, so that a wrong passphrase is counted. Raises `StepUpNeeded`, `NotSignedIn`.
    """
    if by.signing is not None and by.kind == "person":
        return by
    if not passphrase or by.kind != "person":
        raise StepUpNeeded(
            events.REQUEST_REFUSED,
            by=by,
            detail="step_up_needed",
            code="step_up_needed",
            sentence="Type your passphrase on this screen and send again. If you cannot, ring the police on 999.",
        )
    return replace(by, signing=signin.unlock_signing(passphrase, by=by))


def share(call: Call, *, by: Keyholder) -> Shared:
    """Raise, decide, sign and send in one transaction.

    Raises `StepUpNeeded` (see `step_up`), `Unacceptable`; and, only when none of the teams can be reached here,
    `NoKeyHolder` or `KeyRefused` with the numbers to ring: ring, then record the call.
    """
    if by.kind != "person":
        raise not_allowed(by, "A service shares nothing of its own accord. Somebody has to.")
    keyring.signing_key(by)
    teams = _find_teams(call, by=by)
    try:
        return _send(call, teams, by=by)
    except (NoKeyHolder, KeyRefused) as refused:
        numbers = "; ".join(f"{team.name}, {team.agency.name}: {team.telephone or '999'}" for team in teams)
        refused.sentence = f"Nothing could be sent. Ring now: {numbers}. Record the call here afterwards."
        raise


def _send(call: Call, teams: Sequence[Team], *, by: Keyholder) -> Shared:
    """The act itself: every record, grant, entry and notice, or none."""
    edition = editions.current_edition(timezone.localdate())
    with transaction.atomic():
        owner = concerns.own_team(call.from_team, by=by)
        by = keyring.act_for(str(owner.id), by=by)
        reached, to_ring = _find_reachable(teams, by=by)
        body = make_concern(call)
        draft = Draft("concern", owner, "IMMEDIATE_999")
        concern, key = sealing.make_record(draft, by=by)
        sealing.seal_version(concern, body, draft, key=key, by=by)
        sharing.give_to_owner(concern, key, by=by)
        decision = _make_decision(call, concern, teams, edition)
        parcels = _make_parcels(decision, body, reached, owner=owner, edition=edition, by=by)
        record = decisions.seal_decision(decision, concern, parcels, edition, waits=False, by=by)
        complete_by = timezone.now() + timedelta(hours=edition.emergency_complete_within_hours)
        Decision.objects.filter(record=record).update(complete_by=complete_by)
        log.append(events.CONCERN_RAISED, by=by, records=(concern.ref,))
        decisions.log_decision(record, decision, parcels, by=by)
        source = Source(concern, key, {})
        made = [
            disclosures.make_disclosure(parcel, record, decision, source, edition=edition, by=by).ref
            for parcel in parcels
        ]
        log.append(events.EMERGENCY_SHARED, by=by, records=(record.ref, *made))
        return Shared(record.ref, concern.ref, made, to_ring)


def complete(ref: str, body: Body, *, by: Keyholder) -> decisions.Signed:
    """The reasoning an emergency left for afterwards, as the decision's next signed version."""
    keyring.signing_key(by)
    edition = editions.current_edition(timezone.localdate())
    body = msgspec.structs.replace(body, edition=edition.name, completes=ref, ending=Decision.EMERGENCY)
    with transaction.atomic():
        record = access.access_record(ref, by=by, kind="decision")
        decision = Decision.objects.select_for_update().get(record=record)
        if decision.ending != Decision.EMERGENCY or decision.completed_at is not None or record.about is None:
            raise conflict(by, "not_incomplete", "This decision is not waiting to be completed.", records=(ref,))
        if not rules.may_share(by, record):
            raise access.refused(by, ref)
        by = keyring.act_for(str(record.owner_id), by=by)
        _, opened = opening.read_record(Record.objects.select_related("about").get(pk=record.about.pk), by=by)
        concern = sealing.decode(opened, Concern, by=by, ref=record.about.ref)
        _, before = opening.read_record(record, by=by)
        shares = sealing.decode(before, Body, by=by, ref=ref).shares  # what went out is not completed away
        body = msgspec.structs.replace(body, concern=record.about.ref, concern_version=opened.version, shares=shares)
        problems = decision_checks.check_completion(body, concern, edition, today=timezone.localdate())
        if problems:
            raise errors.unacceptable(by, problems)
        key = sealing.unlock(record, by=by)
        draft = Draft("decision", record.owner, record.urgency, record.purpose, record.about)
        sealing.seal_version(record, body, draft, key=key, by=by)
        Decision.objects.filter(pk=decision.pk).update(completed_at=timezone.now(), review_on=body.review_date)
        log.append(events.DECISION_COMPLETED, by=by, records=(ref,))
        return decisions.Signed(ref, Decision.SIGNED, [])


def find_shared(ref: str, *, by: Keyholder) -> Shared:
    """What an earlier emergency share made, and whom to ring still, for the same request asked twice."""
    opened = decisions.open_decision(ref, by=by)
    reached = Disclosure.objects.filter(record__ref__in=opened.disclosures).values_list("team_id", flat=True)
    wanted = Team.objects.select_related("agency").filter(id__in=[plan.team for plan in opened.body.shares])
    to_ring = [ToRing(f"{team.name}, {team.agency.name}", team.telephone) for team in wanted.exclude(id__in=reached)]
    return Shared(ref, opened.body.concern, opened.disclosures, to_ring)


def make_concern(call: Call) -> Concern:
    """The least that says who and what; everything else is asked for afterwards."""
    today = timezone.localdate()
    child = CasePerson(
        id="child",
        role="child",
        name=call.child,
        address=call.address,
        note=f"Date of birth given as {call.date_of_birth}" if call.date_of_birth else "",
        absent={"date_of_birth": "NOT_ASKED"},
    )
    what = Statement(
        id="what",
        type="FACT_WITNESSED",
        category="CONCERN_NOW",
        event_date=today,
        text=call.what,
        people=["child"],
    )
    return Concern(title="Emergency", people=[child], statements=[what])


def _find_teams(call: Call, *, by: Keyholder) -> list[Team]:
    """The teams named: open desks of agencies that take emergencies (police, social care)."""
    edition = editions.current_edition(timezone.localdate())
    taking = [code for code, kind in edition.agency_kinds.items() if kind.takes_emergencies]
    wanted = {team_id: packing.as_uuid(team_id) for team_id in call.team_ids}
    found = list(
        Team.objects.select_related("agency", "group").filter(
            id__in=wanted.values(), kind="desk", closed_at=None, agency__kind__in=taking
        )
    )
    if not wanted or len(found) != len(wanted):
        sentence = "Choose teams of the police or of children's social care. Others need an ordinary decision."
        raise errors.unacceptable(by, [Problem("teams", "not_an_emergency_team", sentence)])
    found.sort(key=lambda team: list(wanted).index(str(team.id)))  # the answer is in the order that was asked
    return found


def _find_reachable(teams: Sequence[Team], *, by: Keyholder) -> tuple[list[Reachable], list[ToRing]]:
    """Who can be sent to now. One team that cannot be reached, or whose key is refused, never holds up another."""
    reached: list[Reachable] = []
    to_ring: list[ToRing] = []
    refusal: NoKeyHolder | KeyRefused | None = None
    for team in teams:
        recipient = Recipient(team=team)
        try:
            reached.append((recipient, sharing.find_readers(recipient, by=by)))
        except (NoKeyHolder, KeyRefused) as problem:
            refusal = problem
            to_ring.append(ToRing(f"{team.name}, {team.agency.name}", team.telephone))
            refusals.pass_over(problem, by=by)
    if not reached and refusal is not None:
        raise refusal
    return reached, to_ring


def _make_decision(call: Call, concern: Record, teams: Sequence[Team], edition: Edition) -> Body:
    plans = [
        SharePlan(team=str(team.id), people=["child"], statements=["what"], banner=_banner(call)) for team in teams
    ]
    return Body(
        concern=concern.ref,
        concern_version=1,
        edition=edition.name,
        ending=Decision.EMERGENCY,
        outcome="SHARED_EMERGENCY",
        purpose="STRAT",
        urgency="IMMEDIATE_999",
        reason=f"Emergency share. {call.what}"[:20_000],
        shares=plans,
        informing=[Informing(person="child", status="NOT_PRACTICABLE")],
    )


def _banner(call: Call) -> list[str]:
    lines = ["EMERGENCY: sent before the record was complete. The rest follows."]
    if call.do_not_discuss_with:
        lines.append(f"Do NOT discuss this with: {call.do_not_discuss_with}")
    return lines


def _make_parcels(
    decision: Body,
    body: Concern,
    reached: Sequence[Reachable],
    *,
    owner: Team,
    edition: Edition,
    by: Keyholder,
) -> list[Parcel]:
    sender = renditions.Sender(packing.author_name(by), owner.name, owner.agency.name)
    plans = {plan.team: plan for plan in decision.shares}
    parcels = []
    for recipient, readers in reached:
        plan = plans[str(recipient.team.id if recipient.team else "")]
        rendition = renditions.make_rendition(
            plan, decision, body, [], sender=sender, to=packing.name_of(recipient), edition=edition
        )
        parcels.append(Parcel(plan, recipient, readers, rendition))
    return parcels
