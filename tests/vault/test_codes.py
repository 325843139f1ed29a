"""Recovery codes catch a slip of the pen; stretching is bounded, normalised and never more than four at once."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

import vault
from vault import recovery, stretch

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHEAP = vault.Cost.for_tests()


@given(some.binary(min_size=20, max_size=20))
def test_a_code_spells_its_secret_and_back(secret: bytes) -> None:
    code = recovery.spell_recovery_code(secret)
    assert vault.parse_recovery_code(code) == secret
    assert [len(group) for group in code.split("-")] == [5] * 7


def test_codes_are_never_made_twice() -> None:
    assert len({vault.make_recovery_code() for _ in range(500)}) == 500


@given(some.binary(min_size=20, max_size=20), some.integers(0, 34))
def test_any_one_wrong_symbol_is_caught(secret: bytes, place: int) -> None:
    symbols = recovery.spell_recovery_code(secret).replace("-", "")
    for other in ALPHABET:
        if other != symbols[place]:
            with pytest.raises(vault.MalformedInput):
                vault.parse_recovery_code(symbols[:place] + other + symbols[place + 1 :])


@given(some.binary(min_size=20, max_size=20), some.integers(0, 34), some.integers(0, 34))
def test_any_two_symbols_exchanged_are_caught(secret: bytes, one: int, two: int) -> None:
    symbols = list(recovery.spell_recovery_code(secret).replace("-", ""))
    if symbols[one] == symbols[two]:
        return
    symbols[one], symbols[two] = symbols[two], symbols[one]
    with pytest.raises(vault.MalformedInput):
        vault.parse_recovery_code("".join(symbols))


@given(some.text(max_size=140))
def test_anything_else_typed_is_refused_and_never_breaks_the_reader(typed: str) -> None:
    with pytest.raises((vault.MalformedInput, vault.TooLarge)):
        vault.parse_recovery_code(typed)


@given(some.text(max_size=200))
def test_any_passphrase_is_taken_as_typed_again_or_refused(typed: str) -> None:
    try:
        spelt = vault.normalise_passphrase(typed)
    except vault.VaultError:
        return
    assert vault.normalise_passphrase(f" {spelt} ") == spelt


def test_another_salt_cost_or_case_gives_other_keys() -> None:
    base = vault.stretch_passphrase("otter lamp", salt=bytes(16), cost=CHEAP)
    assert base == vault.stretch_passphrase("otter  lamp ", salt=bytes(16), cost=CHEAP)
    assert base != vault.stretch_passphrase("otter lamp", salt=bytes(15) + b"\x01", cost=CHEAP)
    assert base != vault.stretch_passphrase("Otter lamp", salt=bytes(16), cost=CHEAP)
    assert base != vault.stretch_passphrase("otter lamp", salt=bytes(16), cost=vault.STANDARD)


def test_the_cheap_cost_cannot_be_asked_for_in_numbers() -> None:
    with pytest.raises(vault.WeakCost):
        vault.Cost(CHEAP.memory_kib, CHEAP.passes, CHEAP.lanes)
    with pytest.raises(TypeError):
        vault.Cost("65536", 3, 1)  # type: ignore[arg-type]
    assert vault.Cost.for_tests() == CHEAP


def test_a_fifth_stretch_waits_for_one_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    class Slow:
        def __init__(self, **_: object) -> None: ...

        def derive(self, typed: bytes) -> bytes:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.03)
            with lock:
                running -= 1
            return typed.ljust(32)

    monkeypatch.setattr(stretch, "Argon2id", Slow)
    stretches = [
        threading.Thread(target=vault.stretch_passphrase, args=("otter",), kwargs={"salt": bytes(16), "cost": CHEAP})
        for _ in range(9)
    ]
    for one in stretches:
        one.start()
    for one in stretches:
        one.join()
    assert most == 4
