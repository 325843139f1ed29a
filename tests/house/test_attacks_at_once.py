"""Two at once: whatever the order, each is done or refused with a reason, and nothing is a fault of ours."""

import threading
from collections.abc import Callable, Sequence

import pytest
from django.db import connections
from django.utils import timezone

from accounts import people
from accounts.models import Membership, Team, TeamEpoch
from exchange.models import Disclosure, RecordVersion
from tests import cast
from tests.house.doors import Inside
from tests.journeys import telling
from tests.running.databases import Database

Ask = Callable[[], int]


def do_at_once(asks: Sequence[Ask]) -> list[int]:
    """Run them all, each in a thread with a connection of its own, from one starting shot; their answers' statuses."""
    found, shot = [0] * len(asks), threading.Barrier(len(asks))

    def run(place: int, ask: Ask) -> None:
        try:
            shot.wait(timeout=10)
            found[place] = ask()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(asks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found


def ask(who: str, method: str, path: str, body: object = None, **headers: str) -> Ask:
    """One request; whoever asks has signed in before."""
    assert cast.person(who).bearer
    return lambda: Inside().ask(who, method, path, body, **headers).status


def test_of_two_who_amend_at_once_one_is_told_to_look_again(database: Database) -> None:
    ref = telling.raise_concern()
    body = {"concern": telling.write_concern(title="Mine"), "expected_version": 1}
    asks = [ask(who, "PUT", f"concerns/{ref}", body) for who in ("amina", "ben", "grace")]
    assert sorted(do_at_once(asks)) == [200, 409, 409]
    assert RecordVersion.objects.filter(record__ref=ref).count() == 2


def test_of_two_who_acknowledge_at_once_one_is_first(database: Database) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    asks = [ask(who, "POST", f"disclosures/{ref}/acknowledgement") for who in ("lena", "tom", "rhys")]
    assert sorted(do_at_once(asks)) == [200, 409, 409]


def test_of_two_leads_who_remove_each_other_one_stays(database: Database) -> None:
    lena = cast.person("lena").keyholder()
    details = people.PersonDetails("Tom Bell", "tom@example.org", "EMPLOYEE")
    people.invite(details, team_id=cast.team("mash"), role="lead", by=lena)
    (waiting,) = people.waiting_for(lena)
    made = people.admit(waiting.invitation_id, waiting.fingerprint, by=lena)
    asks = [
        ask("lena", "DELETE", f"memberships/{made.id}"),
        ask("tom", "DELETE", f"memberships/{cast.person('lena').membership_id}"),
    ]
    answers = sorted(do_at_once(asks))
    assert answers[0] == 204
    assert 400 <= answers[1] < 500
    assert Membership.objects.filter(team_id=cast.team("mash"), role="lead", ended_at=None).count() == 1


def test_an_administrator_who_closes_a_lead_while_a_lead_removes_the_other_leaves_one(database: Database) -> None:
    lena = cast.person("lena").keyholder()
    details = people.PersonDetails("Tom Bell", "tom@example.org", "EMPLOYEE")
    people.invite(details, team_id=cast.team("mash"), role="lead", by=lena)
    (waiting,) = people.waiting_for(lena)
    made = people.admit(waiting.invitation_id, waiting.fingerprint, by=lena)
    asks = [
        ask("lena", "DELETE", f"memberships/{made.id}"),
        ask("adam", "DELETE", f"people/{cast.person('lena').person_id}"),
    ]
    answers = do_at_once(asks)
    assert sorted(answers) in ([204, 401], [204, 404], [204, 409])
    assert Membership.objects.filter(team_id=cast.team("mash"), role="lead", ended_at=None).exists()


def test_two_leads_who_sign_in_at_once_begin_one_epoch(database: Database) -> None:
    lena = cast.person("lena").keyholder()
    for name in ("tom", "rhys"):
        details = people.PersonDetails(name, f"{name}@example.org", "EMPLOYEE")
        people.invite(details, team_id=cast.team("mash"), role="lead", by=lena)
        (waiting,) = people.waiting_for(lena)
        people.admit(waiting.invitation_id, waiting.fingerprint, by=lena)
    Team.objects.filter(pk=cast.team("mash")).update(renewal_due_since=timezone.now())
    before = TeamEpoch.objects.filter(team_id=cast.team("mash")).count()

    def sign_in(name: str) -> Ask:
        kept = cast.person(name).secrets
        typed = {"email": kept.email, "passphrase": kept.passphrase, "code": kept.spare_codes[-1]}
        return lambda: Inside().ask("", "POST", "session", typed).status

    assert do_at_once([sign_in(name) for name in ("lena", "tom", "rhys")]) == [201, 201, 201]
    assert TeamEpoch.objects.filter(team_id=cast.team("mash")).count() == before + 1


def test_of_two_who_bring_in_the_same_agency_one_does(database: Database) -> None:
    body = {"name": "Bridge", "kind": "CHARITY", "sector": "VOLUNTARY"}
    assert sorted(do_at_once([ask("lena", "POST", "agencies", body) for _ in range(3)])) == [201, 409, 409]


def test_of_two_who_invite_the_same_stranger_neither_meets_a_fault(database: Database) -> None:
    body = {"name": "Noor", "email": "noor@example.org", "engagement": "EMPLOYEE", "role": "practitioner"}
    asks = [ask("grace", "POST", "invitations", {**body, "team": cast.team("hillside")}) for _ in range(3)]
    assert set(do_at_once(asks)) <= {201, 409}


def test_two_who_add_documents_at_once_both_do(database: Database) -> None:
    ref = telling.raise_concern()
    headers = {"X_Confer_File_Name": "a.txt", "X_Confer_File_Type": "text/plain", "Content_Type": "text/plain"}
    asks = [ask(who, "POST", f"concerns/{ref}/documents", b"text", **headers) for who in ("amina", "ben")]
    assert do_at_once(asks) == [201, 201]
    assert RecordVersion.objects.filter(record__ref=ref).count() == 3


@pytest.mark.parametrize("key", ["", "the-same"])
def test_taken_back_while_it_is_opened_and_answered(database: Database, key: str) -> None:
    (ref,) = telling.share(telling.plan("mash"))
    again = {"Idempotency_Key": key} if key else {}
    asks = [
        ask("amina", "POST", f"disclosures/{ref}/taking-back"),
        ask("tom", "GET", f"disclosures/{ref}"),
        ask("lena", "POST", f"disclosures/{ref}/answers", {"text": "Seen."}, **again),
        ask("lena", "POST", f"disclosures/{ref}/answers", {"text": "Seen."}, **again),
    ]
    answers = do_at_once(asks)
    assert answers[0] == 200
    assert set(answers[1:]) <= {200, 201, 404, 409}
    assert Disclosure.objects.get(record__ref=ref).ended_at
