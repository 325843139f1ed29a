"""Agencies joining the partnership, and the agreements between them."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts import rules, teams
from accounts.errors import conflict, not_acceptable, not_allowed
from accounts.keyring import Keyholder
from accounts.models import Agency, Agreement
from accounts.models.team import AUDIT_OFFICE
from audit import events, log


@dataclass(frozen=True, slots=True)
class AgencyDetails:
    """What is known of an agency; `kind` and `sector` are codes of the edition in force."""

    name: str
    kind: str
    sector: str
    registration: str = ""
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class AgreementDetails:
    """An information-sharing agreement and the agencies it binds."""

    title: str
    reference: str
    starts_on: date
    ends_on: date | None
    agency_ids: Sequence[str]


def make_agency(details: AgencyDetails) -> Agency:
    """An agency and its (still keyless) audit office. The caller logs it."""
    agency = Agency.objects.create(
        name=details.name,
        kind=details.kind,
        sector=details.sector,
        registration=details.registration,
        telephone=details.telephone,
        made_at=timezone.now(),
    )
    teams.make_team(agency, teams.TeamDetails(name="Audit office", kind=AUDIT_OFFICE))
    return agency


def join_agency(details: AgencyDetails, *, by: Keyholder) -> Agency:
    """Whoever holds the partnership's root brings in an agency. Raises `NotAllowed`, `Conflict`."""
    with transaction.atomic():
        if not rules.holds_root(by):
            raise not_allowed(by, "Only the lead who holds the partnership's root key can bring in an agency.")
        if Agency.objects.filter(name=details.name).exists():
            raise conflict(by, "already_there", "An agency of that name has already joined.")
        agency = make_agency(details)
        log.append(events.AGENCY_JOINED, by=by, parties=(f"agency:{agency.id}",))
        for office in agency.teams.all():
            log.append(events.TEAM_MADE, by=by, parties=(f"team:{office.id}", f"agency:{agency.id}"))
        return agency


def record_agreement(details: AgreementDetails, *, by: Keyholder) -> Agreement:
    """An administrator records an agreement that their agency is party to."""
    with transaction.atomic():
        if not any(rules.administers(by.person_id, agency_id) for agency_id in details.agency_ids):
            raise not_allowed(by, "Only an administrator of one of its agencies can record an agreement.")
        if details.ends_on and details.ends_on < details.starts_on:
            raise not_acceptable(by, "ends_on", "The agreement ends before it starts. Check both dates.")
        agreement = Agreement.objects.create(
            title=details.title, reference=details.reference, starts_on=details.starts_on, ends_on=details.ends_on
        )
        agreement.agencies.set(Agency.objects.filter(id__in=details.agency_ids))
        log.append(events.AGREEMENT_MADE, by=by, parties=[f"agency:{pk}" for pk in details.agency_ids])
        return agreement


def partners_of(agency_id: str) -> frozenset[uuid.UUID]:
    """The agencies bound to this one by an agreement in force today (advice only), in one query."""
    today = timezone.localdate()
    current = Agreement.objects.filter(agencies__id=agency_id, starts_on__lte=today).exclude(ends_on__lt=today)
    return frozenset(Agency.objects.filter(agreements__in=current).values_list("id", flat=True))


def names(ids: Iterable[str]) -> dict[str, str]:
    """Agency ids to names, in one query."""
    return {str(pk): name for pk, name in Agency.objects.filter(id__in=set(ids)).values_list("id", "name")}
