"""What is signed has one byte form; what two programs might write differently is never signed."""

import enum
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

import vault

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53) + 1, 2**53 - 1) | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_every_value_has_one_form_and_reads_back(value: object) -> None:
    written = vault.canonical(value)  # type: ignore[arg-type]
    assert vault.parse_canonical(written) == value
    assert vault.canonical(vault.parse_canonical(written)) == written


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53, -(2**53), {1: "a"}, {None: 1}, b"a", {"a": {2}}, Decimal(1), "\ud800", {"\ud800": 1}],
)
def test_what_has_no_one_form_is_refused(value: object) -> None:
    with pytest.raises(vault.MalformedInput):
        vault.canonical(value)  # type: ignore[arg-type]
    with pytest.raises(vault.MalformedInput):
        vault.canonical(["deep", {"a": [value]}])  # type: ignore[list-item]


def test_what_is_too_large_or_too_deep_is_refused() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, "x" * 2**22):
        with pytest.raises(vault.TooLarge):
            vault.canonical(value)  # type: ignore[arg-type]
    with pytest.raises(vault.TooLarge):
        vault.parse_canonical(bytes(2**22 + 1))
    with pytest.raises(vault.VaultError):
        vault.parse_canonical(b"[" * 100_000)


def test_text_of_an_enumeration_is_written_as_its_text() -> None:
    class Outcome(enum.StrEnum):
        DONE = "done"

    assert vault.canonical({"outcome": Outcome.DONE}) == b'{"outcome":"done"}'


@given(some.binary(max_size=60))
def test_noise_is_refused_or_is_canonical(noise: bytes) -> None:
    try:
        value = vault.parse_canonical(noise)
    except vault.VaultError:
        return
    assert vault.canonical(value) == noise
