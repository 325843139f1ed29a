"""Attacks on what is kept: by a reader who can also write rows, by a service, by a second signer, by long names."""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

import vault
from accounts import people, rules
from accounts.errors import NotAllowed
from accounts.models import Agency, Membership, Person, Team
from audit.models import SealedWhy
from exchange import chasing, countersigning, documents, emergency, sealing, tasks
from exchange.models import Decision, Disclosure, DocumentHolding, Record, RecordVersion
from tests import cast
from tests.house.alarms import alarmed, count_alarms
from tests.house.doors import Inside
from tests.journeys import logbook, telling
from tests.running.databases import Database
from vault import labels


# --- Documents ------------------------------------------------------------------------------------------------------
def share_document() -> tuple[str, str]:
    """A note shared with the council; the disclosure's reference and the document's id."""
    concern = telling.raise_concern()
    note = telling.add_note(concern)
    body = telling.decide_to_share(concern, telling.plan("mash", documents=[note]), concern_version=2)
    return cast.person("amina").do("decisions", body)["disclosures"][0], note


@pytest.mark.parametrize("lie", ["content", "type", "size"])
def test_a_reader_who_can_write_rows_cannot_put_another_document_under_the_author_s_name(
    database: Database, lie: str
) -> None:
    ref, note = share_document()
    lena, record = cast.person("lena").keyholder(), Record.objects.get(ref=ref)
    holding = DocumentHolding.objects.get(record=record, document_id=note)
    record_key = sealing.unlock(record, by=lena)
    key, description = documents._open_holding(record, holding, key=record_key)
    if lie == "content":
        key = vault.make_content_key()
        path = Path(settings.MEDIA_ROOT) / "documents" / note[:2] / note
        context = vault.bind(labels.DOCUMENT_BODY, note)
        path.write_bytes(b"".join(vault.seal_stream([b"x" * description.size], under=key, context=context)))
    else:
        lies: dict[str, Any] = {"type": "text/html\r\nSet-Cookie: a=b", "size": 5}
        description = msgspec.structs.replace(description, **{lie: lies[lie]})
    holding.delete()
    with transaction.atomic():
        documents._hold(record, holding.document_id, key, description, record_key=record_key)
    with alarmed("record:open:failed"):
        answer = Inside().ask("tom", "GET", f"records/{ref}/documents/{note}")
    assert answer.status == 409
    assert answer.json()["code"] == "cannot_open"


# --- Versions -------------------------------------------------------------------------------------------------------
def test_a_newest_version_that_was_taken_away_is_missed(database: Database) -> None:
    ref = telling.raise_concern()
    amina = cast.person("amina")
    changed = {"concern": telling.write_concern(title="Second"), "expected_version": 1}
    assert amina.put(f"concerns/{ref}", changed).status_code == 200
    assert amina.see(f"concerns/{ref}")["version"] == 2
    RecordVersion.objects.filter(record__ref=ref, number=2).delete()
    with alarmed("record:open:failed"):
        assert amina.get(f"concerns/{ref}").status_code == 409


def test_a_document_that_was_taken_away_with_its_version_is_missed(database: Database) -> None:
    ref = telling.raise_concern()
    telling.add_note(ref)
    RecordVersion.objects.filter(record__ref=ref, number=2).delete()
    assert cast.person("amina").get(f"concerns/{ref}").status_code == 409


# --- Second signatures ----------------------------------------------------------------------------------------------
def sign_twice() -> Decision:
    """A decision that waits for its second signature."""
    body = telling.decide_not_to_share(telling.raise_concern(), second_signature=True)
    ref = cast.person("amina").do("decisions", body)["ref"]
    return Decision.objects.select_related("record__owner").get(record__ref=ref)


