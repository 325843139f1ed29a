"""What the clock does. Each task takes ids or nothing, calls one act, and never opens an envelope."""

from celery import shared_task

from accounts import sessions, teams
from exchange import chasing, idempotency, notices, sharing


@shared_task(name="exchange.deliver_notices")
def deliver_notices() -> None:
    """Send the notices that are owed."""
    for notice_id in notices.owed():
        notices.deliver(notice_id)


@shared_task(name="exchange.expire")
def expire() -> None:
    """Cut what has come to its end: grants, engagements, unlocked signing keys, old request rows."""
    sharing.end_expired()
    teams.cut_leavers()
    sharing.end_leavers_keys(by=None)
    sessions.forget_signing_keys()
    idempotency.forget_old()


@shared_task(name="exchange.chase")
def chase() -> None:
    """Remind whoever has not acknowledged, completed or reviewed."""
    chasing.chase_overdue()
    chasing.chase_incomplete()
