"""A decision not to share is signed, dated, reviewed; the gravest reason needs a second signature."""

from datetime import timedelta

from django.utils import timezone

from exchange.models import Decision
from tests import cast
from tests.journeys import logbook, telling
from tests.running.databases import Database


def test_not_sharing_is_recorded_with_its_reason_and_a_review(database: Database) -> None:
    ref = telling.raise_concern()
    mark = logbook.Mark()
    signed = cast.person("amina").do("decisions", telling.decide_not_to_share(ref))
    assert (signed["state"], signed["disclosures"]) == ("signed", [])
    opened = cast.person("ben").see(f"decisions/{signed['ref']}")
    assert opened["body"]["not_shared_reason"] == "ALREADY_HELD_BY_RECIPIENT"
    assert opened["line"]["review_on"] == (timezone.localdate() + timedelta(days=14)).isoformat()
    decided = [line for line in mark.lines() if line.event == "decision:signed"]
    assert [(line.detail, line.records) for line in decided] == [("do-not-share", (signed["ref"], ref))]


def test_without_reason_or_review_it_is_not_signed(database: Database) -> None:
    ref = telling.raise_concern()
    body = telling.decide_not_to_share(ref, not_shared_reason="", reason=" ", review_date=None)
    answer = cast.person("amina").post("decisions", body)
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} >= {"not_shared_reason", "reason"}
    assert not Decision.objects.exists()


def test_holding_back_because_sharing_would_harm_waits_for_another_lead(database: Database) -> None:
    ref = telling.raise_concern()
    body = telling.decide_not_to_share(ref, not_shared_reason="DETRIMENT", reason="He would be moved that night.")
    signed = cast.person("amina").do("decisions", body)
    assert signed["state"] == "awaiting"
    waiting = cast.person("grace").see("decisions", {"awaiting": "true"})["results"]
    assert [line["ref"] for line in waiting] == [signed["ref"]]
    done = cast.person("grace").do(f"decisions/{signed['ref']}/countersignature", expect=200)
    assert done == {"ref": signed["ref"], "state": "signed", "disclosures": []}
    opened = cast.person("amina").see(f"decisions/{signed['ref']}")
    assert opened["countersigned_by"] == cast.person("grace").person_id


def test_neither_the_first_signer_nor_a_teammate_gives_the_second_signature(database: Database) -> None:
    ref = telling.raise_concern("grace")
    body = telling.decide_not_to_share(ref, not_shared_reason="DETRIMENT", reason="He would be moved that night.")
    decision = cast.person("grace").do("decisions", body)["ref"]
    for name in ("grace", "ben"):
        answer = cast.person(name).post(f"decisions/{decision}/countersignature")
        assert answer.status_code == 403
    assert cast.person("lena").post(f"decisions/{decision}/countersignature").status_code == 404
    assert Decision.objects.get().state == Decision.AWAITING


def test_a_countersigned_share_goes_out_only_with_the_second_signature(database: Database) -> None:
    ref = telling.raise_concern()
    body = telling.decide_to_share(ref, telling.plan("mash"), second_signature=True)
    signed = cast.person("amina").do("decisions", body)
    assert (signed["state"], signed["disclosures"]) == ("awaiting", [])
    assert cast.person("lena").see("inbox")["results"] == []
    mark = logbook.Mark()
    done = cast.person("grace").do(f"decisions/{signed['ref']}/countersignature", expect=200)
    assert "decision:countersigned" in mark.events()
    (line,) = cast.person("lena").see("inbox")["results"]
    assert [line["ref"]] == done["disclosures"]
    assert cast.person("lena").see(f"disclosures/{line['ref']}")["body"]["from_person"] == "Amina Yusuf"
    again = cast.person("grace").post(f"decisions/{signed['ref']}/countersignature")
    assert (again.status_code, again.json()["code"]) == (409, "not_awaiting")


def test_what_goes_out_at_the_second_signature_is_what_was_decided_on(database: Database) -> None:
    ref = telling.raise_concern()
    body = telling.decide_to_share(ref, telling.plan("mash"), second_signature=True)
    decision = cast.person("amina").do("decisions", body)["ref"]
    cast.person("ben").put(f"concerns/{ref}", {"concern": telling.write_concern(title="New"), "expected_version": 1})
    done = cast.person("grace").do(f"decisions/{decision}/countersignature", expect=200)
    assert Decision.objects.get().state == Decision.SIGNED
    given = cast.person("lena").see(f"disclosures/{done['disclosures'][0]}")["body"]
    assert "New" not in str(given)


def test_a_decision_is_not_signed_on_a_concern_that_changed(database: Database) -> None:
    ref = telling.raise_concern()
    body = telling.decide_to_share(ref, telling.plan("mash"))
    cast.person("ben").put(f"concerns/{ref}", {"concern": telling.write_concern(title="New"), "expected_version": 1})
    answer = cast.person("amina").post("decisions", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert not Decision.objects.exists()


def test_a_forged_second_signature_makes_the_decision_unopenable(database: Database) -> None:
    ref = telling.raise_concern()
    body = telling.decide_not_to_share(ref, not_shared_reason="DETRIMENT", reason="He would be moved that night.")
    decision = cast.person("amina").do("decisions", body)["ref"]
    cast.person("grace").do(f"decisions/{decision}/countersignature", expect=200)
    ben = cast.person("ben").person_id
    Decision.objects.update(countersigned_by=ben)  # someone who can write rows says another lead signed
    answer = cast.person("amina").get(f"decisions/{decision}")
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_open")
