"""Concerns: raised by a team, added to in signed versions, opened by those to whom they were given."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import keyring
from accounts import rules as people_rules
from accounts.errors import not_allowed
from accounts.keyring import Keyholder
from accounts.models import Team
from audit import events, log
from exchange import access, documents, errors, opening, rules, sealing, sharing
from exchange.bodies import Concern, SharedDocument
from exchange.guidance import edition as editions
from exchange.guidance import requirements
from exchange.guidance.requirements import Problem
from exchange.sealing import Draft


@dataclass(frozen=True, slots=True)
class Raised:
    """A concern that was raised or amended."""

    ref: str
    version: int


@dataclass(frozen=True, slots=True)
class OpenConcern:
    """A concern, opened."""

    ref: str
    version: int
    urgency: str
    owner: str
    author_id: str
    signed_at: str
    body: Concern
    documents: Sequence[SharedDocument]


def raise_concern(body: Concern, *, team_id: str, urgency: str, by: Keyholder) -> Raised:
    """A team's new concern: sealed, signed, openable by that team alone. Raises `Unacceptable`, `NotAllowed`."""
    check_concern(body, urgency=urgency, by=by)
    with transaction.atomic():
        owner = own_team(team_id, by=by)
        by = keyring.act_for(str(owner.id), by=by)
        draft = Draft("concern", owner, urgency)
        record, key = sealing.make_record(draft, by=by)
        sealing.seal_version(record, body, draft, key=key, by=by)
        sharing.give_to_owner(record, key, by=by)
        log.append(events.CONCERN_RAISED, by=by, records=(record.ref,))
        return Raised(record.ref, 1)


def amend_concern(ref: str, body: Concern, *, expected_version: int, by: Keyholder) -> Raised:
    """The next version of a concern; nothing earlier is lost. Raises `Conflict` when someone else amended it first."""
    with transaction.atomic():
        record = access.access_record(ref, by=by, kind="concern")
        check_concern(body, urgency=record.urgency, by=by)
        if not rules.may_amend(by, record):
            raise not_allowed(by, "Only the team that owns this concern can add to it.", records=(ref,))
        by = keyring.act_for(str(record.owner_id), by=by)
        key, current = opening.read_record(record, by=by)
        if current.version != expected_version:
            raise errors.changed_meanwhile(by, ref)
        draft = Draft("concern", record.owner, record.urgency, documents=current.documents)
        version = sealing.seal_version(record, body, draft, key=key, by=by)
        log.append(events.CONCERN_AMENDED, by=by, records=(ref,), detail=str(version.number))
        return Raised(ref, version.number)


def open_concern(ref: str, *, by: Keyholder) -> OpenConcern:
    """The newest version of a concern, and the list of its documents. Raises `NotThere`, `CannotOpen`."""
    record, key, opened = opening.open_record(ref, by=by, kind="concern")
    return OpenConcern(
        record.ref,
        opened.version,
        record.urgency,
        str(record.owner_id),
        opened.author_id,
        opened.made_at,
        sealing.decode(opened, Concern, by=by, ref=ref),
        documents.list_documents(record, key=key, vouched=opened.documents, by=by),
    )


def own_team(team_id: str, *, by: Keyholder) -> Team:
    """The team this person acts for: the one named, or their only one. Raises `NotAllowed`, `Unacceptable`."""
    mine = people_rules.team_ids(by.person_id)
    chosen = team_id or (mine[0] if len(mine) == 1 else "")
    if not chosen:
        sentence = "Say which of your teams this is for." if mine else "You are not in a team yet: a lead admits you."
        raise errors.unacceptable(by, [Problem("team", "missing", sentence)])
    if chosen not in mine:
        raise not_allowed(by, "You do not work in that team.")
    return Team.objects.select_related("agency").get(id=chosen)


def check_concern(body: Concern, *, urgency: str, by: Keyholder) -> None:
    """Codes, dates and references of a concern. Raises `Unacceptable` naming every field at once."""
    today = timezone.localdate()
    edition = editions.current_edition(today)
    problems = requirements.check_code(edition, "urgencies", "urgency", urgency)
    known = {person.id for person in body.people}
    for position, statement in enumerate(body.statements):
        found = requirements.check_statement(
            edition,
            statement_type=statement.type,
            category=statement.category,
            verification=statement.verification,
            event_date=statement.event_date,
            today=today,
        )
        if not set(statement.people) <= known:
            found.append(Problem("people", "unknown_person", "Name only people who are listed in this concern."))
        problems += [problem.under(f"statements[{position}]") for problem in found]
    problems += _check_ids("people", [person.id for person in body.people])
    problems += _check_ids("statements", [statement.id for statement in body.statements])
    for position, person in enumerate(body.people):
        for field_name, code in person.absent.items():
            found = requirements.check_code(edition, "absence_answers", f"absent.{field_name}"[:60], code)
            problems += [problem.under(f"people[{position}]") for problem in found]
    if problems:
        raise errors.unacceptable(by, problems)


def _check_ids(field: str, ids: Sequence[str]) -> list[Problem]:
    if len(set(ids)) == len(ids):
        return []
    return [Problem(field, "repeated_id", "Two of these have the same id. Give each its own.")]
