"""What is sealed opens for the right key in the right place; with any one byte changed it does not open at all."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

import vault
from vault import labels, padding

KEY = vault.make_content_key()
READER = vault.make_secret_key()
SIGNER = vault.make_signing_key()
HERE = vault.bind(labels.RECORD_BODY, "record-1", 1)
THERE = vault.bind(labels.RECORD_BODY, "record-2", 1)


@given(some.binary(max_size=2000))
def test_a_body_opens_as_it_was_sealed(body: bytes) -> None:
    assert vault.open_body(vault.seal_body(body, under=KEY, context=HERE), under=KEY, context=HERE) == body


@given(some.binary(max_size=600))
def test_a_body_does_not_open_under_another_key_or_elsewhere(body: bytes) -> None:
    sealed = vault.seal_body(body, under=KEY, context=HERE)
    with pytest.raises(vault.WrongKey):
        vault.open_body(sealed, under=vault.make_content_key(), context=HERE)
    with pytest.raises(vault.WrongKey):
        vault.open_body(sealed, under=KEY, context=THERE)


SEALED: list[tuple[str, bytes, Callable[[bytes], object]]] = [
    (
        "body",
        vault.seal_body(b"a" * 300, under=KEY, context=HERE),
        lambda blob: vault.open_body(blob, under=KEY, context=HERE),
    ),
    (
        "secret key",
        vault.seal_secret(READER, under=KEY, context=HERE),
        lambda blob: vault.open_secret_key(blob, under=KEY, context=HERE),
    ),
    (
        "wrapped key",
        vault.wrap(KEY, to=READER.public(), context=HERE).raw,
        lambda blob: vault.unwrap_content_key(vault.WrappedKey.parse(blob), using=READER, context=HERE),
    ),
    (
        "stream",
        b"".join(vault.seal_stream([b"a" * 300], under=KEY, context=HERE)),
        lambda blob: list(vault.open_stream(lambda: [blob], under=KEY, context=HERE)),
    ),
]
every_blob = pytest.mark.parametrize(("sealed", "opener"), [row[1:] for row in SEALED], ids=[row[0] for row in SEALED])


@every_blob
def test_any_one_byte_changed_is_refused(sealed: bytes, opener: Callable[[bytes], object]) -> None:
    opener(sealed)
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ (1 << place % 8)]) + sealed[place + 1 :]
        with pytest.raises((vault.WrongKey, vault.MalformedInput)):
            opener(changed)


@every_blob
def test_any_cut_is_refused(sealed: bytes, opener: Callable[[bytes], object]) -> None:
    for size in range(len(sealed)):
        with pytest.raises((vault.WrongKey, vault.MalformedInput)):
            opener(sealed[:size])


@every_blob
@given(extra=some.binary(min_size=1, max_size=64))
def test_anything_added_is_refused(sealed: bytes, opener: Callable[[bytes], object], extra: bytes) -> None:
    for longer in (sealed + extra, extra + sealed):
        with pytest.raises((vault.WrongKey, vault.MalformedInput)):
            opener(longer)


@given(some.binary(max_size=1500))
def test_noise_is_refused_and_never_breaks_the_reader(noise: bytes) -> None:
    for _, _, opener in SEALED:
        with pytest.raises(vault.VaultError):
            opener(noise)


def test_any_one_byte_of_a_signature_changed_is_refused() -> None:
    key, message = SIGNER.verifying(), b"m"
    signature = vault.sign(SIGNER, label=labels.KEY_STATEMENT, message=message)
    vault.verify(key, label=labels.KEY_STATEMENT, message=message, signature=signature)
    for place in [*range(70), *range(70, len(signature), 13), len(signature) - 1]:
        changed = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        with pytest.raises(vault.SignatureInvalid):
            vault.verify(key, label=labels.KEY_STATEMENT, message=message, signature=changed)


def test_two_seals_of_one_body_share_no_byte_of_randomness() -> None:
    sealed = {vault.seal_body(b"same", under=KEY, context=HERE) for _ in range(200)}
    assert len({blob[34:46] for blob in sealed}) == 200
    assert len({blob[2:34] for blob in sealed}) == 200


@given(some.integers(0, 2**32))
def test_padding_adds_at_most_an_eighth_and_hides_the_size(size: int) -> None:
    padded = padding.measure_padded(size)
    assert padded > size
    assert padded <= max(256, (size + 1) * 1.12)
    assert padding.measure_padded(padded - 1) == padded


@pytest.mark.parametrize(
    ("size", "padded"),
    [(0, 256), (255, 256), (256, 272), (999, 1024), (1024, 1088), (100_000, 100_352), (2**31, 2**31 + 2**26)],
)
def test_padded_sizes_are_those_of_the_paper(size: int, padded: int) -> None:
    assert padding.measure_padded(size) == padded


@given(some.binary(max_size=700))
def test_padding_comes_off_only_when_it_is_the_one_right_padding(data: bytes) -> None:
    padded = padding.pad(data)
    assert padding.unpad(padded) == data
    for wrong in (padded[:-1], padded + b"\x00", padded[:-1] + b"\x01", bytes(len(padded))):
        with pytest.raises(vault.MalformedInput):
            padding.unpad(wrong)


def test_bodies_of_one_padded_size_are_sealed_to_one_size() -> None:
    sizes = {len(vault.seal_body(bytes(size), under=KEY, context=HERE)) for size in range(256)}
    assert sizes == {2 + 32 + 12 + 256 + 16}


def test_a_body_of_four_mebibytes_is_sealed_and_one_byte_more_refused() -> None:
    body = bytes(vault.MAX_BODY)
    assert vault.open_body(vault.seal_body(body, under=KEY, context=HERE), under=KEY, context=HERE) == body
    with pytest.raises(vault.TooLarge):
        vault.seal_body(body + b"\x00", under=KEY, context=HERE)


@pytest.mark.parametrize(("context", "error"), [(b"", vault.MalformedInput), (bytes(4097), vault.TooLarge)])
def test_a_context_that_binds_nothing_or_too_much_is_refused(context: bytes, error: type[vault.VaultError]) -> None:
    with pytest.raises(error):
        vault.seal_body(b"", under=KEY, context=context)
    with pytest.raises(error):
        vault.wrap(KEY, to=READER.public(), context=context)
    with pytest.raises(error):
        vault.seal_stream([], under=KEY, context=context)


PARTS = some.lists(some.text(max_size=6) | some.integers(0, 2**63 - 1) | some.binary(max_size=6), max_size=5)


@given(PARTS, PARTS)
def test_two_contexts_are_the_same_only_if_all_their_parts_are(one: list[str | int], two: list[str | int]) -> None:
    same = [(type(part), part) for part in one] == [(type(part), part) for part in two]
    assert (vault.bind(labels.WHY_BODY, *one) == vault.bind(labels.WHY_BODY, *two)) is same


@given(some.binary(max_size=100), some.lists(some.binary(max_size=30), max_size=5))
def test_a_commitment_is_the_same_however_the_data_arrives(data: bytes, chunks: list[bytes]) -> None:
    blind, label = vault.make_blind(), labels.PART_COMMITMENT
    assert vault.commit_stream(label, blind, chunks) == vault.commit(label, blind, b"".join(chunks))
    assert vault.commit(label, blind, data) != vault.commit(label, vault.make_blind(), data)
    assert vault.commit(label, blind, data) != vault.commit(labels.WHY_COMMITMENT, blind, data)
    with pytest.raises(vault.MalformedInput):
        vault.commit(label, blind[:31], data)
