"""Refusals and alarms: what is written after an act has rolled back."""

from django.db import transaction

from accounts.errors import KeyRefused, KeysAltered, NoKeyHolder
from accounts.models import Team
from accounts.models.team import EXCHANGE_OFFICE
from audit import events, log
from audit.errors import Actor, Refused
from exchange import notices
from exchange.errors import CannotOpen


def record_refusal(refused: Refused, *, request: str = "") -> None:
    """Append the refusal's entry, and raise the alarm when a key was refused. Outside any transaction.

    A failed opening is no refusal: it has its own entry, written once.
    """
    if isinstance(refused, CannotOpen):
        if not refused.is_logged and refused.by is not None:
            record_failure(refused, by=refused.by)
        return
    if isinstance(refused, KeysAltered):
        with transaction.atomic():
            log.append(
                refused.event, by=None, parties=refused.parties, outcome="refused", detail=refused.detail,
                request=request,
            )  # fmt: skip
            raise_alarm()
        return
    log.append_refusal(refused, request=request)
    if isinstance(refused, KeyRefused):
        with transaction.atomic():
            raise_alarm()


def record_failure(failure: CannotOpen, *, by: Actor) -> None:
    """An opening that was logged and then did not verify: its own entry, and the alarm, in one transaction."""
    with transaction.atomic():
        log.append(events.RECORD_OPEN_FAILED, by=by, records=failure.records, outcome="failed", detail=failure.detail)
        raise_alarm()
    failure.is_logged = True


def pass_over(problem: NoKeyHolder | KeyRefused, *, by: Actor) -> None:
    """A reader who cannot be given this, where the act goes on without them: entry and alarm in its transaction."""
    log.append(problem.event, by=by, parties=problem.parties, outcome="refused", detail=problem.detail)
    if isinstance(problem, KeyRefused):
        raise_alarm()


def raise_alarm() -> None:
    """Tell the exchange's auditors that something stored is not what it was, inside the caller's transaction."""
    for office in Team.objects.filter(kind=EXCHANGE_OFFICE):
        notices.owe(notices.ALARM, to=office, person=None, urgent=True)
