"""Closing a person: an administrator ends an engagement, and every door there was is shut in the same moment."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Invitation, Membership, Person, Session, Team, TeamKeyWrap
from exchange.models import Grant
from tests import cast
from tests.accounts import entering
from tests.answers import Answer
from tests.house import locks
from tests.journeys import logbook, telling
from tests.running.databases import Database

NOOR = "noor@example.org"


def test_a_closed_person_is_cut_everywhere_at_once(database: Database) -> None:
    rhys, adam, tom = cast.person("rhys"), cast.person("adam"), cast.person("tom")
    to_rhys = {**telling.plan("mash"), "team": "", "person": rhys.person_id}
    by_name, to_team = telling.share(to_rhys, telling.plan("mash"))
    for ref in (by_name, to_team):
        rhys.see(f"disclosures/{ref}")
    adam.get("session")
    mark = logbook.Mark()
    assert close("rhys").status_code == 204
    assert sorted(mark.events()) == ["person:closed", "person:removed", "record:grant:taken"]
    assert {line.person for line in mark.lines()} == {adam.person_id}

    assert rhys.get(f"disclosures/{to_team}").status_code == 401
    assert entering.try_door("rhys", code=entering.spare("rhys")).status_code == 401
    assert entering.recover("rhys").status_code == 401
    assert not Session.objects.filter(person_id=rhys.person_id, ended_at=None).exists()
    assert not TeamKeyWrap.objects.filter(keys__person_id=rhys.person_id).exists()
    assert not Grant.objects.filter(person_id=rhys.person_id).exists()
    assert not Person.objects.get(id=rhys.person_id).groups.exists()
    assert not Membership.objects.filter(person_id=rhys.person_id, ended_at=None).exists()
    assert tom.see(f"disclosures/{to_team}")["line"]["ref"] == to_team
    assert locks.find_disagreements() == []


def test_what_is_shared_afterwards_is_not_under_the_key_the_closed_person_knew(database: Database) -> None:
    cast.person("lena").get("session")
    assert close("rhys").status_code == 204
    assert Team.objects.get(id=cast.team("mash")).renewal_due_since
    (new,) = telling.share(telling.plan("mash"))
    wraps = Grant.objects.get(record__ref=new, team_id=cast.team("mash")).wraps
    assert not wraps.filter(team_epoch__isnull=False).exists()
    assert cast.person("tom").get(f"disclosures/{new}").status_code == 200
    cast.person("lena").sign_in()
    assert not Team.objects.get(id=cast.team("mash")).renewal_due_since
    assert cast.person("tom").get(f"disclosures/{new}").status_code == 200
    assert locks.find_disagreements() == []


def test_only_an_administrator_of_the_agency_closes_its_people(database: Database) -> None:
    for name in ("lena", "tom", "rhys", "grace", "audrey", "service"):
        assert close("rhys", by=name).status_code in {403, 404}, name
    assert close("amina").status_code == 404
    assert cast.call("DELETE", f"people/{cast.person('rhys').person_id}").status_code == 401
    nobody = cast.person("adam").delete("people/00000000-0000-4000-8000-000000000000")
    assert (nobody.status_code, nobody.content) == (404, close("amina").content)
    assert Person.objects.exclude(closed_at=None).count() == 0


def test_the_last_lead_of_a_team_is_not_closed_and_nothing_is_half_done(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    lena = cast.person("lena")
    lena.see(f"disclosures/{ref}")
    answer = close("lena")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_lead")
    assert lena.see(f"disclosures/{ref}")["line"]["ref"] == ref
    assert Person.objects.get(id=lena.person_id).closed_at is None


def test_closing_twice_is_refused_and_nobody_comes_back_by_invitation(database: Database) -> None:
    assert close("rhys").status_code == 204
    assert close("rhys").status_code == 404
    asked = {"name": "Rhys Pugh", "email": cast.person("rhys").email, "engagement": "EMPLOYEE", "role": "practitioner"}
    answer = cast.person("adam").post("invitations", {**asked, "team": cast.team("mash")})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")


def test_a_closed_persons_name_still_stands_beside_their_acts(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    cast.person("rhys").see(f"disclosures/{ref}")
    close("rhys")
    shown = cast.person("audrey").see("log/entries", {"record": ref, "event": "record:opened"})
    assert [line["person"]["name"] for line in shown["lines"]] == ["Rhys Pugh"]


def test_a_closed_service_is_out_with_its_token(database: Database) -> None:
    service = cast.person("service")
    service.see("inbox")
    assert close("service").status_code == 204
    assert service.get("inbox").status_code == 401
    assert locks.find_disagreements() == []


def test_whoever_was_closed_while_they_waited_is_not_admitted_any_more(database: Database) -> None:
    secret = invite()
    taken = take(secret)
    confirm(secret, taken)
    (waiting,) = cast.person("lena").see("admissions")["results"]
    noor = Person.objects.get(email=NOOR)
    assert cast.person("adam").delete(f"people/{noor.id}").status_code == 204
    assert cast.person("lena").see("admissions")["results"] == []
    address, typed = f"admissions/{waiting['invitation_id']}", {"fingerprint": waiting["fingerprint"]}
    assert cast.person("lena").post(address, typed).status_code == 404
    assert not Membership.objects.filter(person=noor).exists()
    assert locks.find_disagreements() == []


def test_a_closed_persons_link_is_dead(database: Database) -> None:
    secret = invite()
    taken = take(secret)
    assert cast.person("adam").delete(f"people/{Person.objects.get(email=NOOR).id}").status_code == 204
    assert confirm(secret, taken).status_code == 404
    answer = cast.call("POST", "invitations/take", {"secret": secret, "passphrase": entering.NEW})
    assert answer.status_code == 404
    assert not Invitation.objects.exclude(confirmed_at=None).filter(person__email=NOOR).exists()


def test_nobody_is_admitted_before_their_first_day_or_after_their_last(database: Database) -> None:
    secret = invite()
    confirm(secret, take(secret))
    (waiting,) = cast.person("lena").see("admissions")["results"]
    address, typed = f"admissions/{waiting['invitation_id']}", {"fingerprint": waiting["fingerprint"]}
    for days in (1, -9):
        first = timezone.localdate() + timedelta(days=days)
        Person.objects.filter(email=NOOR).update(valid_from=first, valid_until=first + timedelta(days=2))
        answer = cast.person("lena").post(address, typed)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_engaged")
        assert locks.find_disagreements() == []
    Person.objects.filter(email=NOOR).update(valid_from=timezone.localdate(), valid_until=None)
    assert cast.person("lena").post(address, typed).status_code == 201
    assert locks.find_disagreements() == []


def close(name: str, *, by: str = "adam") -> Answer:
    """End somebody's engagement."""
    return cast.person(by).delete(f"people/{cast.person(name).person_id}")


def invite() -> str:
    """Adam invites Noor to the council's team; the link's secret."""
    asked = {"name": "Noor Aziz", "email": NOOR, "engagement": "EMPLOYEE", "role": "practitioner"}
    return str(cast.person("adam").do("invitations", {**asked, "team": cast.team("mash")})["secret"])


def take(secret: str) -> dict[str, str]:
    """Noor follows the link."""
    answer = cast.call("POST", "invitations/take", {"secret": secret, "passphrase": entering.NEW})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def confirm(secret: str, taken: dict[str, str]) -> Answer:
    """Noor types everything back."""
    typed = {"secret": secret, "passphrase": entering.NEW, "recovery_code": taken["recovery_code"]}
    return cast.call("POST", "invitations/confirm", {**typed, "code": taken["spare_codes"][0]})
