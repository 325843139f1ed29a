"""Raise, decide, share two renditions, open, acknowledge, answer; and nobody else gets anything."""

import json

import pytest

from tests import cast
from tests.journeys import logbook, telling
from tests.running.databases import Database


def test_each_recipient_gets_their_own_rendition_and_nothing_else(database: Database) -> None:
    amina, lena, paul = (cast.person(name) for name in ("amina", "lena", "paul"))
    ref = telling.raise_concern()
    document = telling.add_note(ref)
    to_mash = telling.plan("mash", people=["child", "mother"], statements=["s1", "s2"], documents=[document])
    to_police = telling.plan("caiu", message="For the strategy discussion.")
    body = telling.decide_to_share(ref, to_mash, to_police, concern_version=2)
    signed = amina.do("decisions", body)
    assert signed["state"] == "signed"

    (in_mash,) = lena.see("inbox")["results"]
    (in_police,) = paul.see("inbox")["results"]
    assert [in_mash["ref"], in_police["ref"]] == signed["disclosures"]

    given = lena.see(f"disclosures/{in_mash['ref']}")["body"]
    assert given["banner"][0] == f"{telling.MOTHER} has NOT been told. Do not discuss this with {telling.MOTHER}."
    assert [person["name"] for person in given["people"]] == [telling.CHILD, telling.MOTHER]
    assert [statement["text"] for statement in given["statements"]] == [telling.BRUISE, telling.WORDS]
    assert [(d["id"], d["name"]) for d in given["documents"]] == [(document, "body map.txt")]
    assert given["withheld"] == 2
    assert lena.download(in_mash["ref"], document).decode() == telling.NOTE

    other = paul.see(f"disclosures/{in_police['ref']}")["body"]
    assert other["banner"][0] == "mother has NOT been told. Do not discuss this with mother."
    text = json.dumps(other)
    assert telling.BRUISE in text
    for hidden in (telling.MOTHER, telling.NEIGHBOUR, telling.WORDS, telling.HEARSAY, "body map", document):
        assert hidden not in text
    assert paul.get(f"records/{in_police['ref']}/documents/{document}").status_code == 404


