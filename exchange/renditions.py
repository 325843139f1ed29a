"""Renditions: what one recipient is given of a concern, made in memory from the decision's plan and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.bodies import CasePerson, Concern, Decision, Rendition, SharedDocument, SharePlan
from exchange.guidance.edition import Edition
from exchange.guidance.requirements import Problem


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a rendition says it comes from: names as the directory holds them."""

    person: str
    team: str
    agency: str


def make_rendition(
    plan: SharePlan,
    decision: Decision,
    concern: Concern,
    documents: Sequence[SharedDocument],
    *,
    sender: Sender,
    to: str,
    edition: Edition,
) -> Rendition:
    """Only the chosen people, statements and documents, behind the banner; and how many items were left out."""
    people = [person for person in concern.people if person.id in plan.people]
    statements = [statement for statement in concern.statements if statement.id in plan.statements]
    chosen = [document for document in documents if document.id in plan.documents]
    every = len(concern.people) + len(concern.statements) + len(documents)
    return Rendition(
        banner=[*make_banner(decision, concern, plan, edition=edition), *plan.banner],
        handling=plan.handling,
        from_person=sender.person,
        from_team=sender.team,
        from_agency=sender.agency,
        to=to,
        purpose=decision.purpose,
        basis=decision.basis,
        urgency=decision.urgency,
        message=plan.message,
        people=people,
        statements=statements,
        documents=chosen,
        withheld=every - len(people) - len(statements) - len(chosen),
        channel=plan.channel,
        spoken_to=plan.spoken_to,
        expires_on=plan.expires_on,
    )


def make_banner(decision: Decision, concern: Concern, plan: SharePlan, *, edition: Edition) -> list[str]:
    """One line for each person who has not been told; by role when their name is not part of this rendition."""
    named = {person.id: person for person in concern.people}
    lines = [
        edition.informed_statuses[informing.status].banner_for(_call(named[informing.person], plan))
        for informing in decision.informing
        if informing.person in named
    ]
    return [line for line in lines if line]


def check_plan(plan: SharePlan, concern: Concern, document_ids: Sequence[str]) -> list[Problem]:
    """Everything chosen must be in the concern as it was read; something must be chosen."""
    known = {
        "people": {person.id for person in concern.people},
        "statements": {statement.id for statement in concern.statements},
        "documents": set(document_ids),
    }
    chosen = {"people": plan.people, "statements": plan.statements, "documents": plan.documents}
    sentence = "Choose only from what is in the concern."
    problems = [Problem(name, "not_in_concern", sentence) for name, ids in chosen.items() if set(ids) - known[name]]
    if not any(chosen.values()) and not plan.message.strip():
        problems.append(
            Problem("statements", "missing", "Choose what this recipient is to be given, or write a message.")
        )
    return problems


def _call(person: CasePerson, plan: SharePlan) -> str:
    """A name if the recipient is given it, otherwise the role ("mother")."""
    return person.name if person.id in plan.people else person.role
