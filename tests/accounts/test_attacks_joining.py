"""Attacks on joining: links used twice, services made leads, people admitted twice, keys exchanged before admission."""

import time
from base64 import b32decode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import invitation_secrets, joining, people, second_factor, statements
from accounts.models import Invitation, KeyStatement, Membership, Person, PersonKeys, TeamKeyWrap
from accounts.people import PersonDetails
from tests import cast
from tests.running.databases import Database

NOOR = PersonDetails("Noor Newcomer", "noor@example.org", "EMPLOYEE")
PASSPHRASE, OTHERS_PASSPHRASE = "lantern gravel ferret opal mitten quarry", "walnut pigeon cobalt ladder violin scarf"


def test_a_second_link_cannot_exchange_keys_that_are_confirmed(database: Database) -> None:
    grace = cast.person("grace").keyholder()
    first, second = (invite(grace, role=role) for role in ("practitioner", "administrator"))
    take_and_confirm(first)
    mine = PersonKeys.objects.get(person__email=NOOR.email)
    answer = cast.call("POST", "invitations/take", {"secret": second, "passphrase": OTHERS_PASSPHRASE})
    assert answer.status_code == 404
    assert PersonKeys.objects.get(person__email=NOOR.email).encryption_public == mine.encryption_public


def test_whose_second_link_was_open_when_they_made_their_keys_waits_under_both(database: Database) -> None:
    grace = cast.person("grace").keyholder()
    invite(grace, role="administrator")
    take_and_confirm(invite(grace))
    assert {waiting.role for waiting in people.waiting_for(grace)} == {"practitioner", "administrator"}


def test_a_link_of_someone_whose_engagement_was_ended_is_over(database: Database) -> None:
    secret = invite(cast.person("grace").keyholder())
    Person.objects.filter(email=NOOR.email).update(closed_at=timezone.now())
    assert cast.call("POST", "invitations/take", {"secret": secret, "passphrase": PASSPHRASE}).status_code == 404


def test_nobody_whose_engagement_was_ended_while_they_waited_is_admitted(database: Database) -> None:
    grace = cast.person("grace")
    take_and_confirm(invite(grace.keyholder()))
    (waiting,) = people.waiting_for(grace.keyholder())
    Person.objects.filter(email=NOOR.email).update(closed_at=timezone.now())
    answer = grace.post(f"admissions/{waiting.invitation_id}", {"fingerprint": waiting.fingerprint})
    assert answer.status_code == 404
    assert not TeamKeyWrap.objects.filter(keys__person__email=NOOR.email).exists()


@pytest.mark.parametrize("role", ["lead", "practitioner"])
def test_a_service_is_never_invited_and_so_never_holds_a_team_s_secret(database: Database, role: str) -> None:
    asked = ask(email="caseworks@example.org", team=cast.team("mash"), role=role)
    answer = cast.person("lena").post("invitations", asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")


def test_a_member_is_not_invited_to_what_they_are_already(database: Database) -> None:
    asked = ask(email="ben@example.org", team=cast.team("hillside"), role="practitioner")
    answer = cast.person("grace").post("invitations", asked)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_there")


def test_a_person_who_waits_twice_is_admitted_once(database: Database) -> None:
    grace = cast.person("grace")
    first, _ = invite(grace.keyholder()), invite(grace.keyholder())
    take_and_confirm(first)
    answers = [
        grace.post(f"admissions/{waiting.invitation_id}", {"fingerprint": waiting.fingerprint}).status_code
        for waiting in people.waiting_for(grace.keyholder())
    ]
    assert answers == [201, 409][: len(answers)]
    assert Membership.objects.filter(person__email=NOOR.email).count() == 1


def test_others_who_wait_elsewhere_do_not_crowd_a_lead_s_own_list_out(database: Database) -> None:
    ben, now = cast.person("ben").person_id, timezone.now() - timedelta(days=1)
    Invitation.objects.bulk_create(
        Invitation(
            secret_hash=bytes([number % 256, number // 256]), person_id=ben, team_id=cast.team("hillside"),
            role="lead", made_at=now, expires_at=now, confirmed_at=now,
        )
        for number in range(300)
    )  # fmt: skip
    lena = cast.person("lena").keyholder()
    take_and_confirm(invite(lena, place="mash"))
    assert [waiting.name for waiting in people.waiting_for(lena)] == [NOOR.name]


def test_the_list_of_who_waits_costs_the_same_however_many_they_are(database: Database) -> None:
    grace, counts = cast.person("grace").keyholder(), []
    for number in range(2):
        details = PersonDetails(f"Noor {number}", f"noor{number}@example.org", "EMPLOYEE")
        take_and_confirm(invite(grace, details=details))
        with CaptureQueriesContext(connection) as made:
            people.waiting_for(grace)
        counts.append(len(made))
    assert counts[0] == counts[1]


def test_a_link_carries_the_root_its_maker_remembers_and_not_the_one_that_is_stored(database: Database) -> None:
    grace = cast.person("grace").keyholder()
    true_root = KeyStatement.objects.get(signer=None)
    # Someone who can write rows puts a root of their own before the true one.
    KeyStatement.objects.create(
        digest="0" * 64, subject="person:nobody", epoch=1, body=b"{}", signature=b"", made_at=timezone.now()
    )
    assert statements.root_digest() == "0" * 64
    secret = invite(grace)
    assert true_root.digest.startswith(invitation_secrets.read_root(secret))
    assert cast.call("POST", "invitations/take", {"secret": secret, "passphrase": PASSPHRASE}).status_code == 409


@pytest.mark.parametrize(
    "passphrase",
    [
        "correct horse \u0007 battery staple gravel ferret",
        "lantern gravel ferret opal mitten \ue000 quarry",
        "\ufdfa" * 100,
        "ｐａｓｓｗｏｒｄ１２３４",  # noqa: RUF001 - wide letters that are stretched as narrow ones
        "p            a            s            s            w",
    ],
)
def test_a_passphrase_is_judged_as_it_will_be_stretched(database: Database, passphrase: str) -> None:
    secret = invite(cast.person("grace").keyholder())
    answer = cast.call("POST", "invitations/take", {"secret": secret, "passphrase": passphrase})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "passphrase")


def invite(by: Any, *, details: PersonDetails = NOOR, place: str = "hillside", role: str = "practitioner") -> str:
    """Invite someone; the link's secret."""
    return people.invite(details, team_id=cast.team(place), role=role, by=by)


def take_and_confirm(secret: str) -> None:
    """Make the keys behind a link."""
    taken = joining.take_invitation(secret, PASSPHRASE)
    seed = b32decode(parse_qs(urlsplit(taken.authenticator_uri).query)["secret"][0])
    joining.confirm_invitation(secret, PASSPHRASE, taken.recovery_code, second_factor.make_code(seed, at=time.time()))


def ask(**changes: str) -> dict[str, str]:
    """The body of an invitation."""
    return {"name": "Noor", "email": NOOR.email, "engagement": "EMPLOYEE", **changes}
