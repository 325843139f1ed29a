"""What a process asks of the kernel: to go when its parent goes, and to leave no picture of its memory."""

import ctypes
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

# From <linux/prctl.h>
PR_SET_PDEATHSIG = 1
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4

_LIBC = ctypes.CDLL(None, use_errno=True)


def follow_parent(parent: int, with_signal: signal.Signals) -> Callable[[], None]:
    """Give what a child runs between fork and exec so that it is sent the signal when ``parent`` (a pid) dies."""

    def follow() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return follow


def refuse_core_files() -> None:
    """Let neither this process nor its children write a core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hide_memory() -> None:
    """Let nobody but root attach to this process or read its memory; call it in processes that hold keys.

    An exec makes a process dumpable again, so each has to ask for itself.
    """
    refuse_core_files()
    if _LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused PR_SET_DUMPABLE")


def is_dumpable() -> bool:
    """Say whether this process's memory could be read by others of the same user."""
    return bool(_LIBC.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)


def has_group(group: int) -> bool:
    """Say whether any process of the group still runs; a zombie does not count."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        state, _parent, its_group = words[:3]
        if int(its_group) == group and state != "Z":
            return True
    return False
