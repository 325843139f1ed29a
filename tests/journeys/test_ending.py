"""Access that ends: taken back by the sender, or by the clock, at once and in both locks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exchange import celery, notices, tasks
from exchange.models import Disclosure, Grant, KeyWrap, Notice, RecordGroupPermission
from tests import cast
from tests.journeys import logbook, telling
from tests.journeys.waiting import wait_until
from tests.running.databases import Database
from tests.running.processes import Running


def test_what_is_taken_back_is_closed_at_once_and_both_locks_go(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    lena, ben = cast.person("lena"), cast.person("ben")
    lena.see(f"disclosures/{ref}")
    ben.see("sent")
    mark = logbook.Mark()
    assert ben.do(f"disclosures/{ref}/taking-back", expect=200)["ended_at"]
    assert mark.events() == ["record:grant:taken"]
    assert lena.get(f"disclosures/{ref}").status_code == 404
    assert lena.get(f"disclosures/{ref}/answers").status_code == 404
    assert lena.see("inbox")["results"] == []
    assert_only_owner_is_left(ref)
    assert Notice.objects.filter(kind=notices.TAKEN_BACK, team__id=cast.team("mash")).count() == 1
    assert cast.person("amina").see(f"disclosures/{ref}")["line"]["ended_at"]


def test_it_is_taken_back_once_and_only_by_the_sender(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    assert cast.person("lena").post(f"disclosures/{ref}/taking-back").status_code == 403
    assert cast.person("stan").post(f"disclosures/{ref}/taking-back").status_code == 404
    cast.person("amina").do(f"disclosures/{ref}/taking-back", expect=200)
    again = cast.person("amina").post(f"disclosures/{ref}/taking-back")
    assert (again.status_code, again.json()["code"]) == (409, "already_ended")


def test_the_moment_it_expires_it_is_closed_before_any_clock_has_run(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash", expires_on=timezone.localdate().isoformat()))
    cast.person("lena").see(f"disclosures/{ref}")
    let_expire(ref)
    assert cast.person("lena").get(f"disclosures/{ref}").status_code == 404
    assert cast.person("lena").see("inbox")["results"] == []


def test_the_clock_cuts_what_has_expired_and_tells_the_sender(database: Database) -> None:
    (ref, other) = telling.share(telling.plan("mash"), telling.plan("caiu"))
    let_expire(ref)
    mark = logbook.Mark()
    tasks.expire()
    tasks.expire()
    assert [(line.event, line.records) for line in mark.lines()] == [("record:grant:expired", (ref,))]
    assert_only_owner_is_left(ref)
    assert Disclosure.objects.get(record__ref=ref).ended_at
    assert Notice.objects.filter(kind=notices.EXPIRED, team__id=cast.team("hillside"), ref=ref).count() == 1
    cast.person("paul").see(f"disclosures/{other}")


def test_a_real_worker_cuts_what_has_expired(database: Database, worker: Running) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    let_expire(ref)
    celery.app.send_task("exchange.expire")
    wait_until(lambda: Disclosure.objects.get(record__ref=ref).ended_at is not None)
    assert_only_owner_is_left(ref)


def test_a_day_that_has_gone_is_no_day_for_access_to_end(database: Database) -> None:
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    body = telling.decide_to_share(telling.raise_concern(), telling.plan("mash", expires_on=yesterday))
    answer = cast.person("amina").post("decisions", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "shares[0].expires_on")


@pytest.mark.parametrize("acknowledged", [False, True])
def test_whoever_has_not_acknowledged_in_time_is_reminded_and_so_is_the_sender(
    database: Database, *, acknowledged: bool
) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    if acknowledged:
        cast.person("lena").do(f"disclosures/{ref}/acknowledgement", expect=200)
    Disclosure.objects.update(acknowledge_by=timezone.now() - timedelta(minutes=1))
    tasks.chase()
    tasks.chase()
    told = Notice.objects.filter(kind=notices.OVERDUE).values_list("team_id", flat=True)
    expected = set() if acknowledged else {cast.team("mash"), cast.team("hillside")}
    assert {str(pk) for pk in told} == expected
    assert len(told) == len(expected)


def let_expire(ref: str) -> None:
    """Time goes by until one disclosure's end."""
    past = timezone.now() - timedelta(seconds=1)
    Disclosure.objects.filter(record__ref=ref).update(expires_at=past)
    Grant.objects.filter(record__ref=ref, expires_at__isnull=False).update(expires_at=past)


def assert_only_owner_is_left(ref: str) -> None:
    """In both locks."""
    owner = {cast.team("hillside")}
    assert {str(grant.team_id) for grant in Grant.objects.filter(record__ref=ref)} == owner
    assert {str(wrap.grant.team_id) for wrap in KeyWrap.objects.filter(grant__record__ref=ref)} == owner
    permitted = RecordGroupPermission.objects.filter(content_object__ref=ref)
    assert {row.group.name for row in permitted} == {f"team:{cast.team('hillside')}"}