@pytest.mark.parametrize("who", ["stan", "ben", "amina"])
def test_only_another_lead_of_the_agency_counts_as_a_second_signer(database: Database, who: str) -> None:
    """Somebody with vouched-for keys of their own, and write access, signs for the lead."""
    decision = sign_twice()
    with transaction.atomic():
        countersigning.sign(decision, by=cast.person(who).keyholder())
    with alarmed("record:open:failed"):
        assert cast.person("amina").get(f"decisions/{decision.record.ref}").status_code == 409


def test_a_second_signature_that_was_never_given_is_missed(database: Database) -> None:
    decision = sign_twice()
    Decision.objects.filter(pk=decision.pk).update(state=Decision.SIGNED)
    with alarmed("record:open:failed"):
        assert cast.person("amina").get(f"decisions/{decision.record.ref}").status_code == 409


def test_what_would_be_over_before_it_began_is_not_sent_by_a_second_signature(database: Database) -> None:
    share = telling.plan("mash", expires_on=timezone.localdate().isoformat())
    body = telling.decide_to_share(telling.raise_concern(), share, second_signature=True)
    ref = cast.person("amina").do("decisions", body)["ref"]
    with pytest.MonkeyPatch.context() as patch:
        later = timezone.localdate() + timedelta(days=1)
        patch.setattr(timezone, "localdate", lambda *_: later)
        answer = cast.person("grace").post(f"decisions/{ref}/countersignature")
    assert (answer.status_code, answer.json()["code"]) == (409, "over_already")


# --- Recipients -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", ["adam", "audrey", "unadmitted", "removed"])
def test_nothing_is_sent_to_a_person_who_could_not_open_it(database: Database, who: str) -> None:
    if who == "unadmitted":
        details = people.PersonDetails("Noor", "noor@example.org", "EMPLOYEE")
        people.invite(details, team_id=cast.team("mash"), role="practitioner", by=cast.person("lena").keyholder())
        person = str(Person.objects.get(email="noor@example.org").id)
    elif who == "removed":
        person = cast.person("rhys").person_id
        Membership.objects.filter(person_id=person).update(ended_at=timezone.now())
    else:
        person = cast.person(who).person_id
    alarms, share = count_alarms(), {**telling.plan("mash"), "team": "", "person": person}
    answer = cast.person("amina").post("decisions", telling.decide_to_share(telling.raise_concern(), share))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_recipient")
    assert count_alarms() == alarms


def test_what_was_given_by_name_still_opens_after_a_promotion(database: Database) -> None:
    tom = cast.person("tom")
    share = {**telling.plan("mash"), "team": "", "person": tom.person_id}
    (ref,) = telling.share(share)
    lena = cast.person("lena").keyholder()
    details = people.PersonDetails("Tom Bell", tom.email, "EMPLOYEE")
    people.invite(details, team_id=cast.team("mash"), role="lead", by=lena)
    (waiting,) = people.waiting_for(lena)
    people.admit(waiting.invitation_id, waiting.fingerprint, by=lena)
    assert rules.leads(tom.person_id, cast.team("mash"))
    assert tom.get(f"disclosures/{ref}").status_code == 200


@pytest.mark.parametrize("path", ["decisions", "emergencies"])
def test_long_names_keep_nobody_from_being_reached(database: Database, path: str) -> None:
    Team.objects.filter(pk=cast.team("caiu")).update(name="T" * 120)
    Agency.objects.filter(pk=cast.agency("caiu")).update(name="A" * 120)
    body = telling.write_emergency("caiu", child="Z" * 200)
    if path == "decisions":
        body = telling.decide_to_share(telling.raise_concern(), telling.plan("caiu"))
    assert cast.person("amina").post(path, body).status_code == 201


def test_the_longest_name_of_someone_not_told_stands_in_the_banner(database: Database) -> None:
    people_there = telling.write_concern()["people"]
    people_there[1]["name"] = "M" * 200
    ref = telling.raise_concern(people=people_there)
    body = telling.decide_to_share(ref, telling.plan("mash", people=["child", "mother"]))
    (made,) = cast.person("amina").do("decisions", body)["disclosures"]
    assert "M" * 200 in cast.person("lena").see(f"disclosures/{made}")["body"]["banner"][0]


