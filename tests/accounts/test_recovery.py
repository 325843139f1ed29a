"""A lost or changed passphrase: the same keys under new seals, and everything that opened the old ones is dead."""

from accounts.models import SealedSecrets, SecondFactorCode, Session
from accounts.throttle import NAME_LIMIT
from audit.models import Entry
from tests import cast
from tests.accounts import entering
from tests.answers import Answer
from tests.journeys import logbook, telling
from tests.running.databases import Database


def test_whoever_recovers_signs_in_with_what_they_were_given_and_opens_what_they_had(database: Database) -> None:
    concern = telling.raise_concern()
    mark = logbook.Mark()
    answer = entering.recover("amina")
    assert answer.status_code == 200, answer.content
    assert mark.events() == ["keys:recovered"]
    assert mark.lines()[0].person == cast.person("amina").person_id
    bearer = entering.enter("amina", passphrase=entering.NEW, code=entering.show_code(answer.json()))
    opened = entering.ask(bearer, f"concerns/{concern}")
    assert opened.json()["body"]["people"][0]["name"] == telling.CHILD
    share = telling.decide_to_share(concern, telling.plan("mash"))
    signed = entering.ask(bearer, "decisions", "POST", share)
    assert signed.status_code == 201, signed.content
    (sent,) = signed.json()["disclosures"]
    assert cast.person("tom").see(f"disclosures/{sent}")["author_id"] == cast.person("amina").person_id


def test_recovery_ends_every_session_and_kills_passphrase_authenticator_and_both_kinds_of_code(
    database: Database,
) -> None:
    bearers = [entering.enter("amina", code=entering.spare("amina", place)) for place in (1, 2)]
    assert entering.recover("amina").status_code == 200
    assert [entering.ask(bearer).status_code for bearer in bearers] == [401, 401]
    new, old = entering.NEW, cast.person("amina").passphrase
    assert entering.try_door("amina", passphrase=old, code=entering.spare("amina", 3)).status_code == 401
    assert entering.try_door("amina", passphrase=new, code=entering.spare("amina", 3)).status_code == 401
    assert entering.try_door("amina", passphrase=new, code=cast.code("amina")).status_code == 401
    assert entering.recover("amina", spare_code=entering.spare("amina", 4)).status_code == 401


def test_the_new_codes_work_and_each_recovery_needs_the_newest(database: Database) -> None:
    first = entering.recover("amina").json()
    again = {"recovery_code": first["recovery_code"], "spare_code": first["spare_codes"][0]}
    second = entering.recover("amina", **again)
    assert second.status_code == 200
    assert entering.recover("amina", **again).status_code == 401
    assert len(set(second.json()["spare_codes"])) == 10
    entering.enter("amina", passphrase=entering.NEW, code=second.json()["spare_codes"][9])


def test_what_a_recovery_replaces_is_emptied_and_nothing_it_gives_is_kept(database: Database) -> None:
    given = entering.recover("amina").json()
    mine = SealedSecrets.objects.filter(keys__person_id=cast.person("amina").person_id)
    for row in mine.exclude(ended_at=None):
        assert (bytes(row.encryption), row.signing, row.factor, bytes(row.verifier_hash)) == (b"", None, None, b"")
    assert sorted(mine.filter(ended_at=None).values_list("method", flat=True)) == ["passphrase", "recovery"]
    assert SecondFactorCode.objects.filter(person_id=cast.person("amina").person_id).count() == 10
    told = "".join(f"{entry.detail}{entry.parties}" for entry in Entry.objects.filter(event="keys:recovered"))
    assert given["recovery_code"] not in told


def test_any_part_that_is_not_ones_own_gets_one_answer_and_changes_nothing(database: Database) -> None:
    bens_code, bens_spare = cast.person("ben").secrets.recovery_code, entering.spare("ben")
    attempts: list[dict[str, str]] = [
        {"recovery_code": bens_code},
        {"spare_code": bens_spare},
        {"recovery_code": bens_code, "spare_code": bens_spare},
        {"email": "ben@example.org"},
        {"email": "nobody@example.org"},
        {"email": "caseworks@example.org"},
        {"recovery_code": "0000-0000"},
        {"spare_code": "123456"},
        {"recovery_code": "", "spare_code": ""},
    ]
    answers = [entering.recover("amina", **changes) for changes in attempts]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert answers[0].json()["detail"].startswith("Those do not belong together.")
    assert not SealedSecrets.objects.exclude(ended_at=None).exists()
    assert not SecondFactorCode.objects.exclude(used_at=None).exists()
    assert entering.recover("amina").status_code == 200


