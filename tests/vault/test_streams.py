"""A document streams in constant memory, and nothing of it is released until all of it has been verified."""

import itertools
import tracemalloc
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as some

import vault
from vault import cipher, labels, padding, stream

KEY = vault.make_content_key()
HERE = vault.bind(labels.DOCUMENT_BODY, "document-1")
HEAD, STEP = 66, stream.CHUNK + 16


def seal(*chunks: bytes) -> bytes:
    return b"".join(vault.seal_stream(chunks, under=KEY, context=HERE))


def cut_up(sealed: bytes) -> list[bytes]:
    """Return the header and then each sealed chunk."""
    return [sealed[:HEAD], *(sealed[start : start + STEP] for start in range(HEAD, len(sealed), STEP))]


def open_all(*pieces: bytes) -> bytes:
    return b"".join(vault.open_stream(lambda: pieces, under=KEY, context=HERE))


LONG = bytes(number % 251 for number in range(230_000))
PIECES = cut_up(seal(LONG))


@given(some.lists(some.binary(max_size=200), max_size=8), some.integers(1, 700))
def test_a_stream_opens_however_its_pieces_are_cut(chunks: list[bytes], step: int) -> None:
    sealed = seal(*chunks)
    assert open_all(*(sealed[start : start + step] for start in range(0, len(sealed), step))) == b"".join(chunks)


@pytest.mark.parametrize("edge", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("chunks", [1, 2])
def test_a_stream_opens_at_every_edge_of_a_chunk(chunks: int, edge: int) -> None:
    data = bytes(chunks * stream.CHUNK + edge)
    assert open_all(seal(data)) == data


@pytest.mark.parametrize("size", [0, 1, 255, 256, 5000, 65535, 65536, 100_000])
def test_a_sealed_stream_is_of_its_padded_size(size: int) -> None:
    padded = padding.measure_padded(size)
    assert len(seal(bytes(size))) == HEAD + padded + 16 * -(-padded // stream.CHUNK)


def test_every_other_order_of_the_chunks_is_refused() -> None:
    header, *chunks = PIECES
    assert len(chunks) == 4
    for count in range(6):
        for chosen in itertools.product(chunks, repeat=count):
            if list(chosen) != chunks:
                with pytest.raises((vault.WrongKey, vault.MalformedInput)):
                    open_all(header, *chosen)
            if count > 3 and chosen[0] != chunks[0]:
                break  # no longer beginning with the first chunk: all refused alike


def test_chunks_of_another_stream_of_the_same_key_and_place_are_refused() -> None:
    other = cut_up(seal(LONG))
    for place in range(len(PIECES)):
        mixed = [*PIECES[:place], other[place], *PIECES[place + 1 :]]
        with pytest.raises(vault.WrongKey):
            open_all(*mixed)


@pytest.mark.parametrize("place", [HEAD + 5, HEAD + STEP + 5, HEAD + 3 * STEP, -1])
def test_nothing_is_released_when_any_chunk_is_wrong(place: int) -> None:
    sealed = bytearray(b"".join(PIECES))
    sealed[place] ^= 1
    released: list[bytes] = []
    with pytest.raises(vault.WrongKey):
        released.extend(vault.open_stream(lambda: [bytes(sealed)], under=KEY, context=HERE))
    assert released == []


def test_all_is_verified_before_the_call_returns() -> None:
    readings = []

    def reopen() -> list[bytes]:
        readings.append("read")
        return [*PIECES[:-1], PIECES[-1][:-1]]

    with pytest.raises(vault.WrongKey):
        vault.open_stream(reopen, under=KEY, context=HERE)
    assert readings == ["read"]


def test_storage_that_changes_between_the_readings_releases_no_other_byte() -> None:
    for second in (cut_up(seal(bytes(230_000))), PIECES[:3], [*PIECES, b"\x00"], [PIECES[0], PIECES[2]], []):
        readings = iter([PIECES, second])
        released: list[bytes] = []
        opened = vault.open_stream(partial(next, readings), under=KEY, context=HERE)
        with pytest.raises((vault.WrongKey, vault.MalformedInput)):
            released.extend(opened)
        assert LONG.startswith(b"".join(released))


def test_a_stream_does_not_open_under_another_key_or_elsewhere() -> None:
    with pytest.raises(vault.WrongKey):
        vault.open_stream(lambda: PIECES, under=vault.make_content_key(), context=HERE)
    with pytest.raises(vault.WrongKey):
        vault.open_stream(lambda: PIECES, under=KEY, context=vault.bind(labels.DOCUMENT_BODY, "document-2"))


def test_a_stream_is_sealed_and_opened_in_constant_memory() -> None:
    def chunks() -> Iterator[bytes]:
        yield from (bytes(50_000) for _ in range(400))

    def reopen() -> Iterator[bytes]:
        return iter(sealed)

    sealed = list(vault.seal_stream(chunks(), under=KEY, context=HERE))
    tracemalloc.start()
    size = sum(len(piece) for piece in vault.open_stream(reopen, under=KEY, context=HERE))
    size += sum(len(piece) > 0 for piece in vault.seal_stream(chunks(), under=KEY, context=HERE))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 20_000_000
    assert peak < 1_500_000


def test_a_document_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_STREAM", 100_000)  # 2 GiB takes too long to write in a test
    monkeypatch.setattr(stream, "_MAX_CHUNKS", 2)
    assert len(seal(bytes(100_000))) > 100_000
    with pytest.raises(vault.TooLarge):
        seal(bytes(60_000), bytes(40_001))
    with pytest.raises(vault.TooLarge):
        open_all(*PIECES)


def test_the_bound_on_chunks_is_that_of_two_gibibytes() -> None:
    assert stream.MAX_STREAM == 2 * 1024**3
    assert stream._MAX_CHUNKS == 32 * 1024 + 1024


def test_wrong_padding_inside_a_rightly_sealed_stream_is_refused() -> None:
    salt = bytes(32)
    sealer = cipher.make_cipher(KEY, label=labels.VAULT_SEALED_STREAM, context=HERE, salt=salt)
    header = b"\x01\x22" + salt + sealer.commitment
    for padded in (bytes(256), b"\x80" + bytes(254), b"\x80" + bytes(271), b"x" * 256):
        with pytest.raises(vault.MalformedInput):
            open_all(header, sealer.seal(bytes(11) + b"\x01", padded))