def test_what_was_given_by_name_to_someone_who_left_ends_and_they_are_not_chased(database: Database) -> None:
    rhys = cast.person("rhys")
    (ref,) = telling.share({**telling.plan("mash"), "team": "", "person": rhys.person_id})
    assert cast.person("lena").delete(f"memberships/{rhys.membership_id}").status_code == 204
    disclosure = Disclosure.objects.get(record__ref=ref)
    assert disclosure.ended_at is not None
    Disclosure.objects.filter(pk=disclosure.pk).update(acknowledge_by=timezone.now() - timedelta(days=1))
    assert chasing.chase_overdue() == 0


def test_what_the_clock_will_end_elsewhere_is_not_put_down_to_whoever_removes_somebody(database: Database) -> None:
    vera, rhys = cast.person("vera"), cast.person("rhys")
    (ref,) = telling.share({**telling.plan("mash"), "team": "", "person": vera.person_id})
    before, yesterday = (timezone.localdate() - timedelta(days=days) for days in (9, 1))
    Person.objects.filter(pk=vera.person_id).update(valid_from=before, valid_until=yesterday)
    mark = logbook.Mark()
    assert cast.person("lena").delete(f"memberships/{rhys.membership_id}").status_code == 204
    assert not [line for line in mark.lines() if ref in line.records]
    tasks.expire()
    (taken,) = [line for line in mark.lines() if ref in line.records]
    assert (taken.event, taken.person) == ("record:grant:taken", "")


# --- Services -------------------------------------------------------------------------------------------------------
def instruct() -> None:
    """The council's service is given what comes to the council."""
    asked = {"team": cast.team("mash"), "service": cast.person("service").person_id}
    cast.person("lena").do("instructions", asked, expect=204)


def test_a_standing_instruction_is_about_what_comes_in_and_not_about_what_goes_out(database: Database) -> None:
    instruct()
    sent = telling.share(telling.plan("caiu"), owner="tom")[0]
    service = cast.person("service")
    assert service.get(f"disclosures/{sent}").status_code == 404
    assert service.post(f"disclosures/{sent}/acknowledgement").status_code == 404


def test_a_service_shares_nothing_in_an_emergency_whatever_its_token_unlocks(database: Database) -> None:
    call = emergency.Call("Zed", "Bleeding", [cast.team("caiu")])
    with pytest.raises(NotAllowed):
        emergency.share(call, by=cast.person("service").keyholder())
    assert not Record.objects.exists()


# --- Lists ----------------------------------------------------------------------------------------------------------
def test_a_great_many_answers_are_still_listed(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    answer = cast.person("lena").do(f"disclosures/{ref}/answers", {"text": "Seen."})["ref"]
    pattern = Record.objects.get(ref=answer)
    template = {
        f.attname: getattr(pattern, f.attname) for f in Record._meta.concrete_fields if f.name not in ("id", "ref")
    }
    letters = sealing.ALPHABET
    refs = [f"A-{secrets.choice(letters) * 2}{number:03}-{number:05}" for number in range(1100)]
    Record.objects.bulk_create(Record(ref=ref, **template) for ref in refs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exchange.rules.openable", lambda _: Record.objects.all())
        assert len(cast.person("lena").see(f"disclosures/{ref}/answers")["results"]) == 100


def test_a_why_that_was_altered_is_a_refusal_and_no_fault(database: Database) -> None:
    telling.share(telling.plan("mash"))
    audrey = cast.person("audrey")
    (entry,) = [line["id"] for line in audrey.see("log/entries", {"event": "decision:signed"})["lines"]]
    assert audrey.get(f"log/entries/{entry}/why").status_code == 200
    SealedWhy.objects.update(sealed=b"\x01\x21" + bytes(400))
    with alarmed("record:open:failed"):
        assert Inside().ask("audrey", "GET", f"log/entries/{entry}/why").status == 409
