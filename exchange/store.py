"""Where sealed files rest: Django's default storage, under names that say nothing. Only sealed bytes come here.

That storage is a folder, or a bucket (bucket.py): see `CONFER_STORE`.
"""

import logging
from collections.abc import Iterable, Iterator

from django.core.files.base import File
from django.core.files.storage import default_storage

CHUNK = 64 * 1024
_logger = logging.getLogger(__name__)


class Unreachable(Exception):
    """The store does not answer, is full, or will not do what it was asked. It says nothing about any one file."""


class _Chunks(File):  # type: ignore[type-arg]  # django-stubs' File is generic over what it wraps; this wraps nothing
    """A file that is read once, as it is sealed: no plaintext and no temporary copy."""

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        super().__init__(None, name=name)
        self._chunks = iter(chunks)
        self._held = b""
        self.sealed_size = 0
        self.has_failed = False

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The sealed chunks, counted as they pass."""
        del chunk_size
        while (chunk := self._take()) is not None:
            yield chunk

    def read(self, num_bytes: int | None = None) -> bytes:
        """The next `num_bytes` sealed bytes; fewer only at the end, all that remain when there is no number."""
        held = bytearray(self._held)
        while num_bytes is None or num_bytes < 0 or len(held) < num_bytes:
            if (chunk := self._take()) is None:
                num_bytes = len(held)
                break
            held += chunk
        self._held = bytes(held[num_bytes:])
        return bytes(held[:num_bytes])

    def _take(self) -> bytes | None:
        try:
            chunk = next(self._chunks, None)
        except BaseException:
            self.has_failed = True
            raise
        self.sealed_size += len(chunk or b"")
        return chunk


def keep(name: str, chunks: Iterable[bytes]) -> int:
    """Store sealed chunks under `name`; how many bytes there were. On any failure nothing is left behind.

    Raises `Unreachable`, `FileExistsError` (what is there stays as it was), and whatever `chunks` raises.
    """
    content = _Chunks(chunks, name)
    try:
        stored = default_storage.save(path_of(name), content)
    except FileExistsError:
        raise
    except BaseException as error:
        forget(name)
        if isinstance(error, OSError) and not content.has_failed:  # a full disk, not a sender who went away
            raise Unreachable("The file could not be written.") from None
        raise
    if stored != path_of(name):
        default_storage.delete(stored)
        raise FileExistsError("The store gave the file another name: one of that name was there already.")
    return content.sealed_size


def read(name: str) -> Iterator[bytes]:
    """The sealed chunks of a stored file. Raises `FileNotFoundError`, `Unreachable`."""
    with default_storage.open(path_of(name), "rb") as stored:
        yield from iter(lambda: stored.read(CHUNK), b"")


def forget(name: str) -> None:
    """Remove a stored file, if it is there. A store that will not is left alone: without its row no file opens."""
    try:
        default_storage.delete(path_of(name))
    except (Unreachable, OSError):
        _logger.warning("A sealed file that nothing needs could not be removed: %s", name)


def path_of(name: str) -> str:
    """The name the storage knows it by."""
    return f"documents/{name[:2]}/{name}"