def test_a_spare_code_that_has_been_used_recovers_nothing(database: Database) -> None:
    entering.enter("amina", code=entering.spare("amina"))
    assert entering.recover("amina").status_code == 401
    assert entering.recover("amina", spare_code=entering.spare("amina", 1)).status_code == 200


def test_a_weak_new_passphrase_is_refused_and_uses_nothing_up(database: Database) -> None:
    answer = entering.recover("amina", new_passphrase="amina@example.org")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "new_passphrase")
    assert entering.recover("amina").status_code == 200


def test_guessing_at_recovery_is_slowed_and_does_not_lock_the_front_door(database: Database) -> None:
    for _ in range(NAME_LIMIT):
        assert entering.recover("amina", spare_code="guess").status_code == 401
    assert entering.recover("amina").status_code == 429
    assert entering.recover("amina", email="AMINA@EXAMPLE.ORG").status_code == 429
    assert entering.recover("ben").status_code == 200
    entering.enter("amina", code=entering.spare("amina"))


def test_nobody_recovers_whose_engagement_is_over(database: Database) -> None:
    rhys = cast.person("rhys")
    assert cast.person("adam").delete(f"people/{rhys.person_id}").status_code == 204
    assert entering.recover("rhys").status_code == 401


def test_a_changed_passphrase_keeps_authenticator_recovery_code_and_records(database: Database) -> None:
    concern = telling.raise_concern()
    elsewhere = entering.enter("amina", code=entering.spare("amina", 5))
    mark = logbook.Mark()
    assert change("amina").status_code == 204
    assert mark.events() == ["passphrase:changed"]
    assert [entering.ask(bearer).status_code for bearer in (elsewhere, cast.person("amina").bearer)] == [401, 401]
    assert not Session.objects.filter(person_id=cast.person("amina").person_id, ended_at=None).exists()

    old = cast.person("amina").passphrase
    assert entering.try_door("amina", passphrase=old, code=entering.spare("amina", 6)).status_code == 401
    entering.keep_clear_of_the_turn()
    bearer = entering.enter("amina", passphrase=entering.NEW, code=cast.code("amina"))
    assert entering.ask(bearer, f"concerns/{concern}").status_code == 200
    entering.enter("amina", passphrase=entering.NEW, code=entering.spare("amina", 6))
    assert entering.recover("amina", spare_code=entering.spare("amina", 7)).status_code == 200


def test_a_code_that_was_used_before_the_change_stays_used(database: Database) -> None:
    entering.keep_clear_of_the_turn()
    shown = cast.code("amina")
    entering.enter("amina", code=shown)
    assert change("amina").status_code == 204
    assert entering.try_door("amina", passphrase=entering.NEW, code=shown).status_code == 401


def test_a_change_with_a_wrong_old_or_a_weak_new_passphrase_changes_nothing(database: Database) -> None:
    assert change("amina", passphrase="not what it is today at all").status_code == 401
    for weak, status in (("short", 422), ("amina yusuf amina", 422), ("x" * 201, 400)):
        assert change("amina", new_passphrase=weak).status_code == status
    assert cast.person("amina").get("session").status_code == 200
    entering.enter("amina", code=entering.spare("amina", 4))


def test_a_thief_of_a_session_cannot_change_the_passphrase_by_guessing(database: Database) -> None:
    for _ in range(NAME_LIMIT):
        assert change("amina", passphrase="a guess at what it could be").status_code == 401
    assert change("amina").status_code == 429


def test_a_service_has_no_passphrase_to_change_and_nothing_to_recover(database: Database) -> None:
    answer = cast.person("service").put("passphrase", {"passphrase": entering.NEW, "new_passphrase": entering.NEW})
    assert answer.status_code in {401, 403}
    assert cast.person("service").get("session").status_code == 200


def change(name: str, **changes: str) -> Answer:
    """Change one's passphrase to the new one."""
    typed = {"passphrase": cast.person(name).passphrase, "new_passphrase": entering.NEW, **changes}
    return cast.person(name).put("passphrase", typed)
