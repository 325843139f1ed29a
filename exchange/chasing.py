"""Chasing: what was not acknowledged in time, emergencies not completed, reviews that have come due. A clock's work."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import events, log
from exchange import notices
from exchange.models import Decision, Disclosure

AGAIN_AFTER = timedelta(hours=24)
BATCH = 200


def chase_overdue() -> int:
    """Remind both sides of disclosures past their acknowledgement clock, once a day; how many were chased."""
    now = timezone.now()
    late = Disclosure.objects.filter(
        Q(chased_at=None) | Q(chased_at__lte=now - AGAIN_AFTER),
        acknowledged_at=None,
        ended_at=None,
        acknowledge_by__lte=now,
        channel="EXCHANGE",
    ).order_by("acknowledge_by")
    return sum(_chase_disclosure(pk) for pk in list(late.values_list("pk", flat=True)[:BATCH]))


def chase_incomplete() -> int:
    """Remind the deciding team of emergency shares still to be completed, and of reviews due; how many were chased."""
    now = timezone.now()
    due = Decision.objects.filter(
        Q(chased_at=None) | Q(chased_at__lte=now - AGAIN_AFTER),
        Q(complete_by__lte=now, completed_at=None) | Q(review_on__lte=timezone.localdate()),
    ).order_by("pk")
    return sum(_chase_decision(pk) for pk in list(due.values_list("pk", flat=True)[:BATCH]))


def _chase_disclosure(pk: uuid.UUID) -> int:
    with transaction.atomic():
        row = (
            Disclosure.objects.select_for_update(of=("self",))
            .select_related("record__owner", "team", "person")
            .get(pk=pk)
        )
        if row.acknowledged_at is not None or _was_chased(row.chased_at):
            return 0
        Disclosure.objects.filter(pk=pk).update(chased_at=timezone.now())
        notices.owe(notices.OVERDUE, to=row.team, person=row.person, ref=row.record.ref, urgent=True)
        notices.owe(notices.OVERDUE, to=row.record.owner, person=None, ref=row.record.ref)
        log.append(events.CHASE_SENT, by=None, records=(row.record.ref,), detail="not_acknowledged")
        return 1


def _chase_decision(pk: uuid.UUID) -> int:
    with transaction.atomic():
        row = Decision.objects.select_for_update(of=("self",)).select_related("record__owner").get(pk=pk)
        if _was_chased(row.chased_at):
            return 0
        waits = row.complete_by is not None and row.completed_at is None
        Decision.objects.filter(pk=pk).update(chased_at=timezone.now())
        kind = notices.INCOMPLETE if waits else notices.REVIEW_DUE
        notices.owe(kind, to=row.record.owner, person=None, ref=row.record.ref, urgent=waits)
        log.append(
            events.CHASE_SENT, by=None, records=(row.record.ref,), detail="not_completed" if waits else "review_due"
        )
        return 1


def _was_chased(chased_at: datetime | None) -> bool:
    """Whether another worker chased it between finding and locking."""
    return chased_at is not None and chased_at > timezone.now() - AGAIN_AFTER
