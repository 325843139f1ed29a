"""The second factor: what every authenticator shows, each code once, nothing early and nothing late."""

import threading
import time

import pytest
from django.db import connections

from accounts import second_factor
from accounts.models import SealedSecrets, SecondFactorCode
from tests import cast
from tests.accounts import entering
from tests.running.databases import Database

# RFC 6238, appendix B (SHA-1), the last six of its eight digits.
PUBLISHED = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


@pytest.mark.parametrize("at", PUBLISHED)
def test_codes_are_those_of_the_standard(at: int) -> None:
    assert second_factor.make_code(b"12345678901234567890", at=at) == PUBLISHED[at]


def test_the_address_for_authenticators_names_the_issuer_and_escapes_the_account() -> None:
    uri = second_factor.make_uri(bytes(20), email="a?b&c@example.org")
    assert uri == (
        "otpauth://totp/Confer:a%3Fb%26c%40example.org?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "&issuer=Confer&digits=6&period=30"
    )


def test_a_clock_that_is_one_step_off_gets_in_and_one_that_is_further_off_does_not(database: Database) -> None:
    entering.keep_clear_of_the_turn()
    answers = {}
    for steps in (-20, -2, -1, 0, 1, 2, 20):
        entering.rest_authenticator("amina")
        answers[steps] = entering.try_door("amina", code=cast.code("amina", at=time.time() + 30 * steps)).status_code
    assert answers == {-20: 401, -2: 401, -1: 201, 0: 201, 1: 201, 2: 401, 20: 401}


def test_a_code_is_taken_once_and_none_older_after_it(database: Database) -> None:
    entering.keep_clear_of_the_turn()
    now = time.time()
    entering.enter("amina", code=cast.code("amina", at=now))
    for at in (now, now - 30):
        assert entering.try_door("amina", code=cast.code("amina", at=at)).status_code == 401
    entering.enter("amina", code=cast.code("amina", at=now + 30))
    assert entering.try_door("amina", code=cast.code("amina", at=now)).status_code == 401


def test_a_code_shown_with_a_wrong_passphrase_is_not_used_up(database: Database) -> None:
    entering.keep_clear_of_the_turn()
    shown = cast.code("amina")
    assert entering.try_door("amina", passphrase="not hers at all today", code=shown).status_code == 401
    entering.enter("amina", code=f"{shown[:3]} {shown[3:]}")


@pytest.mark.parametrize("kind", ["authenticator", "spare"])
def test_of_two_at_once_with_one_code_one_gets_in(database: Database, kind: str) -> None:
    entering.keep_clear_of_the_turn()
    shown = cast.code("amina") if kind == "authenticator" else entering.spare("amina")
    assert sorted(at_once("amina", shown, count=4)) == [201, 401, 401, 401]


def test_spare_codes_are_ten_each_good_once_and_written_as_people_write(database: Database) -> None:
    codes = cast.person("amina").secrets.spare_codes
    assert len(set(codes)) == second_factor.SPARE_CODES
    entering.enter("amina", code=codes[0].lower().replace("-", " "))
    assert entering.try_door("amina", code=codes[0]).status_code == 401
    for code in codes[1:]:
        entering.enter("amina", code=code)
    assert not SecondFactorCode.objects.filter(person_id=cast.person("amina").person_id, used_at=None).exists()


def test_what_is_no_code_of_hers_is_refused(database: Database) -> None:
    arabic, bens = "\u0661\u0662\u0663\u0664\u0665\u0666", entering.spare("ben")
    typed = ["", "12345", "1234567", arabic, bens, cast.code("ben"), "0" * 80]
    assert [entering.try_door("amina", code=code).status_code for code in typed] == [401] * len(typed)
    assert not SecondFactorCode.objects.exclude(used_at=None).exists()


def test_a_copied_database_gives_no_codes(database: Database) -> None:
    kept = cast.person("amina").secrets
    seed = bytes.fromhex(kept.seed)
    for row in SealedSecrets.objects.all():
        assert seed not in bytes(row.factor or b"")
    spelled = [code.replace("-", "").encode() for code in kept.spare_codes]
    for hashed in SecondFactorCode.objects.values_list("code_hash", flat=True):
        assert bytes(hashed) not in spelled


def at_once(name: str, code: str, *, count: int) -> list[int]:
    """Type the same code several times in the same instant; what each was answered."""
    cast.person(name)
    answers: list[int] = []
    together = threading.Barrier(count)

    def go() -> None:
        typed = {"email": cast.person(name).email, "passphrase": cast.person(name).passphrase, "code": code}
        together.wait()
        try:
            answers.append(cast.call("POST", "session", typed).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
