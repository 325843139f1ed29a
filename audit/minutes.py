"""Refusals that were counted rather than written, told of by one entry for each minute, kind and person."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit import events, grammar, log, models

_SETTLED: Final = dt.timedelta(minutes=2)  # a minute's start lies this far back before it is told of
_KEPT: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Person:
    person_id: str
    team_id: str
    agency_id: str


def close_minutes() -> int:
    """Append one entry for each past minute's count that no entry tells of yet; return how many entries that made.

    Detail: `kind:count:minute`, as in `not-signed-in:17:20261123t0801z`. A count that still rises afterwards (its
    transaction was slow) gets a further entry with the rest.
    """
    now = timezone.now()
    with transaction.atomic(durable=True):
        open_counts = models.RefusalCount.objects.select_for_update().filter(
            minute__lte=now - _SETTLED, count__gt=F("logged")
        )
        closed = [_tell(row) for row in open_counts.order_by("minute", "id")]
        models.RefusalCount.objects.filter(minute__lt=now - _KEPT, count=F("logged")).delete()
    return len(closed)


def _tell(row: models.RefusalCount) -> models.Entry:
    by = _Person(row.person, row.team, row.agency) if row.person else None
    detail = f"{row.kind}:{row.count - row.logged}:{row.minute.astimezone(dt.UTC):%Y%m%dt%H%Mz}"
    entry = log.append(
        events.STRANGER_REFUSED if by is None else events.REQUEST_REFUSED,
        by=by,
        outcome=grammar.REFUSED,
        detail=detail,
    )
    row.logged = row.count
    row.save(update_fields=["logged"])
    return entry
