"""What a file is by its first bytes, however it arrives in pieces."""

from collections.abc import Iterator
from typing import cast

import pytest

from accounts.keyring import Keyholder
from exchange import filetypes
from exchange.errors import Unacceptable

NOBODY = cast("Keyholder", None)  # named in the refusal only
TEXT = "Grüße ✓ 👶 ".encode() * 200


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


@pytest.mark.parametrize("size", [1, 2, 3, 511, 512, 513, 100_000])
def test_letters_cut_in_two_by_the_chunks_are_still_letters(size: int) -> None:
    assert b"".join(filetypes.checked(pieces(TEXT, size), claimed="text/plain", by=NOBODY)) == TEXT


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("content", [b"", b"%PD", b"PDF-1.7", b"\0%PDF-1.7"])
def test_what_does_not_begin_like_a_pdf_is_none(content: bytes, size: int) -> None:
    with pytest.raises(Unacceptable) as refused:
        list(filetypes.checked(pieces(content, size), claimed="application/pdf", by=NOBODY))
    assert [problem.field for problem in refused.value.problems] == ["file"]


@pytest.mark.parametrize("size", [1, 100, 100_000])
@pytest.mark.parametrize("content", [TEXT + b"\xff", TEXT[:-2], b"\xfe\xff\x00h", TEXT + b"\xed\xa0\x80"])
def test_what_is_not_utf_8_to_its_last_byte_is_no_text(content: bytes, size: int) -> None:
    with pytest.raises(Unacceptable):
        list(filetypes.checked(pieces(content, size), claimed="text/plain", by=NOBODY))


@pytest.mark.parametrize("claimed", ["", "text/html", "TEXT/PLAIN", "application/zip", "image/svg+xml"])
def test_a_kind_that_is_not_on_the_list_is_refused_before_a_byte_is_read(claimed: str) -> None:
    chunks = iter([b"never asked for"])
    with pytest.raises(Unacceptable) as refused:
        list(filetypes.checked(chunks, claimed=claimed, by=NOBODY))
    assert list(chunks) == [b"never asked for"]
    assert [problem.field for problem in refused.value.problems] == ["type"]