def test_the_sender_sees_it_delivered_acknowledged_and_answered(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    amina, tom = cast.person("amina"), cast.person("tom")
    assert [(line["acknowledged_at"], line["answered_at"]) for line in amina.see("sent")["results"]] == [(None, None)]
    tom.see(f"disclosures/{ref}")
    assert tom.do(f"disclosures/{ref}/acknowledgement", expect=200)["acknowledged_at"]
    assert tom.see("inbox", {"unacknowledged": "true"})["results"] == []
    answered = tom.do(f"disclosures/{ref}/answers", {"text": "A strategy discussion was held."})["ref"]
    (line,) = amina.see("sent")["results"]
    assert line["acknowledged_at"]
    assert line["answered_at"]
    assert amina.see(f"disclosures/{ref}/answers")["results"] == [answered]
    opened = cast.person("ben").see(f"answers/{answered}")
    assert (opened["body"]["text"], opened["author_id"]) == ("A strategy discussion was held.", tom.person_id)


def test_acknowledging_twice_is_refused(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    cast.person("tom").do(f"disclosures/{ref}/acknowledgement", expect=200)
    again = cast.person("lena").post(f"disclosures/{ref}/acknowledgement")
    assert (again.status_code, again.json()["code"]) == (409, "already_acknowledged")


def test_the_sender_can_neither_acknowledge_nor_answer_for_the_recipient(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    assert cast.person("amina").post(f"disclosures/{ref}/acknowledgement").status_code == 403
    assert cast.person("amina").post(f"disclosures/{ref}/answers", {"text": "It is fine."}).status_code == 403


def test_a_teammate_reads_the_concern_and_an_administrator_does_not(database: Database) -> None:
    ref = telling.raise_concern("tom")
    assert cast.person("lena").see(f"concerns/{ref}")["body"]["title"] == "Bruise seen at school"
    assert cast.person("adam").get(f"concerns/{ref}").status_code == 404
    assert cast.person("audrey").get(f"concerns/{ref}").status_code == 404


@pytest.mark.parametrize("name", ["stan", "adam", "audrey", "olive", "hannah", "service"])
def test_a_stranger_cannot_tell_none_from_not_yours_and_both_are_logged(database: Database, name: str) -> None:
    ref = telling.raise_concern()
    (disclosure,) = cast.person("amina").do("decisions", telling.decide_to_share(ref, telling.plan("caiu")))[
        "disclosures"
    ]
    (decision,) = (line["ref"] for line in cast.person("amina").see("decisions")["results"])
    stranger = cast.person(name)
    stranger.see("session")
    for kind, real in (("concerns", ref), ("decisions", decision), ("disclosures", disclosure)):
        mark = logbook.Mark()
        theirs, none = stranger.get(f"{kind}/{real}"), stranger.get(f"{kind}/{real[0]}-00000-00000")
        assert (theirs.status_code, theirs.content) == (none.status_code, none.content) == (404, none.content)
        assert theirs.headers.items() == none.headers.items()
        refused = [(line.event, line.outcome, line.person, line.records) for line in mark.lines()]
        expected = ("record:open:refused", "refused", stranger.person_id)
        assert refused == [(*expected, (real,)), (*expected, (f"{real[0]}-00000-00000",))]


def test_a_stranger_can_do_nothing_to_what_is_not_theirs(database: Database) -> None:
    ref = telling.raise_concern()
    document = telling.add_note(ref)
    share = telling.decide_to_share(ref, telling.plan("caiu"), concern_version=2)
    (disclosure,) = cast.person("amina").do("decisions", share)["disclosures"]
    (decision,) = (line["ref"] for line in cast.person("amina").see("decisions")["results"])
    stan = cast.person("stan")
    refused = [
        stan.put(f"concerns/{ref}", {"concern": telling.write_concern(), "expected_version": 2}),
        stan.upload(ref, b"mine"),
        stan.get(f"records/{ref}/documents/{document}"),
        stan.get(f"records/{disclosure}/documents/{document}"),
        stan.post("decisions", telling.decide_to_share(ref, telling.plan("farleigh"), concern_version=2)),
        stan.post(f"decisions/{decision}/countersignature"),
        stan.post(f"decisions/{decision}/completion", telling.decide_to_share(ref)),
        stan.post(f"disclosures/{disclosure}/acknowledgement"),
        stan.post(f"disclosures/{disclosure}/answers", {"text": "Hm."}),
        stan.get(f"disclosures/{disclosure}/answers"),
        stan.post(f"disclosures/{disclosure}/taking-back"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(404, "not_found")}
    assert stan.see("inbox")["results"] == stan.see("sent")["results"] == stan.see("decisions")["results"] == []


def test_a_concern_grows_in_versions_and_two_people_do_not_overwrite_each_other(database: Database) -> None:
    ref = telling.raise_concern()
    body = {"concern": telling.write_concern(title="Bruise and a burn"), "expected_version": 1}
    changed = cast.person("ben").put(f"concerns/{ref}", body)
    assert (changed.status_code, changed.json()) == (200, {"ref": ref, "version": 2})
    late = cast.person("amina").put(f"concerns/{ref}", {"concern": telling.write_concern(), "expected_version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    opened = cast.person("amina").see(f"concerns/{ref}")
    assert (opened["version"], opened["body"]["title"]) == (2, "Bruise and a burn")
    assert opened["author_id"] == cast.person("ben").person_id


def test_what_was_decided_on_an_older_version_is_not_sent(database: Database) -> None:
    ref = telling.raise_concern()
    cast.person("ben").put(f"concerns/{ref}", {"concern": telling.write_concern(title="New"), "expected_version": 1})
    answer = cast.person("amina").post("decisions", telling.decide_to_share(ref, telling.plan("mash")))
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert cast.person("lena").see("inbox")["results"] == []


def test_one_person_can_be_given_what_their_team_is_not(database: Database) -> None:
    tom = cast.person("tom")
    (ref,) = telling.share({"person": tom.person_id, "people": ["child"], "statements": ["s1"]})
    assert tom.see(f"disclosures/{ref}")["body"]["statements"][0]["text"] == telling.BRUISE
    assert cast.person("lena").get(f"disclosures/{ref}").status_code == 404


def test_lists_come_in_pages(database: Database) -> None:
    refs = [telling.share(telling.plan("mash"))[0] for _ in range(3)]
    lena = cast.person("lena")
    first = lena.see("inbox", {"limit": 2})
    second = lena.see("inbox", {"limit": 2, "cursor": first["next"]})
    assert [line["ref"] for line in first["results"] + second["results"]] == refs[::-1]
    assert second["next"] == ""
