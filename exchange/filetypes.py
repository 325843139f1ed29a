"""What a file is, by its first bytes: a short list of kinds people share, and nothing that is not what it says."""

import codecs
from collections.abc import Callable, Iterable, Iterator

from accounts.keyring import Keyholder
from exchange import errors
from exchange.guidance.requirements import Problem

HEAD = 512


def _starts(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(prefixes)


def _is_text(head: bytes) -> bool:
    return b"\0" not in head


# The kinds taken, each with what its first 512 bytes must show. Word, Excel and PowerPoint files are zip archives.
KINDS: dict[str, Callable[[bytes], bool]] = {
    "application/pdf": _starts(b"%PDF-"),
    "image/jpeg": _starts(b"\xff\xd8\xff"),
    "image/png": _starts(b"\x89PNG\r\n\x1a\n"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _starts(b"PK\x03\x04"),
    "text/plain": _is_text,
    "message/rfc822": _is_text,
}
TEXT = ("text/plain", "message/rfc822")


def checked(chunks: Iterable[bytes], *, claimed: str, by: Keyholder) -> Iterator[bytes]:
    """The same chunks, once their start is of the claimed kind; text must be UTF-8 throughout.

    Raises `Unacceptable` while iterating: an unknown kind, an empty file, or one that is not what it says.
    """
    looks_right = KINDS.get(claimed)
    if looks_right is None:
        raise errors.unacceptable(
            by, [Problem("type", "unknown_type", f"Files of these kinds can be added: {_names()}.")]
        )
    source, head = iter(chunks), b""
    for chunk in source:
        head += chunk
        if len(head) >= HEAD:
            break
    if not head or not looks_right(head[:HEAD]):
        raise _not_what_it_says(by)
    decoder = codecs.getincrementaldecoder("utf-8")() if claimed in TEXT else None
    yield from _decodable(_chain(head, source), decoder, by=by)


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def _decodable(chunks: Iterator[bytes], decoder: codecs.IncrementalDecoder | None, *, by: Keyholder) -> Iterator[bytes]:
    try:
        for chunk in chunks:
            if decoder is not None:
                decoder.decode(chunk)
            yield chunk
        if decoder is not None:
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _not_what_it_says(by) from None


def _names() -> str:
    return "PDF, Word (.docx), JPEG, PNG, plain text (UTF-8) and e-mail (.eml)"


def _not_what_it_says(by: Keyholder) -> errors.Unacceptable:
    sentence = "The file is empty, or its contents are not of the kind it says. Check it opens, then add it again."
    return errors.unacceptable(by, [Problem("file", "not_what_it_says", sentence)])
