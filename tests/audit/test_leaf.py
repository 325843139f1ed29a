"""A leaf has one form only."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import errors, leaf
from tests.audit import chain

LEAF = chain.make_leaves([["C-1", "C-2"], ["C-2"]])[1]


def test_a_leaf_survives_its_bytes() -> None:
    assert leaf.decode(leaf.encode(LEAF)) == LEAF


def test_the_bytes_are_the_documented_ones() -> None:
    assert leaf.encode(LEAF) == (
        b'{"agency":"","at":"2026-11-18T11:06:40.000001Z","detail":"","event":"record:opened","id":2,"index":1,'
        b'"nonce":"01010101010101010101010101010101","numbers":[["C-2",2,0]],"outcome":"done",'
        b'"parties":["team:00000000-0000-4000-8000-000000000001"],"person":"ada","records":["C-2"],"request":"",'
        b'"team":"","version":1,"why":"0000000000000000000000000000000000000000000000000000000000000000"}'
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version":1', b'"version":2'),
        (b'"index":1', b'"index": 1'),
        (b'"index":1', b'"index":"1"'),
        (b'"index":1', b'"index":1.0'),
        (b'"index":1', b'"index":true'),
        (b'"at":"2026', b'"at":"+2026'),
        (b".000001Z", b".000001+00:00"),
        (b".000001Z", b"Z"),
        (b'"nonce":"01', b'"nonce":"0 1'),
        (b'"team":""', b'"team":"","team":""'),
        (b'"team":"",', b""),
        (b'"team":""', b'"team":"","teams":""'),
        (b'"records":["C-2"]', b'"records":"C-2"'),
        (b'["C-2",2,0]', b'["C-2",2]'),
        (b'["C-2",2,0]', b'["C-2","2",0]'),
        (b"}", b"} "),
    ],
)
def test_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    data = leaf.encode(LEAF)
    assert old in data
    with pytest.raises(errors.EntryMalformed):
        leaf.decode(data.replace(old, new))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 5000, b" " * (leaf.LONGEST_LEAF + 1)])
def test_bytes_that_are_no_leaf_are_refused(data: bytes) -> None:
    with pytest.raises(errors.EntryMalformed):
        leaf.decode(data)


def test_every_field_is_in_the_hash() -> None:
    changed: dict[str, Any] = {
        "numbers": (("C-2", 3, 0),),
        "why": None,
        "nonce": bytes(16),
        "records": (),
        "parties": (),
    }
    for field in dataclasses.fields(LEAF):
        value = getattr(LEAF, field.name)
        other = changed.get(field.name, value + 1 if isinstance(value, int) else f"{value}x")
        assert leaf.hash_leaf(dataclasses.replace(LEAF, **{field.name: other})) != leaf.hash_leaf(LEAF), field.name


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_time_is_kept_to_the_microsecond(at: dt.datetime) -> None:
    one = dataclasses.replace(LEAF, at=leaf.count_microseconds(at))
    assert leaf.decode(leaf.encode(one)).at == one.at
