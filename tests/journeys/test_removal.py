"""Whoever is removed, or whose engagement has ended, is cut at once: sessions, keys, permissions; the key is new."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Membership, Person, Session, Team, TeamEpoch, TeamKeyWrap
from exchange import celery, tasks
from exchange.models import KeyWrap
from tests import cast
from tests.journeys import logbook, telling
from tests.journeys.waiting import wait_until
from tests.running.databases import Database
from tests.running.processes import Running


def test_a_removed_member_is_cut_at_once(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    lena, rhys = cast.person("lena"), cast.person("rhys")
    rhys.see(f"disclosures/{ref}")
    before = TeamEpoch.objects.filter(team_id=rhys.team_id).count()
    lena.see("session")
    mark = logbook.Mark()
    assert lena.delete(f"memberships/{rhys.membership_id}").status_code == 204
    assert "person:removed" in mark.events()

    assert rhys.get(f"disclosures/{ref}").status_code == 401
    assert not Session.objects.filter(person_id=rhys.person_id, ended_at=None).exists()
    assert not TeamKeyWrap.objects.filter(keys__person_id=rhys.person_id).exists()
    assert not Person.objects.get(id=rhys.person_id).groups.exists()
    assert Membership.objects.get(id=rhys.membership_id).ended_at
    assert TeamEpoch.objects.filter(team_id=rhys.team_id).count() == before + 1
    newest = TeamEpoch.objects.filter(team_id=rhys.team_id).latest("epoch")
    holders = {str(wrap.keys.person_id) for wrap in newest.wraps.all()}
    assert holders == {lena.person_id, cast.person("tom").person_id}


def test_signing_in_again_opens_nothing_old_or_new_and_the_others_open_both(database: Database) -> None:
    (old,) = telling.share(telling.plan("mash"))
    lena, rhys, tom = (cast.person(name) for name in ("lena", "rhys", "tom"))
    lena.delete(f"memberships/{rhys.membership_id}")
    (new,) = telling.share(telling.plan("mash"))
    rhys.sign_in()
    for ref in (old, new):
        assert rhys.get(f"disclosures/{ref}").status_code == 404
        assert tom.see(f"disclosures/{ref}")["body"]["statements"]
    assert rhys.see("inbox")["results"] == []
    assert rhys.get(f"teams/{rhys.team_id}/members").status_code == 404
    wrapped = KeyWrap.objects.get(grant__record__ref=new, grant__team_id=rhys.team_id)
    assert wrapped.team_epoch == TeamEpoch.objects.filter(team_id=rhys.team_id).latest("epoch")


def test_only_a_lead_of_the_team_removes_and_never_the_last_lead(database: Database) -> None:
    rhys, lena = cast.person("rhys"), cast.person("lena")
    for name in ("tom", "adam", "paul", "rhys", "service"):
        assert cast.person(name).delete(f"memberships/{rhys.membership_id}").status_code in {403, 404}, name
    last = lena.delete(f"memberships/{lena.membership_id}")
    assert (last.status_code, last.json()["code"]) == (409, "last_lead")
    assert rhys.see("session")["places"]
    lena.delete(f"memberships/{rhys.membership_id}")
    assert lena.delete(f"memberships/{rhys.membership_id}").status_code == 404


def test_whose_engagement_has_ended_is_out_before_any_clock_has_run(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    rhys = cast.person("rhys")
    rhys.see(f"disclosures/{ref}")
    end_engagement(rhys)
    assert rhys.get(f"disclosures/{ref}").status_code == 401
    typed = {"email": rhys.email, "passphrase": rhys.passphrase, "code": rhys.secrets.spare_codes[5]}
    assert cast.call("POST", "session", typed).status_code == 401


def test_the_clock_cuts_leavers_and_nothing_new_is_wrapped_to_what_they_knew(database: Database) -> None:
    (old,) = telling.share(telling.plan("mash"))
    rhys, tom = cast.person("rhys"), cast.person("tom")
    tom.see(f"disclosures/{old}")
    end_engagement(rhys)
    mark = logbook.Mark()
    tasks.expire()
    tasks.expire()
    (line,) = mark.lines()
    assert (line.event, line.detail, line.person) == ("person:removed", "engagement_ended", "")
    assert not TeamKeyWrap.objects.filter(keys__person_id=rhys.person_id).exists()
    assert Team.objects.get(id=rhys.team_id).renewal_due_since

    # Until a lead is here, what is shared goes to each member's own key, never under the epoch the leaver knew.
    (new,) = telling.share(telling.plan("mash"))
    wraps = KeyWrap.objects.filter(grant__record__ref=new, grant__team_id=rhys.team_id)
    holders = {str(wrap.keys.person_id) for wrap in wraps if wrap.keys}
    assert holders == {tom.person_id, cast.person("lena").person_id}
    assert not any(wrap.team_epoch for wrap in wraps)
    assert tom.see(f"disclosures/{new}")["body"]["statements"]

    cast.person("lena").sign_in()
    assert not Team.objects.get(id=rhys.team_id).renewal_due_since
    assert tom.see(f"disclosures/{new}")["body"]["statements"]
    assert cast.person("lena").see(f"disclosures/{old}")["body"]["statements"]


def test_a_real_worker_cuts_leavers(database: Database, worker: Running) -> None:
    rhys = cast.person("rhys")
    end_engagement(rhys)
    celery.app.send_task("exchange.expire")
    wait_until(lambda: Membership.objects.get(id=rhys.membership_id).ended_at is not None)
    assert not Person.objects.get(id=rhys.person_id).groups.exists()


def end_engagement(someone: cast.Someone) -> None:
    """Their last day was yesterday."""
    yesterday = timezone.localdate() - timedelta(days=1)
    Person.objects.filter(id=someone.person_id).update(valid_from=yesterday, valid_until=yesterday)
