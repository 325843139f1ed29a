"""What a decision must say before it is signed."""

from collections.abc import Callable
from datetime import date

from exchange.bodies import Agreement, Basis, Concern, Decision, Informing, SharePlan
from exchange.guidance import bases, requirements
from exchange.guidance.edition import Edition
from exchange.guidance.requirements import Problem


def check_decision(body: Decision, concern: Concern, edition: Edition, *, today: date) -> list[Problem]:
    """Every problem with a decision, each naming its field; an empty list when it can be signed."""
    problems = _check_common(body, edition)
    problems += _check_people(body, concern, edition, today=today)
    if body.ending == "share":
        return problems + _check_share(body, edition, today=today)
    if body.ending == "do_not_share":
        return problems + _check_not_shared(body, edition, today=today)
    return [*problems, Problem("ending", "unknown_code", "A decision ends in share or do_not_share.")]


def check_completion(body: Decision, concern: Concern, edition: Edition, *, today: date) -> list[Problem]:
    """What the record of an emergency share must say once it is completed afterwards."""
    problems = _check_common(body, edition) + _check_people(body, concern, edition, today=today)
    return problems + _check_reasoning(body, edition, today=today)


def _check_common(body: Decision, edition: Edition) -> list[Problem]:
    problems = requirements.check_code(edition, "urgencies", "urgency", body.urgency)
    problems += requirements.check_code(edition, "triggers", "trigger", body.trigger)
    problems += requirements.check_code(edition, "outcomes", "outcome", body.outcome)
    if not body.reason.strip():
        problems.append(Problem("reason", "missing", "Say in your own words why you decided this."))
    return problems


def _check_people(body: Decision, concern: Concern, edition: Edition, *, today: date) -> list[Problem]:
    """Each person's agreement and informing: complete in itself, and about someone in the concern."""
    known = {person.id for person in concern.people}
    problems: list[Problem] = []
    for position, agreement in enumerate(body.agreements):
        found = _check_one(requirements.check_agreement, agreement, edition, known, today=today)
        problems += [problem.under(f"agreements[{position}]") for problem in found]
    for position, informing in enumerate(body.informing):
        found = _check_one(requirements.check_informed, informing, edition, known, today=today)
        problems += [problem.under(f"informing[{position}]") for problem in found]
    return problems


def _check_one(
    check: Callable[..., list[Problem]],
    given: Agreement | Informing,
    edition: Edition,
    known: set[str],
    *,
    today: date,
) -> list[Problem]:
    found = check(
        edition,
        given.status,
        reason=given.reason,
        exceptions=given.exceptions,
        review_date=given.review_date,
        today=today,
    )
    if given.person not in known:
        found.append(Problem("person", "unknown_person", "Name someone who is listed in the concern."))
    return found


def _check_share(body: Decision, edition: Edition, *, today: date) -> list[Problem]:
    problems = _check_reasoning(body, edition, today=today)
    if not body.shares:
        problems.append(Problem("shares", "missing", "Choose who is to be given this."))
    keys = [(plan.team, plan.person) for plan in body.shares]
    if len(set(keys)) != len(keys):
        problems.append(Problem("shares", "repeated_recipient", "The same recipient is named twice. Keep one."))
    for position, plan in enumerate(body.shares):
        problems += [problem.under(f"shares[{position}]") for problem in _check_plan(plan, edition, today=today)]
    if body.outcome in edition.outcomes and not edition.outcomes[body.outcome].shared:
        problems.append(Problem("outcome", "not_a_share", "Choose an outcome that says it was shared."))
    return problems


def _check_reasoning(body: Decision, edition: Edition, *, today: date) -> list[Problem]:
    """What sharing rests on: purpose, basis, necessity, the two risks, and each person's agreement and informing."""
    problems = requirements.check_code(edition, "purposes", "purpose", body.purpose)
    if body.basis is None:
        problems.append(Problem("basis", "missing", "Give the lawful basis."))
    else:
        problems += [problem.under("basis") for problem in _check_basis(body.basis, edition, today=today)]
    for field in ("necessity", "risk_of_sharing", "risk_of_not_sharing"):
        if not getattr(body, field).strip():
            problems.append(Problem(field, "missing", "Say this in a sentence of your own."))
    for field in ("agreements", "informing"):
        if not getattr(body, field):
            problems.append(Problem(field, "missing", "Answer this for at least one person: the child or a parent."))
    return problems


def _check_basis(basis: Basis, edition: Edition, *, today: date) -> list[Problem]:
    found = bases.check_basis(
        edition,
        basis=basis.lawful_basis,
        conditions=basis.conditions,
        gateways=basis.gateways,
        recognised_interest=basis.recognised_interest or None,
        para18_reason=basis.para18_reason or None,
        today=today,
    )
    problems = _rename(found, {"basis": "lawful_basis"})
    if basis.confidence_exit:
        problems += requirements.check_code(edition, "confidence_exits", "confidence_exit", basis.confidence_exit)
    return problems


def _check_plan(plan: SharePlan, edition: Edition, *, today: date) -> list[Problem]:
    problems = requirements.check_code(edition, "channels", "channel", plan.channel)
    for code in plan.handling:
        problems += requirements.check_code(edition, "handling_conditions", "handling", code)
    if plan.expires_on is not None and plan.expires_on < today:
        problems.append(
            Problem("expires_on", "in_past", "This day has gone. Give the last day they should have access.")
        )
    outside = plan.channel in edition.channels and not edition.channels[plan.channel].gives_grant
    if outside and not plan.spoken_to.strip():
        problems.append(Problem("spoken_to", "missing", "Say whom you told, by name and role."))
    if outside and not plan.verified_how.strip():
        problems.append(
            Problem("verified_how", "missing", "Say how you knew it was them (for example, you rang the office).")
        )
    return problems


def _check_not_shared(body: Decision, edition: Edition, *, today: date) -> list[Problem]:
    found = requirements.check_not_shared(
        edition, body.not_shared_reason, explanation=body.reason, review_date=body.review_date, today=today
    )
    # That words are missing has been said already, of the field `reason`.
    found = [problem for problem in found if problem.field != "explanation"]
    problems = _rename(found, {"reason": "not_shared_reason"})
    if body.shares:
        problems.append(Problem("shares", "not_expected", "A decision not to share names no recipients."))
    if body.outcome in edition.outcomes and edition.outcomes[body.outcome].shared:
        problems.append(Problem("outcome", "is_a_share", "Choose an outcome that says it was not shared."))
    return problems


def _rename(problems: list[Problem], names: dict[str, str]) -> list[Problem]:
    """The same problems, each field called what the request calls it."""
    return [Problem(names.get(each.field, each.field), each.code, each.sentence) for each in problems]
