"""Seal and open a document of any size up to 2 GiB in constant memory. Format: docs/formats/sealed-stream.md.

STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, 2015): 64 KiB chunks, each sealed under its number and a
last-chunk flag, so that chunks cannot be dropped, moved, repeated or added. Opening reads the whole twice: once to
verify all of it, once to release it. Nothing is released until everything has been verified, because half a child's
file is worse than none.
"""

import itertools
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from vault import cipher, envelope, labels, padding
from vault.errors import MalformedInput, TooLarge, WrongKey
from vault.keys import ContentKey

CHUNK: Final = 64 * 1024
MAX_STREAM: Final = 2 * 1024**3
_SALT: Final = 32
_COMMITMENT: Final = 32
_TAG: Final = 16
_FORM: Final = envelope.Form(0x22, "sealed stream", (_SALT, _COMMITMENT))
_MAX_CHUNKS: Final = -(-padding.measure_padded(MAX_STREAM) // CHUNK)


def seal_stream(chunks: Iterable[bytes], *, under: ContentKey, context: bytes) -> Iterator[bytes]:
    """Return the sealed form of `chunks` (bytes in pieces of any size) piece by piece, at most about 64 KiB each.

    Raises MalformedInput, TooLarge (context) at once; TooLarge while iterating, beyond 2 GiB: what was yielded by then
    is to be thrown away.
    """
    _require_content_key(under)
    salt = secrets.token_bytes(_SALT)
    sealer = cipher.make_cipher(under, label=labels.VAULT_SEALED_STREAM, context=context, salt=salt)
    return _seal_pieces(chunks, sealer, envelope.join(_FORM, salt, sealer.commitment))


def open_stream(reopen: Callable[[], Iterable[bytes]], *, under: ContentKey, context: bytes) -> Iterator[bytes]:
    """Verify the whole stream before returning, then return its plaintext piece by piece.

    `reopen` gives the sealed bytes from their start, in pieces of any size, and is called twice. What is released in
    the second reading is verified again, chunk by chunk, to be the stream that was verified in the first: storage that
    changes in between raises WrongKey or MalformedInput.
    Raises WrongKey, MalformedInput, TooLarge, TypeError before anything is released.
    """
    _require_content_key(under)
    header, pieces = _begin(reopen(), under=under, context=context)
    size = _measure_data(pieces)
    return _release(reopen, size, header, under=under, context=context)


def _require_content_key(under: ContentKey) -> None:
    if not isinstance(under, ContentKey):
        raise TypeError("A stream is sealed under a ContentKey.")


def _seal_pieces(chunks: Iterable[bytes], sealer: cipher.Cipher, header: bytes) -> Iterator[bytes]:
    yield header
    for number, (piece, is_last) in enumerate(_regroup(_pad(chunks), CHUNK)):
        yield sealer.seal(_make_nonce(number, is_last=is_last), piece)


def _pad(chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_STREAM:
            raise TooLarge("A document is at most 2 GiB.")
        yield chunk
    yield padding.MARK
    noughts = padding.measure_padded(size) - size - 1
    for start in range(0, noughts, CHUNK):
        yield bytes(min(CHUNK, noughts - start))


def _regroup(source: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the bytes of `source` in pieces of `size`, the last of 0 to `size`, each with whether it is the last."""
    pending = bytearray()
    for arrival in source:
        pending += arrival
        while len(pending) > size:
            yield bytes(pending[:size]), False
            del pending[:size]
    yield bytes(pending), True


def _make_nonce(number: int, *, is_last: bool) -> bytes:
    # Each stream has its own derived key, so counting from nought never repeats a nonce.
    return number.to_bytes(11) + bytes([is_last])


def _begin(source: Iterable[bytes], *, under: ContentKey, context: bytes) -> tuple[bytes, Iterator[bytes]]:
    header, rest = _take_header(iter(source))
    salt, commitment = envelope.split(_FORM, header)
    opener = cipher.make_cipher(under, label=labels.VAULT_SEALED_STREAM, context=context, salt=salt)
    opener.require_commitment(commitment)
    return header, _open_pieces(rest, opener)


def _take_header(source: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    start = b""
    for arrival in source:
        start += arrival
        if len(start) >= _FORM.most:
            break
    return start[: _FORM.most], itertools.chain([start[_FORM.most :]], source)


def _open_pieces(source: Iterable[bytes], opener: cipher.Cipher) -> Iterator[bytes]:
    for number, (piece, is_last) in enumerate(_regroup(source, CHUNK + _TAG)):
        if number >= _MAX_CHUNKS:
            raise TooLarge("This sealed stream is larger than one may be.")
        if len(piece) <= _TAG:
            raise MalformedInput("This sealed stream is cut short.")
        yield opener.open(_make_nonce(number, is_last=is_last), piece)


def _measure_data(pieces: Iterable[bytes]) -> int:
    """Read `pieces` to their end; return how many bytes of data precede the padding, which must be the right one."""
    total, size, mark = 0, 0, b""
    for piece in pieces:
        stripped = piece.rstrip(b"\x00")
        if stripped:
            size, mark = total + len(stripped) - 1, stripped[-1:]
        total += len(piece)
    if mark != padding.MARK or padding.measure_padded(size) != total:
        raise MalformedInput("The padding inside is not the one right padding.")
    return size


def _release(
    reopen: Callable[[], Iterable[bytes]], size: int, verified: bytes, *, under: ContentKey, context: bytes
) -> Iterator[bytes]:
    header, pieces = _begin(reopen(), under=under, context=context)
    if header != verified:
        raise WrongKey("The stream was exchanged while it was being opened.")
    for piece in pieces:
        data = piece[:size]
        size -= len(data)
        if data:
            yield data
