"""Where sealed files rest: Django's default storage, under names that say nothing. Only sealed bytes come here."""

from collections.abc import Iterable, Iterator

from django.core.files.base import File
from django.core.files.storage import default_storage

CHUNK = 64 * 1024


class _Chunks(File):  # type: ignore[type-arg]  # django-stubs' File is generic over what it wraps; this wraps nothing
    """A file that is read once, chunk by chunk, as it is sealed: no plaintext and no temporary copy."""

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        super().__init__(None, name=name)
        self._chunks = chunks
        self.sealed_size = 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The sealed chunks, counted as they pass."""
        del chunk_size
        for chunk in self._chunks:
            self.sealed_size += len(chunk)
            yield chunk


def keep(name: str, chunks: Iterable[bytes]) -> int:
    """Store sealed chunks under `name`; how many bytes there were. On any failure nothing is left behind."""
    content = _Chunks(chunks, name)
    try:
        stored = default_storage.save(_path(name), content)
    except BaseException:
        forget(name)
        raise
    if stored != _path(name):
        message = "The store gave the file another name: one of that name was there already."
        raise FileExistsError(message)
    return content.sealed_size


def read(name: str) -> Iterator[bytes]:
    """The sealed chunks of a stored file. Raises `FileNotFoundError`."""
    with default_storage.open(_path(name), "rb") as stored:
        yield from iter(lambda: stored.read(CHUNK), b"")


def forget(name: str) -> None:
    """Remove a stored file, if it is there."""
    default_storage.delete(_path(name))


def _path(name: str) -> str:
    return f"documents/{name[:2]}/{name}"
