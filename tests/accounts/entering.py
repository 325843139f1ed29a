"""Ways in at the front door, for tests that look at the door itself; all over the API, without any bearer kept."""

import time
from base64 import b32decode
from typing import Any
from urllib.parse import parse_qs, urlsplit

from accounts import second_factor
from accounts.models import SealedSecrets
from tests import cast
from tests.answers import Answer

NEW = "lantern gravel ferret opal mitten quarry"
HERE = "127.0.0.1"


def try_door(name: str, *, code: str, passphrase: str = "", email: str = "", address: str = HERE) -> Answer:
    """Ask for a session as one of the cast, with anything of theirs changed."""
    someone = cast.person(name)
    typed = {"email": email or someone.email, "passphrase": passphrase or someone.passphrase, "code": code}
    return someone.client.post(f"{cast.API}session", typed, content_type="application/json", REMOTE_ADDR=address)


def enter(name: str, **changes: str) -> str:
    """A session that must be given; its bearer."""
    answer = try_door(name, **changes)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["bearer"])


def ask(bearer: str, path: str = "session", method: str = "GET", body: object = None) -> Answer:
    """Ask for something with this bearer."""
    return cast.call(method, path, body, Authorization=f"Bearer {bearer}")


def spare(name: str, place: int = 9) -> str:
    """One of the ten spare codes somebody wrote down; the last, since the cast sign in with the first."""
    return cast.person(name).secrets.spare_codes[place]


def recover(name: str, **changes: str) -> Answer:
    """Get back in with what was written down at joining."""
    someone = cast.person(name)
    typed = {
        "email": someone.email,
        "recovery_code": someone.secrets.recovery_code,
        "spare_code": spare(name),
        "new_passphrase": NEW,
        **changes,
    }
    return cast.call("POST", "recoveries", typed)


def show_code(answer: Any, *, at: float | None = None) -> str:
    """What the authenticator shows once it has been set up from an answer of the API."""
    seed = b32decode(parse_qs(urlsplit(answer["authenticator_uri"]).query)["secret"][0])
    return second_factor.make_code(seed, at=time.time() if at is None else at)


def rest_authenticator(name: str) -> None:
    """Let every code of this person's authenticator be unused again, as if some minutes had gone by."""
    SealedSecrets.objects.filter(keys__person_id=cast.person(name).person_id).update(factor_step=0)


def keep_clear_of_the_turn(seconds: float = 4) -> None:
    """Wait, if need be, until the authenticator's step will last a while: a code must not change under a test."""
    left = second_factor.STEP - time.time() % second_factor.STEP
    if left < seconds:
        time.sleep(left + 0.05)
