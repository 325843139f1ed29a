"""Waiting for what another process does."""

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], bool], *, seconds: float = 20) -> None:
    """Return once ``holds`` does. Raises AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"It did not come about in {seconds} s."
        time.sleep(0.05)
