"""Packing: who is to be given what, from the concern as it was decided on; made in memory, nothing written."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from accounts import people
from accounts import rules as people_rules
from accounts.keyring import Keyholder
from accounts.models import Person, Team
from exchange import (
    documents,
    errors,
    renditions,
    sealing,
    sharing,
)
from exchange.bodies import Concern, SharedDocument, SharePlan
from exchange.bodies import Decision as Body
from exchange.disclosures import Parcel, Source
from exchange.guidance.edition import Edition
from exchange.guidance.requirements import Problem
from exchange.models import Record
from exchange.sharing import Recipient


@dataclass(frozen=True, slots=True)
class Material:
    """The concern a decision is about, opened in the same transaction."""

    source: Source
    concern: Concern
    documents: Sequence[SharedDocument]


def read_newest(concern: Record, *, expected_version: int, by: Keyholder) -> Material:
    """Open the concern inside the act. Raises `Conflict` when it is no longer the version that was decided on."""
    if sealing.find_newest(concern, by=by) != expected_version:
        raise errors.changed_meanwhile(by, concern.ref)
    return read_version(concern, expected_version, by=by)


def read_version(concern: Record, number: int, *, by: Keyholder) -> Material:
    """Open one version of the concern inside the act: the one a decision was made on, whatever came after."""
    key = sealing.unlock(concern, by=by)
    opened = sealing.open_version(concern, number, key=key, by=by)
    body = sealing.decode(opened, Concern, by=by, ref=concern.ref)
    listed = documents.list_documents(concern, key=key, vouched=opened.documents, by=by)
    return Material(Source(concern, key, opened.documents), body, listed)


def make_parcels(
    body: Body, material: Material, edition: Edition, *, owner: Team, author_id: str, by: Keyholder
) -> list[Parcel]:
    """One parcel per recipient: their keys found and vouched for, their rendition made. Nothing is written."""
    author = people.names([author_id]).get(author_id, "")
    sender = renditions.Sender(author, owner.name, owner.agency.name)
    parcels = []
    for position, plan in enumerate(body.shares):
        recipient = find_recipient(plan, f"shares[{position}]", owner=owner, by=by)
        through_confer = edition.channels[plan.channel].gives_grant
        rendition = renditions.make_rendition(
            plan, body, material.concern, material.documents, sender=sender, to=name_of(recipient), edition=edition
        )
        readers = sharing.find_readers(recipient, by=by) if through_confer else []
        parcels.append(Parcel(plan, recipient, readers, rendition))
    return parcels


def find_recipient(plan: SharePlan, place: str, *, owner: Team, by: Keyholder) -> Recipient:
    """The open team, or the person engaged today, that a plan names. Raises `Unacceptable`."""
    team = (
        Team.objects.select_related("agency", "group")
        .filter(id=as_uuid(plan.team), kind="desk", closed_at=None)
        .first()
    )
    person = Person.objects.select_related("agency").filter(id=as_uuid(plan.person), kind="person").first()
    if person is not None and not (person.is_active and people_rules.team_ids(str(person.pk))):
        person = None  # whoever works in no team can open nothing
    named = [holder for holder in (team, person) if holder is not None]
    if len(named) != 1 or bool(plan.team) == bool(plan.person):
        sentence = "Choose one team, or one person, from the directory."
        raise errors.unacceptable(by, [Problem(f"{place}.team", "unknown_recipient", sentence)])
    if team is not None and team.pk == owner.pk:
        sentence = "Your own team can read this already. Choose who else needs it."
        raise errors.unacceptable(by, [Problem(f"{place}.team", "own_team", sentence)])
    return Recipient(team, person)


def name_of(recipient: Recipient) -> str:
    """A recipient as a rendition names them."""
    holder = recipient.team or recipient.person
    return f"{holder.name}, {holder.agency.name}" if holder else ""


def author_name(by: Keyholder) -> str:
    """The acting person's name, as the directory holds it."""
    return people.names([by.person_id]).get(by.person_id, "")


def as_uuid(text: str) -> uuid.UUID:
    """The id in this text; the nil id, which nothing has, when there is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
