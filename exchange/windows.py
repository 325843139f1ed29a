"""Windows onto long lists: newest first, a bounded number of rows, continued from where the last one ended."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
T = TypeVar("T")
MOST = 100


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` rows (1 to 100) older than the row at `before` (its time and id; None for the newest)."""

    limit: int = 25
    before: tuple[datetime, uuid.UUID] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next window begins (None at the end)."""

    rows: Sequence[T]
    following: tuple[datetime, uuid.UUID] | None


def look(found: QuerySet[M], window: Window, *, time: str, make: Callable[[M], T]) -> Page[T]:
    """The rows of `found` in this window, ordered by the column `time`; one query, whatever the number of rows."""
    if window.before is not None:
        at, pk = window.before
        found = found.filter(Q(**{f"{time}__lt": at}) | Q(**{time: at, "pk__lt": pk}))
    rows = list(found.order_by(f"-{time}", "-pk")[: min(window.limit, MOST) + 1])
    shown = rows[: min(window.limit, MOST)]
    following = (getattr(shown[-1], time), shown[-1].pk) if len(rows) > len(shown) else None
    return Page([make(row) for row in shown], following)
