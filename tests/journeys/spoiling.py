"""Ways to spoil a request: the same few lies told in every field of a body."""

import copy
from collections.abc import Iterator
from typing import Any

MARK = "Quxnavelle"  # a word that is nowhere but in spoilt requests
NUL, SURROGATE = f"{MARK}\0tail", f"{MARK}\ud800tail"

# No field of any request takes one of these.
NEVER: dict[str, Any] = {
    "nul": NUL,
    "lone surrogate": SURROGATE,
    "huge number": 10**40,
    "minus huge number": -(10**40),
    "fraction": 1.5e300,
    "object of its own": {MARK: MARK, "deeper": [{MARK: [MARK]}]},
    "list of lists": [[[MARK]]],
}
# These some fields take and others do not.
PERHAPS: dict[str, Any] = {
    "null": None,
    "true": True,
    "nothing": "",
    "empty list": [],
    "empty object": {},
    "word": MARK,
    "very long": MARK * 20_000,
    "date": "2999-12-31",
    "year nought": "0000-00-00",
}
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": MARK.encode(),
    "cut off": b'{"urgency": "' + MARK.encode(),
    "null": b"null",
    "a list": b"[]",
    "a text": b'"' + MARK.encode() + b'"',
    "a number": b"1",
    "not a number": b'{"urgency": NaN}',
    "infinity": b'{"urgency": -Infinity, "passphrase": 1e999}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep where a field is": b'{"text": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "five thousand digits": b'{"urgency": ' + b"9" * 5_000 + b"}",
    "not UTF-8": b'{"urgency": "\xff\xfe\xc0\x80"}',
    "UTF-16": '{"urgency": "RED"}'.encode("utf-16"),
    "a surrogate in UTF-8": b'{"urgency": "\xed\xa0\x80"}',
    "escaped surrogate": b'{"urgency": "\\ud800", "text": "\\udfff"}',
    "nul in a name": b'{"urg\\u0000ency": "RED"}',
    "surrogate in a name": b'{"\\ud800": "RED"}',
    "unknown fields": b'{"' + MARK.encode() + b'": "' + MARK.encode() + b'"}',
    "trailing": b"{} {}",
}


Lie = tuple[str, bool, dict[str, Any]]
EACH = 1 + len(NEVER) + len(PERHAPS)  # lies told in each field


def spoil(body: dict[str, Any]) -> Iterator[Lie]:
    """The body with one field wrong, for every field and lie: what was done, whether it must be refused, the body."""
    yield "unknown field", True, {**body, "surprise": MARK}
    for place in _places(body):
        yield f"{_name(place)} left out", False, _without(body, place)
        for what, lie in NEVER.items():
            yield f"{_name(place)}: {what}", True, _with(body, place, lie)
        for what, lie in PERHAPS.items():
            yield f"{_name(place)}: {what}", False, _with(body, place, lie)


Place = tuple[str | int, ...]


def _places(value: Any, above: Place = ()) -> Iterator[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, below in items:
        yield (*above, key)
        yield from _places(below, (*above, key))


def _with(body: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    spoilt = copy.deepcopy(body)
    _reach(spoilt, place)[place[-1]] = value
    return spoilt


def _without(body: dict[str, Any], place: Place) -> dict[str, Any]:
    spoilt = copy.deepcopy(body)
    del _reach(spoilt, place)[place[-1]]
    return spoilt


def _reach(value: Any, place: Place) -> Any:
    for key in place[:-1]:
        value = value[key]
    return value


def _name(place: Place) -> str:
    return ".".join(str(key) for key in place)
