"""An emergency: one call, never blocked; the precedence of what gives way to what; completed afterwards, and chased."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import KeyStatement, Session
from exchange import chasing, notices, tasks
from exchange.models import Decision, Notice, Record
from tests import cast
from tests.journeys import logbook, telling
from tests.running.databases import Database


def test_one_call_reaches_police_and_social_care(database: Database) -> None:
    amina = cast.person("amina")
    amina.see("session")
    mark = logbook.Mark()
    made = amina.do("emergencies", telling.write_emergency("caiu", "mash"))
    assert made["to_ring"] == []
    for name, ref in zip(("paul", "lena"), made["disclosures"], strict=True):
        (line,) = cast.person(name).see("inbox")["results"]
        assert (line["ref"], line["urgency"]) == (ref, "IMMEDIATE_999")
        body = cast.person(name).see(f"disclosures/{ref}")["body"]
        assert f"Do NOT discuss this with: {telling.MOTHER}" in body["banner"]
        assert body["statements"][0]["text"].startswith("Left the building")
    assert {"concern:raised", "decision:signed", "disclosure:sent", "emergency:shared"} <= set(mark.events())
    assert Notice.objects.filter(kind=notices.WAITING, urgent=True).count() == 2


def test_after_five_minutes_the_passphrase_on_the_same_screen_is_enough(database: Database) -> None:
    amina = cast.person("amina")
    rest_signing(amina)
    asked = telling.write_emergency("caiu")
    refused = amina.post("emergencies", asked)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_needed")
    assert "999" in refused.json()["detail"]
    assert amina.post("emergencies", {**asked, "passphrase": "not the right one at all"}).status_code == 401
    assert not Record.objects.exists()
    made = amina.do("emergencies", {**asked, "passphrase": amina.passphrase})
    assert (
        cast.person("paul").see(f"disclosures/{made['disclosures'][0]}")["body"]["people"][0]["name"] == telling.CHILD
    )


def test_signing_anything_else_waits_for_the_step_up(database: Database) -> None:
    ref = telling.raise_concern()
    amina = cast.person("amina")
    rest_signing(amina)
    body = telling.decide_to_share(ref, telling.plan("mash"))
    assert amina.post("decisions", body).json()["code"] == "step_up_needed"
    amina.step_up()
    amina.do("decisions", body)


def test_where_nobody_holds_a_key_the_answer_is_the_number_to_ring(database: Database) -> None:
    amina = cast.person("amina")
    answer = amina.post("emergencies", telling.write_emergency("nights"))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_key_holder")
    assert cast.NIGHT_TELEPHONE in answer.json()["detail"]
    assert not Record.objects.exists()


def test_a_team_that_cannot_be_reached_never_holds_up_one_that_can(database: Database) -> None:
    amina = cast.person("amina")
    amina.see("session")
    mark = logbook.Mark()
    made = amina.do("emergencies", telling.write_emergency("nights", "caiu"))
    assert made["to_ring"] == [{"team": "Night desk, Northshire Police", "telephone": cast.NIGHT_TELEPHONE}]
    assert len(made["disclosures"]) == 1
    assert cast.person("paul").see(f"disclosures/{made['disclosures'][0]}")["body"]["people"]
    assert [line.detail for line in mark.lines() if line.outcome == "refused"] == ["no_key_holder"]


def test_a_team_whose_key_is_refused_is_rung_and_the_auditors_are_told(database: Database) -> None:
    subject = f"team:{cast.team('mash')}"
    KeyStatement.objects.filter(subject=subject).update(signature=b"\x01" + bytes(3373))  # someone who writes rows
    made = cast.person("amina").do("emergencies", telling.write_emergency("mash", "caiu"))
    assert [ring["team"] for ring in made["to_ring"]] == ["MASH, Northshire Council"]
    assert len(made["disclosures"]) == 1
    assert Notice.objects.filter(kind=notices.ALARM).exists()


def test_an_audit_office_whose_key_is_refused_holds_up_no_emergency(database: Database) -> None:
    subject = f"team:{cast.team('exchange-office')}"
    KeyStatement.objects.filter(subject=subject).update(signature=b"\x01" + bytes(3373))
    made = cast.person("amina").do("emergencies", telling.write_emergency("caiu"))
    assert cast.person("paul").see(f"disclosures/{made['disclosures'][0]}")["body"]["people"]
    assert Notice.objects.filter(kind=notices.ALARM).exists()
    ordinary = telling.decide_to_share(telling.raise_concern(), telling.plan("caiu"))
    answer = cast.person("amina").post("decisions", ordinary)  # which can wait until somebody has looked into it
    assert (answer.status_code, answer.json()["code"]) == (409, "key_refused")


def test_a_service_whose_key_is_refused_holds_up_no_share(database: Database) -> None:
    service = cast.person("service")
    asked = {"team": cast.team("mash"), "service": service.person_id}
    cast.person("lena").do("instructions", asked, expect=204)
    KeyStatement.objects.filter(subject=service.party).update(signature=b"\x01" + bytes(3373))
    made = cast.person("amina").do("emergencies", telling.write_emergency("mash"))
    assert cast.person("lena").see(f"disclosures/{made['disclosures'][0]}")["body"]["people"]
    assert service.get(f"disclosures/{made['disclosures'][0]}").status_code == 404
    assert Notice.objects.filter(kind=notices.ALARM).exists()


def test_an_emergency_goes_to_police_and_social_care_only(database: Database) -> None:
    answer = cast.person("amina").post("emergencies", telling.write_emergency("trust"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "teams"


def test_asked_twice_under_one_key_it_is_sent_once_even_after_signing_has_rested(database: Database) -> None:
    amina = cast.person("amina")
    asked = telling.write_emergency("caiu", passphrase=amina.passphrase)
    first = amina.do("emergencies", asked, key="a-bad-line")
    rest_signing(amina)
    assert amina.do("emergencies", asked, key="a-bad-line") == first
    assert len(cast.person("paul").see("inbox")["results"]) == 1


def test_it_is_chased_until_the_record_is_complete(database: Database) -> None:
    amina = cast.person("amina")
    made = amina.do("emergencies", telling.write_emergency("caiu"))
    assert [line["ref"] for line in amina.see("decisions", {"incomplete": "true"})["results"]] == [made["decision"]]
    assert chasing.chase_incomplete() == 0
    Decision.objects.update(complete_by=timezone.now() - timedelta(minutes=1))  # a day goes by
    tasks.chase()
    tasks.chase()
    assert Notice.objects.filter(kind=notices.INCOMPLETE, ref=made["decision"]).count() == 1
    Decision.objects.update(chased_at=timezone.now() - timedelta(hours=25))  # and another
    tasks.chase()
    assert Notice.objects.filter(kind=notices.INCOMPLETE, ref=made["decision"]).count() == 2

    body = complete(made["concern"])
    assert amina.do(f"decisions/{made['decision']}/completion", body, expect=200)["state"] == "signed"
    Decision.objects.update(chased_at=None)
    assert chasing.chase_incomplete() == 0
    assert amina.see("decisions", {"incomplete": "true"})["results"] == []
    assert amina.see(f"decisions/{made['decision']}")["body"]["necessity"]


def test_an_incomplete_completion_names_what_is_missing_and_a_second_one_is_refused(database: Database) -> None:
    amina = cast.person("amina")
    made = amina.do("emergencies", telling.write_emergency("caiu"))
    address = f"decisions/{made['decision']}/completion"
    answer = amina.post(address, {**complete(made["concern"]), "necessity": "", "basis": None})
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} == {"necessity", "basis"}
    amina.do(address, complete(made["concern"]), expect=200)
    again = amina.post(address, complete(made["concern"]))
    assert (again.status_code, again.json()["code"]) == (409, "not_incomplete")


def complete(concern: str) -> dict[str, object]:
    """The reasoning afterwards, about the only person an emergency names."""
    later = (timezone.localdate() + timedelta(days=7)).isoformat()
    told = {"person": "child", "reason": "Missing.", "exceptions": [], "review_date": later}
    return {
        **telling.decide_to_share(concern, outcome="SHARED_EMERGENCY", purpose="STRAT", urgency="IMMEDIATE_999"),
        "agreements": [{**told, "status": "NOT_SOUGHT_IMPRACTICABLE"}],
        "informing": [{**told, "status": "NOT_PRACTICABLE"}],
    }


def rest_signing(someone: cast.Someone) -> None:
    """Five minutes go by."""
    someone.see("session")
    Session.objects.filter(person_id=someone.person_id).update(signing_until=timezone.now() - timedelta(seconds=1))
    assert not someone.see("session")["may_sign_now"]
