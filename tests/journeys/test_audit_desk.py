"""The auditors: who shared what, with whom and why; each within their bounds, and every question is itself logged."""

from typing import Any

import pytest

from audit import numbering
from tests import cast
from tests.journeys import logbook, telling
from tests.running.databases import Database


def test_the_exchanges_auditor_reads_who_shared_what_with_whom_and_why(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    cast.person("lena").see(f"disclosures/{ref}")
    audrey = cast.person("audrey")
    lines = ask("audrey", record=ref)
    assert [line["event"] for line in lines] == [
        "record:opened", "disclosure:sent", "record:grant:given", "record:grant:given"
    ]  # fmt: skip
    sent = lines[1]
    assert (sent["person"]["name"], sent["agency"]["name"]) == ("Amina Yusuf", "Hillside Primary")
    assert {"MASH", "Northshire Council"} <= {party["name"] for party in sent["parties"]}
    (decision,) = ask("audrey", event="decision:signed")
    assert decision["has_why"]
    assert telling.REASON in audrey.see(f"log/entries/{decision['id']}/why")["why"]


def test_asking_and_reading_a_reason_are_themselves_logged(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    audrey = cast.person("audrey")
    (decision,) = ask("audrey", event="decision:signed")
    mark = logbook.Mark()
    ask("audrey", record=ref)
    audrey.see(f"log/entries/{decision['id']}/why")
    asked, read = mark.lines()
    assert (asked.event, asked.person, asked.records) == ("log:asked", audrey.person_id, (ref,))
    assert (read.event, read.person, read.detail) == ("log:why:read", audrey.person_id, str(decision["id"]))
    assert ask("audrey", record=ref)[0]["event"] == "log:asked"


def test_an_agencys_auditor_sees_what_its_people_did_and_what_was_done_with_its_records_only(
    database: Database,
) -> None:
    (ours,) = telling.share(telling.plan("mash"))
    theirs = telling.raise_concern("tom")
    tom = cast.person("tom")
    tom.see(f"concerns/{theirs}")
    tom.see(f"disclosures/{ours}")
    seen = ask("olive")
    school, council = cast.agency("hillside"), cast.agency("mash")
    outside = [line for line in seen if line["agency"]["id"] not in {school, ""}]
    assert outside, "what others did with the school's records is the school's to know"
    for line in outside:
        assert f"agency:{school}" in {party["id"] for party in line["parties"]}, line
    assert not [line for line in seen if theirs in line["records"]]
    assert ask("olive", record=theirs) == []
    assert [line["event"] for line in ask("olive", record=ours) if line["person"]["id"] == tom.person_id] == [
        "record:opened"
    ]
    refused = cast.person("olive").get("log/entries", {"agency": council})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


def test_an_agencys_auditor_reads_its_own_reasons_and_no_others(database: Database) -> None:
    telling.share(telling.plan("mash"))
    ref = telling.raise_concern("tom")
    tom = cast.person("tom")
    tom.do("decisions", telling.decide_to_share(ref, telling.plan("hillside")))
    by_author = {line["person"]["id"]: line["id"] for line in ask("audrey", event="decision:signed")}
    olive = cast.person("olive")
    assert telling.REASON in olive.see(f"log/entries/{by_author[cast.person('amina').person_id]}/why")["why"]
    others, none = (olive.get(f"log/entries/{pk}/why") for pk in (by_author[tom.person_id], 10**9))
    assert others.status_code == none.status_code == 404
    assert others.content == none.content


@pytest.mark.parametrize("name", ["amina", "grace", "lena", "adam", "stan", "service"])
def test_nobody_but_an_auditor_asks(database: Database, name: str) -> None:
    someone = cast.person(name)
    someone.see("session")
    mark = logbook.Mark()
    answers = [
        someone.get("log/entries"),
        someone.get("log/entries/1/why"),
        someone.post("log/verification", {"held": []}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "not_allowed")}
    refused = [(line.event, line.outcome, line.person) for line in mark.lines()]
    assert refused == [("request:refused", "refused", someone.person_id)] * 3


@pytest.mark.parametrize("name", ["audrey", "olive"])
def test_an_auditor_opens_no_content(database: Database, name: str) -> None:
    ref = telling.raise_concern()
    (made,) = cast.person("amina").do("decisions", telling.decide_to_share(ref, telling.plan("mash")))["disclosures"]
    for address in (f"concerns/{ref}", f"disclosures/{made}"):
        assert cast.person(name).get(address).status_code == 404
    for line in ask(name):
        assert telling.CHILD not in str(line)
        assert telling.BRUISE not in str(line)


def test_refusals_are_found_by_outcome(database: Database) -> None:
    ref = telling.raise_concern()
    cast.person("stan").get(f"concerns/{ref}")
    (line,) = ask("audrey", record=ref, outcome="refused")
    assert (line["event"], line["person"]["name"]) == ("record:open:refused", "Stan Novak")


def test_pages_of_entries_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    telling.share(telling.plan("mash"))
    whole = [line["id"] for line in ask("audrey", agency=cast.agency("hillside"))]
    paged, cursor = [], ""
    while True:
        query = {"agency": cast.agency("hillside"), "limit": 4, **({"cursor": cursor} if cursor else {})}
        page = cast.person("audrey").see("log/entries", query)
        paged += [line["id"] for line in page["lines"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert [pk for pk in paged if pk in whole] == whole
    assert len(set(paged)) == len(paged)


def test_the_whole_log_verifies_against_a_checkpoint_kept_from_before(database: Database) -> None:
    held = cast.person("stan").see("log/checkpoint")
    telling.share(telling.plan("mash"))
    cast.person("audrey").see("session")
    while numbering.number_entries():
        pass
    verified = cast.person("audrey").do("log/verification", {"held": [held["note"]]}, expect=200)
    assert verified["size"] > held["size"] > 0
    assert verified["held"] == 1


def test_what_is_no_checkpoint_is_not_held_against_the_log(database: Database) -> None:
    answer = cast.person("audrey").post("log/verification", {"held": ["not a note"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "held")


def ask(name: str, **query: str) -> list[Any]:
    """The lines one auditor is given, newest first."""
    return list(cast.person(name).see("log/entries", query)["lines"])
