"""Joining: a single-use link, keys made by the invited person, a lead who compares the fingerprint and lets them in."""

import time
from base64 import b32decode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from accounts import second_factor
from accounts.models import Invitation, Membership, Session
from tests import cast
from tests.journeys import logbook
from tests.running.databases import Database

EMAIL, PASSPHRASE = "noor@example.org", "lantern gravel ferret opal mitten quarry"


def test_from_the_link_to_the_first_page_of_the_inbox(database: Database) -> None:
    grace = cast.person("grace")
    secret = invite()
    taken = take(secret)
    mark = logbook.Mark()
    assert confirm(secret, taken).status_code == 204
    assert mark.events() == ["invitation:taken"]
    (waiting,) = grace.see("admissions")["results"]
    assert waiting["fingerprint"] == taken["fingerprint"]
    grace.do(f"admissions/{waiting['invitation_id']}", {"fingerprint": taken["fingerprint"]})
    assert grace.see("admissions")["results"] == []
    answer = cast.call("POST", "session", {"email": EMAIL, "passphrase": PASSPHRASE, "code": taken["spare_codes"][0]})
    assert answer.status_code == 201
    bearer = {"Authorization": f"Bearer {answer.json()['bearer']}"}
    (place,) = cast.call("GET", "session", **bearer).json()["places"]
    assert (place["team_id"], place["role"]) == (cast.team("hillside"), "practitioner")
    assert cast.call("GET", "inbox", **bearer).json()["results"] == []


def test_a_used_link_and_an_unknown_one_get_the_same_answer(database: Database) -> None:
    secret = invite()
    taken = take(secret)
    confirm(secret, taken)
    again = [
        cast.call("POST", "invitations/take", {"secret": secret, "passphrase": PASSPHRASE}),
        confirm(secret, taken),
        cast.call("POST", "invitations/take", {"secret": "nothing-was-ever-called-this", "passphrase": PASSPHRASE}),
    ]
    assert {(answer.status_code, answer.content) for answer in again} == {(404, again[0].content)}


def test_a_link_that_was_not_taken_in_a_fortnight_is_over(database: Database) -> None:
    secret = invite()
    Invitation.objects.filter(confirmed_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = cast.call("POST", "invitations/take", {"secret": secret, "passphrase": PASSPHRASE})
    assert answer.status_code == 404


def test_a_link_taken_twice_before_it_is_confirmed_keeps_the_last_keys_only(database: Database) -> None:
    secret = invite()
    first, second = take(secret), take(secret)
    assert confirm(secret, first).status_code == 422
    assert confirm(secret, second).status_code == 204


@pytest.mark.parametrize("passphrase", ["short", "password password", "noor@example.org", "aaaaaaaaaaaaaaaaaaaaaaaa"])
def test_a_passphrase_that_can_be_guessed_is_not_taken(database: Database, passphrase: str) -> None:
    answer = cast.call("POST", "invitations/take", {"secret": invite(), "passphrase": passphrase})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "passphrase")
    assert passphrase not in answer.content.decode()


@pytest.mark.parametrize("field", ["passphrase", "recovery_code", "code"])
def test_confirming_with_something_wrong_names_it_and_the_link_stays(database: Database, field: str) -> None:
    secret = invite()
    taken = take(secret)
    answer = confirm(secret, taken, **{field: "000000" if field == "code" else "not what was shown at all"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert confirm(secret, taken).status_code == 204


def test_nobody_is_let_in_before_a_lead_has_compared_the_fingerprint(database: Database) -> None:
    secret = invite()
    taken = take(secret)
    confirm(secret, taken)
    (waiting,) = cast.person("grace").see("admissions")["results"]
    address = f"admissions/{waiting['invitation_id']}"
    wrong = cast.person("grace").post(address, {"fingerprint": "0" * 16})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "fingerprint")
    for name in ("ben", "lena", "olive", "stan", "service"):
        refused = cast.person(name).post(address, {"fingerprint": taken["fingerprint"]})
        assert refused.status_code in {403, 404}, name
    assert not Membership.objects.filter(person__email=EMAIL).exists()


def test_admitting_needs_the_passphrase_within_five_minutes(database: Database) -> None:
    secret = invite()
    taken = take(secret)
    confirm(secret, taken)
    grace = cast.person("grace")
    (waiting,) = grace.see("admissions")["results"]
    Session.objects.filter(person_id=grace.person_id).update(signing_until=timezone.now() - timedelta(seconds=1))
    answer = grace.post(f"admissions/{waiting['invitation_id']}", {"fingerprint": taken["fingerprint"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_needed")
    grace.step_up()
    grace.do(f"admissions/{waiting['invitation_id']}", {"fingerprint": taken["fingerprint"]})


def test_only_a_lead_or_an_administrator_of_the_agency_invites(database: Database) -> None:
    asked = {"name": "Noor", "email": EMAIL, "engagement": "EMPLOYEE", "team": cast.team("hillside"), "role": "lead"}
    for name in ("ben", "paul", "stan", "adam", "audrey", "olive"):
        assert cast.person(name).post("invitations", asked).status_code in {403, 404}, name
    assert not Invitation.objects.filter(person__email=EMAIL).exists()
    adam = cast.person("adam")
    adam.do("invitations", {**asked, "team": cast.team("mash"), "role": "practitioner"})


def test_someone_of_another_agency_cannot_be_drawn_into_this_one(database: Database) -> None:
    asked = {"name": "Paul", "email": "PAUL@example.org", "engagement": "EMPLOYEE", "role": "practitioner"}
    answer = cast.person("grace").post("invitations", {**asked, "team": cast.team("hillside")})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")


def invite() -> str:
    """Grace invites Noor to the school's team; the link's secret."""
    asked = {"name": "Noor Aziz", "email": EMAIL, "engagement": "EMPLOYEE", "role": "practitioner"}
    return str(cast.person("grace").do("invitations", {**asked, "team": cast.team("hillside")})["secret"])


def take(secret: str) -> Any:
    """Noor follows the link."""
    answer = cast.call("POST", "invitations/take", {"secret": secret, "passphrase": PASSPHRASE})
    assert answer.status_code == 200, answer.content
    return answer.json()


def confirm(secret: str, taken: Any, **changes: str) -> Any:
    """Noor types everything back."""
    seed = b32decode(parse_qs(urlsplit(taken["authenticator_uri"]).query)["secret"][0])
    shown = second_factor.make_code(seed, at=time.time())
    typed = {"passphrase": PASSPHRASE, "recovery_code": taken["recovery_code"], "code": shown, **changes}
    return cast.call("POST", "invitations/confirm", {"secret": secret, **typed})
