"""The one byte form of a JSON value (RFC 8785), for what is signed, committed to or hashed.

Narrower than the RFC on purpose: no floats (two programs seldom print them alike), whole numbers that every JSON reader
holds exactly.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NoReturn, TypeAlias

import rfc8785

from vault.errors import MalformedInput, TooLarge

Value: TypeAlias = bool | int | str | Sequence["Value"] | Mapping[str, "Value"] | None

MAX_CANONICAL: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 32
_MAX_WHOLE: Final = 2**53 - 1


def canonical(value: Value) -> bytes:
    """Return the canonical JSON of `value`: RFC 8785, UTF-8, at most 4 MiB.

    `value` is None, a bool, int, str, list or tuple, or a dict with text keys.

    Raises MalformedInput (float, number beyond 2^53 - 1, key that is not text, broken Unicode, another type), TooLarge
    (size, depth over 32).
    """
    _check(value, MAX_DEPTH)
    written = rfc8785.dumps(value)
    if len(written) > MAX_CANONICAL:
        raise TooLarge("What is signed is at most 4 MiB of JSON.")
    return written


def parse_canonical(written: bytes) -> Value:
    """Return the value whose canonical form is exactly `written`.

    Raises MalformedInput (any other spelling of it), TooLarge, TypeError.
    """
    if not isinstance(written, bytes):
        raise TypeError("Canonical JSON is bytes.")
    if len(written) > MAX_CANONICAL:
        raise TooLarge("What is signed is at most 4 MiB of JSON.")
    try:
        value: Value = json.loads(written.decode("utf-8"), parse_float=_refuse_number, parse_constant=_refuse_number)
    except (ValueError, RecursionError):
        raise MalformedInput("This is not JSON.") from None
    if canonical(value) != written:
        raise MalformedInput("This JSON is not in its canonical form.")
    return value


def _refuse_number(_: str) -> NoReturn:
    raise MalformedInput("Only whole numbers are signed.")


def _check(value: object, depth: int) -> None:
    if depth < 0:
        raise TooLarge("What is signed is nested at most 32 deep.")
    match value:
        case None | bool():
            return
        case int():
            _check_whole(value)
        case str():
            _check_text(value)
        case list() | tuple():
            _check_all(value, depth)
        case dict():
            _check_keys(value)
            _check_all(value.values(), depth)
        case _:
            raise MalformedInput("Only text, whole numbers, true, false, null, lists and objects are signed.")


def _check_all(values: Iterable[object], depth: int) -> None:
    for value in values:
        _check(value, depth - 1)


def _check_keys(mapping: Mapping[object, object]) -> None:
    for key in mapping:
        if not isinstance(key, str):
            raise MalformedInput("The keys of a signed object are text.")
        _check_text(key)


def _check_whole(number: int) -> None:
    if abs(number) > _MAX_WHOLE:
        raise MalformedInput("A signed number lies within 2^53 - 1.")


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedInput("Signed text must be well-formed Unicode.") from None
