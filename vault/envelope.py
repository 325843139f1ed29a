"""The stored form: a version byte, a kind byte, parts of fixed sizes, and at most one open-ended part at the end.

Parsing is strict and happens before any cryptography: a blob of another version, kind or length is refused. Format:
docs/formats/README.md.
"""

from dataclasses import dataclass
from typing import Final

from vault.errors import MalformedInput, TooLarge

VERSION: Final = 1
HEAD: Final = 2  # version byte, kind byte


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of stored blob.

    `sizes`: bytes of each fixed part; `tail`: least and most bytes of a last, open-ended part, if it has one.
    """

    kind: int
    name: str
    sizes: tuple[int, ...]
    tail: tuple[int, int] | None = None

    @property
    def least(self) -> int:
        """The fewest bytes such a blob can have."""
        return HEAD + sum(self.sizes) + (self.tail[0] if self.tail else 0)

    @property
    def most(self) -> int:
        """The most bytes such a blob can have."""
        return HEAD + sum(self.sizes) + (self.tail[1] if self.tail else 0)


def join(form: Form, *parts: bytes) -> bytes:
    """Return the stored form of `parts`. Raises MalformedInput or TooLarge for what `split` would refuse."""
    blob = bytes([VERSION, form.kind]) + b"".join(parts)
    split(form, blob)
    return blob


def split(form: Form, blob: bytes) -> tuple[bytes, ...]:
    """Return the parts of `blob`, which must be of `form` exactly. Raises MalformedInput, TooLarge, TypeError."""
    if not isinstance(blob, bytes):
        raise TypeError(f"A {form.name} is bytes.")
    if blob[:1] != bytes([VERSION]):
        raise MalformedInput(f"This {form.name} is of a version this program does not know.")
    if blob[1:2] != bytes([form.kind]):
        raise MalformedInput(f"This is not a {form.name}.")
    if len(blob) < form.least:
        raise MalformedInput(f"This {form.name} is cut short.")
    if len(blob) > form.most:
        raise _explain_excess(form)
    return tuple(_cut(form, blob))


def _explain_excess(form: Form) -> MalformedInput | TooLarge:
    if form.tail:
        return TooLarge(f"This {form.name} is larger than one may be.")
    return MalformedInput(f"Something trails this {form.name}.")


def _cut(form: Form, blob: bytes) -> list[bytes]:
    parts, start = [], HEAD
    for size in form.sizes:
        parts.append(blob[start : start + size])
        start += size
    if form.tail:
        parts.append(blob[start:])
    return parts
