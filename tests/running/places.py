"""Where a run keeps what it makes: in memory when there is plenty, so that no commit waits for a disk.

Nothing of what is promised changes: the databases still wait, and a killed process still loses what it had not written.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - what is made in it is private
DISK = Path("/var/tmp")  # noqa: S108 - as above
PLENTY = 2 * 1024**3  # bytes
PREFIX = "confer-run-"
NOBODY = 65534


@contextmanager
def lend_folder(*, must_run_programs: bool = False) -> Iterator[Path]:
    """Lend a private folder with a short path. Where programs are to be run out of it, it is on disk."""
    base = DISK if must_run_programs or not _has_plenty(MEMORY) else MEMORY
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_plenty(base: Path) -> bool:
    return base.is_dir() and os.access(base, os.W_OK) and shutil.disk_usage(base).free > PLENTY


def _sweep(base: Path) -> None:
    """Remove what runs that were killed have left."""
    for left in base.glob(f"{PREFIX}*"):
        run = left.name.removeprefix(PREFIX).partition("-")[0]
        if run.isdigit() and not Path("/proc", run).exists() and left.lstat().st_uid in {os.getuid(), NOBODY}:
            shutil.rmtree(left, ignore_errors=True)
