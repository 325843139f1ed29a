"""A case-management system's token: it may raise, list, open, acknowledge and answer; never sign, admit or export."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Person, SealedSecrets, TeamKeyWrap
from exchange.models import Record
from tests import cast
from tests.journeys import logbook, telling
from tests.running.databases import Database


def test_without_an_instruction_it_is_given_nothing(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    service = cast.person("service")
    assert service.see("inbox")["results"] == []
    assert service.get(f"disclosures/{ref}").status_code == 404
    assert not TeamKeyWrap.objects.filter(keys__person_id=service.person_id).exists()


def test_by_a_leads_instruction_it_opens_acknowledges_and_answers_what_comes_after(database: Database) -> None:
    (before,) = telling.share(telling.plan("mash"))
    instruct()
    ref = telling.raise_concern()
    document = telling.add_note(ref)
    body = telling.decide_to_share(ref, telling.plan("mash", documents=[document]), concern_version=2)
    (after,) = cast.person("amina").do("decisions", body)["disclosures"]
    service = cast.person("service")
    assert [line["ref"] for line in service.see("inbox")["results"]] == [after]
    assert service.see(f"disclosures/{after}")["body"]["statements"][0]["text"] == telling.BRUISE
    assert service.download(after, document).decode() == telling.NOTE
    mark = logbook.Mark()
    assert service.do(f"disclosures/{after}/acknowledgement", expect=200)["acknowledged_at"]
    answered = service.do(f"disclosures/{after}/answers", {"text": "Case opened."})["ref"]
    assert {line.person for line in mark.lines()} == {service.person_id}
    opened = cast.person("amina").see(f"answers/{answered}")
    assert (opened["body"]["text"], opened["author_id"]) == ("Case opened.", service.person_id)
    assert cast.person("tom").see(f"answers/{answered}")["body"]["text"] == "Case opened."
    assert service.get(f"disclosures/{before}").status_code == 404


def test_it_raises_a_concern_for_its_team(database: Database) -> None:
    ref = telling.raise_concern("service")
    opened = cast.person("tom").see(f"concerns/{ref}")
    assert opened["author_id"] == cast.person("service").person_id
    assert opened["body"]["people"][0]["name"] == telling.CHILD


def test_it_never_signs_shares_admits_makes_tokens_or_asks_the_log(database: Database) -> None:
    instruct()
    ref = telling.raise_concern("tom")
    service = cast.person("service")
    rhys, mash = cast.person("rhys").membership_id, cast.team("mash")
    ends = (timezone.localdate() + timedelta(days=9)).isoformat()
    records = Record.objects.count()
    refused = [
        service.post("decisions", telling.decide_to_share(ref, telling.plan("caiu"))),
        service.post("decisions", telling.decide_not_to_share(ref)),
        service.post("emergencies", telling.write_emergency("caiu", passphrase="anything at all")),
        service.post("session/step-up", {"passphrase": "anything at all"}),
        service.post("tokens", {"name": "More", "email": "more@example.org", "team": mash, "expires_on": ends}),
        service.post("instructions", {"team": mash, "service": service.person_id}),
        service.post(
            "invitations",
            {"name": "N", "email": "n@example.org", "engagement": "EMPLOYEE", "team": mash, "role": "lead"},
        ),
        service.delete(f"memberships/{rhys}"),
        service.delete(f"tokens/{service.secrets.token_id}"),
        service.get("log/entries"),
        service.post("log/verification", {"held": []}),
    ]
    assert {answer.status_code for answer in refused} <= {401, 403, 404}
    assert Record.objects.count() == records


def test_it_never_signs_even_what_it_raised_itself(database: Database) -> None:
    ref = telling.raise_concern("service")
    refused = cast.person("service").post("decisions", telling.decide_to_share(ref, telling.plan("caiu")))
    assert refused.status_code in {403, 404}


def test_an_ended_token_is_dead_at_once_and_holds_no_key(database: Database) -> None:
    service, lena = cast.person("service"), cast.person("lena")
    service.see("inbox")
    assert cast.person("tom").delete(f"tokens/{service.secrets.token_id}").status_code == 404
    assert lena.delete(f"tokens/{service.secrets.token_id}").status_code == 204
    assert service.get("inbox").status_code == 401
    sealed = SealedSecrets.objects.get(id=service.secrets.token_id)
    assert (bytes(sealed.encryption), sealed.signing) == (b"", None)


def test_a_token_past_its_day_is_refused(database: Database) -> None:
    service = cast.person("service")
    yesterday = timezone.localdate() - timedelta(days=1)
    Person.objects.filter(id=service.person_id).update(valid_from=yesterday, valid_until=yesterday)
    assert service.get("inbox").status_code == 401


def test_only_a_lead_makes_a_token_and_it_is_shown_once(database: Database) -> None:
    ends = (timezone.localdate() + timedelta(days=9)).isoformat()
    asked = {"name": "Two", "email": "two@example.org", "team": cast.team("mash"), "expires_on": ends}
    for name in ("tom", "adam", "grace", "stan"):
        assert cast.person(name).post("tokens", asked).status_code == 403, name
    made = cast.person("lena").do("tokens", asked)
    assert made["secret"].startswith("cft1_")
    again = cast.person("lena").post("tokens", asked)
    assert (again.status_code, again.json()["code"]) == (409, "already_there")


def test_a_second_instruction_and_one_for_another_teams_service_are_refused(database: Database) -> None:
    instruct()
    asked = {"team": cast.team("mash"), "service": cast.person("service").person_id}
    assert cast.person("lena").post("instructions", asked).json()["code"] == "already_there"
    assert cast.person("paul").post("instructions", {**asked, "team": cast.team("caiu")}).status_code == 404
    assert cast.person("tom").post("instructions", asked).status_code == 403


def instruct() -> None:
    """Lena has every new disclosure given to the service too."""
    asked = {"team": cast.team("mash"), "service": cast.person("service").person_id}
    cast.person("lena").do("instructions", asked, expect=204)
