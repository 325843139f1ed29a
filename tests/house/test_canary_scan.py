"""The scan that the canary rests on finds each of its controls, and nothing where there is nothing."""

import secrets
import time

import pytest

from tests.house import scanning
from tests.house.words import Words

SECRET = b"the settings' secret"
WORDS = Words()
WORD = WORDS.new()
NEEDLES = scanning.Needles([WORDS.stem], [WORD], SECRET)
HIDDEN = scanning.hide(WORD, SECRET)


@pytest.mark.parametrize("how", HIDDEN)
@pytest.mark.parametrize("before", [0, 1, 7, 4093])
def test_every_control_is_found_wherever_it_lies(how: str, before: int) -> None:
    noise = secrets.token_bytes(before) + b"\0"
    found = scanning.scan(noise + HIDDEN[how] + b"\0" + secrets.token_bytes(500), NEEDLES)
    assert set(found) == {WORD.lower()}, how


def test_random_bytes_and_other_words_are_not_taken_for_ours() -> None:
    other = Words()
    noise = secrets.token_bytes(2**20) + b"".join(scanning.hide(other.new(), SECRET).values())
    started = time.monotonic()
    assert scanning.scan(noise, NEEDLES) == {}
    assert time.monotonic() - started < 5


def test_a_hash_under_another_secret_is_not_settings_keyed() -> None:
    keyed = scanning.hide(WORD, b"a person's own secret")["keyed from the settings"]
    assert scanning.scan(keyed, NEEDLES) == {}
