"""Audit offices: the teams of auditors to whom the log's reasons are sealed."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

import vault
from accounts import statements
from accounts.keyring import Keyholder
from accounts.models import Team
from accounts.models.team import AUDIT_OFFICE, EXCHANGE_OFFICE


@dataclass(frozen=True, slots=True)
class Office:
    """An audit office's current key, vouched for: what `audit.log.Why` seals to."""

    id: str
    epoch: int
    key: vault.PublicKey


def for_agencies(agency_ids: Iterable[str], *, by: Keyholder) -> list[Office]:
    """The exchange's office and those of these agencies which have begun; each key checked back to the root.

    Raises `accounts.errors.KeyRefused`.
    """
    offices = Team.objects.filter(
        Q(kind=EXCHANGE_OFFICE) | Q(kind=AUDIT_OFFICE, agency_id__in=set(agency_ids)),
        closed_at=None,
        epochs__isnull=False,
    )
    return [_office(str(pk), by=by) for pk in offices.distinct().order_by("id").values_list("id", flat=True)]


def exchange_office_id() -> str:
    """The team id of the exchange's audit office; empty before the partnership has begun."""
    found = Team.objects.filter(kind=EXCHANGE_OFFICE).values_list("id", flat=True).first()
    return str(found) if found else ""


def _office(team_id: str, *, by: Keyholder) -> Office:
    vouched = statements.trusted(f"team:{team_id}", by=by)
    return Office(team_id, vouched.statement.epoch, vouched.statement.encryption_key())
