"""Notices: a real worker, a real mail server; delivered once, saying nothing; none lost when the worker is killed."""

from collections import Counter
from datetime import timedelta

import redis
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from accounts.models import Team
from exchange import celery, notices
from exchange.models import Notice
from tests import cast
from tests.journeys import logbook, telling
from tests.journeys.waiting import wait_until
from tests.running.databases import Database
from tests.running.mail import Mail
from tests.running.processes import Running

CLOSED_PORT = 9


def test_a_share_is_told_by_mail_once_and_the_mail_says_nothing(
    database: Database, worker: Running, mail: Mail
) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    for _ in range(3):
        celery.app.send_task("exchange.deliver_notices")
    (message,) = mail.wait_for(1)
    wait_until(lambda: not Notice.objects.filter(sent_at=None).exists())
    assert len(mail.messages()) == 1
    notice = Notice.objects.get()
    assert message["Message-ID"] == f"<{notice.id}@example.org>"
    assert message.get_all("X-Delivered-To") == ["mash@council.example.org"]
    text = message.as_string()
    assert ref in text
    child, mother = telling.CHILD.split(), telling.MOTHER.split()
    for word in (*child, *mother, "Amina", "Hillside", "bruise", "Bruise", "RED", "MASH", telling.REASON):
        assert word not in text.replace("mash@council", ""), word


def test_an_act_and_its_answer_are_each_told_to_the_other_side(database: Database, worker: Running, mail: Mail) -> None:
    (ref,) = telling.share(telling.plan("harbour"))
    vera = cast.person("vera")
    vera.do(f"disclosures/{ref}/acknowledgement", expect=200)
    vera.do(f"disclosures/{ref}/answers", {"text": "She is safe tonight."})
    celery.app.send_task("exchange.deliver_notices")
    mail.wait_for(3)
    assert len(mail.to("dsl@hillside.example.org")) == 2
    # A team without a mailbox: each member is told, in one message.
    assert [len(mail.to(address)) for address in ("dina@example.org", "vera@example.org")] == [1, 1]
    assert not mail.to("stan@example.org")


def test_the_clock_alone_gets_them_delivered(database: Database, beat: Running, mail: Mail) -> None:
    telling.share(telling.plan("mash"), telling.plan("caiu"))
    assert {message["Subject"] for message in mail.wait_for(2)} == {"Confer: urgent, please sign in"}


def test_nothing_is_owed_for_what_was_refused(database: Database) -> None:
    cast.person("amina").post("decisions", telling.decide_to_share(telling.raise_concern(), telling.plan("nights")))
    assert not Notice.objects.exists()


def test_a_worker_killed_in_the_middle_loses_nothing_and_sends_no_other_message(
    database: Database, worker: Running, mail: Mail, broker: redis.Redis
) -> None:
    team = Team.objects.get(id=cast.team("mash"))
    with transaction.atomic():
        owed = {f"<{notices.owe(notices.WAITING, to=team, person=None).id}@example.org>" for _ in range(40)}
    celery.app.send_task("exchange.deliver_notices")
    mail.wait_for(3)
    worker.kill()
    left = Notice.objects.filter(sent_at=None)
    assert left.exists(), "it was killed too late to be in the middle"
    # Two minutes go by: what the dead worker had claimed is free again.
    left.update(claimed_until=timezone.now() - timedelta(seconds=1))
    worker.start()
    celery.app.send_task("exchange.deliver_notices")
    wait_until(lambda: not Notice.objects.filter(sent_at=None).exists())
    sent = Counter(message["Message-ID"] for message in mail.messages())
    assert set(sent) == owed
    # Killed between the mail server's yes and its own commit, it sends that one again: the same message to any mailbox.
    assert sent.total() - len(owed) <= 1


def test_two_workers_do_not_both_take_a_notice(database: Database) -> None:
    telling.share(telling.plan("mash"))
    (pk,) = notices.owed()
    assert notices.claim(pk) is not None
    assert notices.claim(pk) is None
    assert notices.owed() == []
    Notice.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert notices.owed() == [pk]


def test_a_mail_server_that_is_away_is_tried_again_later_and_in_the_end_the_log_says_so(
    database: Database, mail: Mail
) -> None:
    telling.share(telling.plan("mash"))
    (pk,) = notices.owed()
    with override_settings(EMAIL_PORT=CLOSED_PORT):
        assert not notices.deliver(pk)
    row = Notice.objects.get()
    assert (row.attempts, row.sent_at, row.claimed_until) == (1, None, None)
    assert row.not_before > timezone.now()
    assert notices.owed() == []
    mark = logbook.Mark()
    assert notices.deliver(pk)
    assert len(mail.messages()) == 1
    assert mark.events() == ["notice:sent"]
    assert not notices.deliver(pk)
    assert len(mail.messages()) == 1


def test_after_twelve_attempts_it_is_given_up_and_logged(database: Database) -> None:
    telling.share(telling.plan("mash"))
    (pk,) = notices.owed()
    Notice.objects.update(attempts=notices.MOST_ATTEMPTS - 1)
    mark = logbook.Mark()
    with override_settings(EMAIL_PORT=CLOSED_PORT):
        assert not notices.deliver(pk)
    assert [(line.event, line.outcome) for line in mark.lines()] == [("notice:failed", "failed")]
    assert Notice.objects.get().failed_at
    assert notices.owed() == []
