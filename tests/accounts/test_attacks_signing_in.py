"""Attacks on sessions: other people's counters, sessions that ended meanwhile, codes used twice at once."""

import pytest

from accounts import recovery, sessions, signin, throttle
from accounts.errors import Conflict, NotSignedIn
from accounts.models import SealedSecrets, Session
from tests import cast
from tests.running.databases import Database


@pytest.mark.parametrize("kind", ["step-up:{id}", "recovery:amina@example.org", "sign-in:amina@example.org"])
def test_what_a_stranger_types_as_an_address_blocks_only_that_address(database: Database, kind: str) -> None:
    amina = cast.person("amina")
    assert amina.bearer
    typed = {"email": kind.format(id=amina.person_id), "passphrase": "wrong", "code": "000000"}
    for _ in range(throttle.NAME_LIMIT):
        assert cast.call("POST", "session", typed).status_code == 401
    amina.step_up()
    amina.sign_in()
    lost = {
        "email": amina.email,
        "recovery_code": amina.secrets.recovery_code,
        "spare_code": "x",
        "new_passphrase": "y",
    }
    assert cast.call("POST", "recoveries", lost).status_code in {401, 422}


def test_a_session_that_ended_meanwhile_is_not_given_a_new_bearer(database: Database) -> None:
    amina = cast.person("amina")
    by = amina.keyholder()
    sessions.end_all(amina.person_id)
    with pytest.raises(NotSignedIn):
        signin.step_up(amina.passphrase, by=by)

    row = Session.objects.get(id=by.session_id)
    assert (bytes(row.encryption), row.signing) == (b"", None)


def test_a_passphrase_changed_twice_from_the_same_page_is_changed_once(database: Database) -> None:
    amina = cast.person("amina")
    by = amina.keyholder()
    first, second = "lantern gravel ferret opal mitten quarry", "walnut pigeon cobalt ladder violin scarf"
    real = signin.unlock_signing

    def change_meanwhile(passphrase: str, **kwargs: object) -> object:
        signing = real(passphrase, by=by)
        patch.undo()
        recovery.change_passphrase(amina.passphrase, first, by=by)
        return signing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signin, "unlock_signing", change_meanwhile)
        with pytest.raises(Conflict):
            recovery.change_passphrase(amina.passphrase, second, by=by)
    live = SealedSecrets.objects.filter(keys_id=by.keys_id, method=SealedSecrets.PASSPHRASE, ended_at=None)
    assert signin.verifier_matches(signin.stretch(first, live.get()), live.get())


def test_a_recovery_code_used_twice_at_once_works_once(database: Database) -> None:
    kept = cast.person("amina").secrets
    attempts = [
        recovery.Attempt(kept.email, kept.recovery_code, spare, "lantern gravel ferret opal mitten quarry", "127.0.0.1")
        for spare in kept.spare_codes[:2]
    ]
    real = recovery._refuse_weak

    def recover_meanwhile(*args: object) -> None:
        patch.undo()
        real(*args)  # type: ignore[arg-type]
        recovery.recover(attempts[0])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recovery, "_refuse_weak", recover_meanwhile)
        with pytest.raises(NotSignedIn):
            recovery.recover(attempts[1])
