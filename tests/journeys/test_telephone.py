"""What was told by telephone or in person is recorded, signed and audited as a disclosure that gives nobody a key."""

from exchange.models import Grant, KeyWrap, Record
from tests import cast
from tests.journeys import logbook, telling
from tests.running.databases import Database


def test_a_call_is_recorded_with_its_words_and_without_a_grant(database: Database) -> None:
    ref = telling.raise_concern()
    call = telling.plan("nights", channel="TELEPHONE", spoken_to="PC Ada Byrne", verified_how="Rang the front desk.")
    mark = logbook.Mark()
    (made,) = cast.person("amina").do("decisions", telling.decide_to_share(ref, call))["disclosures"]
    recorded = [line for line in mark.lines() if line.event.startswith("disclosure:")]
    assert [(line.event, line.detail) for line in recorded] == [("disclosure:recorded", "telephone")]
    assert f"team:{cast.team('nights')}" in recorded[0].parties
    record = Record.objects.get(ref=made)
    assert [str(grant.team_id) for grant in Grant.objects.filter(record=record)] == [cast.team("hillside")]
    assert KeyWrap.objects.filter(grant__record=record).count() == 1
    opened = cast.person("ben").see(f"disclosures/{made}")["body"]
    assert (opened["channel"], opened["spoken_to"]) == ("TELEPHONE", "PC Ada Byrne")


def test_a_call_to_a_team_with_keys_gives_them_nothing_to_open(database: Database) -> None:
    (made,) = telling.share(telling.plan("mash", channel="TELEPHONE", spoken_to="Lena", verified_how="I know her."))
    assert cast.person("lena").get(f"disclosures/{made}").status_code == 404
    assert cast.person("lena").see("inbox")["results"] == []


def test_a_call_without_saying_to_whom_or_how_they_were_known_is_not_recorded(database: Database) -> None:
    ref = telling.raise_concern()
    body = telling.decide_to_share(ref, telling.plan("nights", channel="TELEPHONE"))
    answer = cast.person("amina").post("decisions", body)
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} == {"shares[0].spoken_to", "shares[0].verified_how"}


def test_a_share_through_confer_with_nobody_who_could_open_it_gives_the_number(database: Database) -> None:
    ref = telling.raise_concern()
    answer = cast.person("amina").post("decisions", telling.decide_to_share(ref, telling.plan("nights")))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_key_holder")
    assert cast.NIGHT_TELEPHONE in answer.json()["detail"]
    assert Record.objects.count() == 1
