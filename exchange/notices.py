"""Notices: what a team or person is told by e-mail, which is only that something waits and where to sign in.

The row is the queue. It is written in the transaction of the act; a worker claims it by a conditional update, sends
it, and marks it sent. The Message-ID is made from the row's id, so that the one message a worker may send twice (when
it is killed between the mail server's "250" and its own commit) is the same message to every mail system.
"""

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Person, Team
from accounts.rules import live_memberships
from audit import events, log
from exchange.models import Notice

WAITING, ACKNOWLEDGED, ANSWERED = "disclosure_waiting", "disclosure_acknowledged", "answer_waiting"
SECOND_SIGNATURE, INCOMPLETE, OVERDUE = "second_signature_needed", "emergency_incomplete", "acknowledgement_overdue"
REVIEW_DUE, EXPIRED, TAKEN_BACK, ALARM = (
    "review_due",
    "access_expired",
    "access_taken_back",
    "integrity_alarm",
)

SENTENCES: Mapping[str, str] = {
    WAITING: "Something has been shared with you.",
    ACKNOWLEDGED: "Something you shared has been acknowledged.",
    ANSWERED: "Something you shared has been answered.",
    SECOND_SIGNATURE: "A decision waits for a second signature.",
    INCOMPLETE: "An emergency share has not been completed yet.",
    OVERDUE: "Something that was shared has not been acknowledged in time.",
    REVIEW_DUE: "A decision is due to be looked at again.",
    EXPIRED: "Access to something you shared has ended on its date.",
    TAKEN_BACK: "Something that was shared with you has been taken back.",
    ALARM: "Something stored is not what was sealed or vouched for. Nothing was opened or sent. Look at the log.",
}
CLAIM_LASTS = timedelta(minutes=2)
MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice this worker holds until its claim runs out."""

    id: str
    kind: str
    ref: str
    urgent: bool
    addresses: tuple[str, ...]
    attempts: int


def owe(kind: str, *, to: Team | None, person: Person | None, ref: str = "", urgent: bool = False) -> Notice:
    """Write a notice in the caller's transaction; a worker will find it within seconds."""
    now = timezone.now()
    return Notice.objects.create(kind=kind, team=to, person=person, ref=ref, urgent=urgent, made_at=now, not_before=now)


def owed() -> list[str]:
    """The ids of notices due now and claimed by nobody, urgent first; at most fifty."""
    now = timezone.now()
    due = Notice.objects.filter(_unclaimed(now), sent_at=None, failed_at=None, not_before__lte=now)
    return [str(pk) for pk in due.order_by("-urgent", "not_before").values_list("pk", flat=True)[:50]]


def deliver(notice_id: str) -> bool:
    """Claim one notice, send it, mark it sent. False when another worker has it or the mail server would not."""
    claimed = claim(notice_id)
    if claimed is None:
        return False
    try:
        _send(claimed)
    except (OSError, smtplib.SMTPException, ValueError):  # ValueError: an address no mail can be written to
        _postpone(claimed)
        return False
    with transaction.atomic():
        Notice.objects.filter(pk=claimed.id, sent_at=None).update(sent_at=timezone.now(), claimed_until=None)
        log.append(events.NOTICE_SENT, by=None, records=(claimed.ref,) if claimed.ref else (), detail=claimed.kind)
    return True


def claim(notice_id: str) -> Claimed | None:
    """Take the notice for two minutes, or None when someone else has it. Committed before anything is sent."""
    now = timezone.now()
    taken = Notice.objects.filter(_unclaimed(now), pk=notice_id, sent_at=None, failed_at=None).update(
        claimed_until=now + CLAIM_LASTS, attempts=F("attempts") + 1
    )
    if not taken:
        return None
    row = Notice.objects.select_related("team", "person").get(pk=notice_id)
    return Claimed(str(row.pk), row.kind, row.ref, row.urgent, _addresses(row), row.attempts)


def _unclaimed(now: datetime) -> Q:
    return Q(claimed_until=None) | Q(claimed_until__lte=now)


def _addresses(row: Notice) -> tuple[str, ...]:
    """A person's work address; a team's mailbox, or else its members'."""
    if row.person is not None:
        return (row.person.email,)
    if row.team is None or row.team.email:
        return (row.team.email,) if row.team else ()
    members = live_memberships().filter(team=row.team).order_by("person__email")
    return tuple(dict.fromkeys(members.values_list("person__email", flat=True)[:50]))


def _send(claimed: Claimed) -> None:
    connection: BaseEmailBackend = get_connection()
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
    message = EmailMessage(
        subject="Confer: urgent, please sign in" if claimed.urgent else "Confer: please sign in",
        body=(
            f"{SENTENCES[claimed.kind]}\n\n"
            + (f"Reference: {claimed.ref}\n" if claimed.ref else "")
            + f"Sign in at {settings.CONFER_ORIGIN}\n\n"
            "For safety this message says nothing about who or what it concerns.\n"
        ),
        to=list(claimed.addresses),
        headers={"Message-ID": f"<{claimed.id}@{host}>", "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    if claimed.addresses:
        message.send()


def _postpone(claimed: Claimed) -> None:
    """Try again later, twice as long each time up to an hour; after twelve attempts say so in the log and stop."""
    delay = timedelta(seconds=min(3600, 5 * 2**claimed.attempts))
    if claimed.attempts < MOST_ATTEMPTS:
        Notice.objects.filter(pk=claimed.id).update(claimed_until=None, not_before=timezone.now() + delay)
        return
    with transaction.atomic():
        Notice.objects.filter(pk=claimed.id).update(failed_at=timezone.now(), claimed_until=None)
        log.append(
            events.NOTICE_FAILED,
            by=None,
            records=(claimed.ref,) if claimed.ref else (),
            outcome="failed",
            detail=claimed.kind,
        )
