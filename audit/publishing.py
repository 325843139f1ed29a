"""Checkpoints leave as soon as they are committed: appended to a file in the outbox, whence they are carried off.

What has left binds the log. If the database comes back shorter than, or different from, what already left, numbering
stops rather than sign a second history: a restored backup must begin a new log, openly.
"""

import os
import time
from pathlib import Path
from typing import Final

from django.conf import settings

from audit import checkpoint, errors, models

FILE_NAME: Final = "checkpoints.txt"
_LONGEST_SILENCE: Final = (
    3600  # seconds; then the same checkpoint is published again, to show that the log still stands
)
_TAIL: Final = 1 << 17  # bytes; more than the longest note, so that the last whole one lies within


def publish(note: str) -> None:
    """Append the note to the outbox and wait until the disk has it."""
    outbox = _find_outbox()
    outbox.parent.mkdir(parents=True, exist_ok=True)
    with outbox.open("ab") as file:
        file.write(f"{note}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def publish_if_due() -> bool:
    """Publish the newest checkpoint if it never left (a crash came between), or if the last hour saw none leave."""
    newest = models.Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return False
    last = read_last_published()
    if last is not None and last.size >= newest.size and _count_silence() < _LONGEST_SILENCE:
        return False
    publish(newest.note)
    return True


def check_nothing_left_beyond(size: int, root: bytes) -> None:
    """Raise LogBroken if a checkpoint has left that the database's state, `size` and `root`, does not lead on from."""
    last = read_last_published()
    if last is None or last.size < size or (last.size, last.root) == (size, root):
        return
    raise errors.LogBroken(
        f"checkpoint of {last.size} leaves",
        f"it has left this machine, and the database holds another state ({size} leaves): the log was cut, restored or"
        " exchanged. Keep both, find out why, and begin a new log with a new key.",
    )


def read_last_published() -> checkpoint.Checkpoint | None:
    """Return the last whole checkpoint in the outbox, or None. A torn last one counts as never written."""
    outbox = _find_outbox()
    if not outbox.exists():
        return None
    with outbox.open("rb") as file:
        file.seek(max(0, outbox.stat().st_size - _TAIL))
        tail = file.read().decode(errors="replace")
    for note in reversed(list(checkpoint.split_notes(tail))):
        try:
            return checkpoint.parse(note)
        except errors.NoteMalformed:
            continue
    return None


def read_published() -> list[str]:
    """Return every note that lies in the outbox, oldest first."""
    outbox = _find_outbox()
    return list(checkpoint.split_notes(outbox.read_text())) if outbox.exists() else []


def _find_outbox() -> Path:
    return Path(settings.CONFER_CHECKPOINT_OUTBOX) / FILE_NAME


def _count_silence() -> float:
    return time.time() - _find_outbox().stat().st_mtime
