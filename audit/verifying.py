"""Verify the log in the database: every leaf from its rows, and every index row beside it, through the one `Verifier`.

What a stored root says about the rows it was made from proves little: whoever owns the database and the log's key can
make both anew. `held` are checkpoints that left the machine before.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import Max

from audit import checkpoint, errors, logkey, models, rows, verify

CHUNK: Final = 500  # leaves

Progress = Callable[[int, int], None]
"""Told how many leaves are done, of how many."""


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """A log found whole. `unnumbered` counts the newest entries, which wait and which no checkpoint covers yet."""

    size: int
    root: bytes
    held: int
    held_up_to: int
    unnumbered: int


def verify_log(
    progress: Progress | None = None, held: Iterable[str] = (), *, key: checkpoint.LogKey | None = None
) -> VerifiedLog:
    """Verify every row of the log; return what was found whole. Raises LogBroken naming the first place that fails.

    `held` are texts of checkpoints held outside, each with one note or several (NoteMalformed if they are none). `key`
    is the log's public key as the caller holds it; without it, the one beside the log's key file is used.
    """
    key = key or logkey.load_public_key(logkey.find_public_file(Path(settings.CONFER_LOG_KEY_FILE)))
    notes = verify.read_held(held)
    verifier = verify.Verifier(key, notes)
    size = models.Checkpoint.objects.aggregate(size=Max("size"))["size"] or 0
    own = rows.read_checkpoints(size, CHUNK)
    due = next(own, None)
    for data in rows.read_leaves(size, CHUNK):
        verifier.take(data)
        if due is not None and due.size == verifier.frontier.size:
            _check_own(verifier, due)
            due = next(own, None)
        if progress is not None and (verifier.frontier.size % CHUNK == 0 or verifier.frontier.size == size):
            progress(verifier.frontier.size, size)
    if due is not None:
        raise errors.LogBroken(f"checkpoint of {due.size} leaves", f"the log has {verifier.frontier.size} leaves.")
    rows.check_nothing_astray()
    found = verifier.finish()
    _check_kept({one.size for one in notes})
    return VerifiedLog(found.size, found.root, found.held, found.held_up_to, rows.check_unnumbered())


def export_log() -> Iterator[bytes]:
    """Yield the log's export line by line, line ends included: leaves and checkpoints as docs/formats/export.md says.

    Raises LogBroken where rows do not make a leaf; whether the whole holds is for `verify` to say.
    """
    size = models.Checkpoint.objects.aggregate(size=Max("size"))["size"] or 0
    own = rows.read_checkpoints(size, CHUNK)
    due = next(own, None)
    for count, data in enumerate(rows.read_leaves(size, CHUNK), start=1):
        yield data + b"\n"
        if due is not None and due.size == count:
            yield verify.write_note(due.note) + b"\n"
            due = next(own, None)


def _check_own(verifier: verify.Verifier, row: models.Checkpoint) -> None:
    verifier.check(row.note)
    if (bytes(row.root), bytes(row.frontier)) != (verifier.frontier.root(), verifier.frontier.dump()):
        raise errors.LogBroken(f"checkpoint of {row.size} leaves", "its row is not what its note says.")


def _check_kept(sizes: set[int]) -> None:
    gone = sizes - {row.size for row in rows.read_checkpoints(max(sizes, default=0), CHUNK)}
    if gone:
        raise errors.LogBroken(f"checkpoint of {min(gone)} leaves", "it left this machine, and its row is gone.")
