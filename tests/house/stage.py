"""One database for a whole file of tests that each undo what they do, with the whole case told on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.db.models import Model, QuerySet
from django.test import override_settings

from tests import plugin
from tests.house.doors import Inside
from tests.house.story import Teller, Told
from tests.house.words import Words
from tests.running.databases import Database


@dataclass(frozen=True)
class Stage:
    """A database, the way in, the words, and what was told with them."""

    database: Database
    door: Inside
    words: Words
    teller: Teller
    told: Told


@contextmanager
def lend_stage(run: plugin.Run) -> Iterator[Stage]:
    """Lend a copy of the template for longer than one test, with the case told on it."""
    with pytest.MonkeyPatch.context() as patch, run.copies.copy() as database:
        connections.close_all()
        for name, value in database.environment.items():
            patch.setenv(name, value)
        patch.setitem(settings.DATABASES["default"], "NAME", database.name)
        with override_settings(**_find_places(database.data)):
            door, words = Inside(), Words()
            teller = Teller(door, words)
            yield Stage(database, door, words, teller, replace(teller.tell()))
        connections.close_all()


@contextmanager
def changed(rows: QuerySet[Any], **values: object) -> Iterator[None]:
    """Write these values into these rows as someone with write access would; put back what was there afterwards."""
    kept = {row.pk: {name: getattr(row, name) for name in values} for row in rows}
    assert kept, "there is nothing to change"
    rows.model._base_manager.filter(pk__in=kept).update(**values)
    try:
        yield
    finally:
        for pk, old in kept.items():
            rows.model._base_manager.filter(pk=pk).update(**old)


@contextmanager
def removed(*rows: Model) -> Iterator[None]:
    """Rows that an attacker put in, gone again afterwards."""
    try:
        yield
    finally:
        for row in rows:
            type(row)._base_manager.filter(pk=row.pk).delete()


def flip(blob: bytes | memoryview, place: int = -1) -> bytes:
    """The same bytes with one bit of one of them turned."""
    altered = bytearray(bytes(blob))
    altered[place] ^= 1
    return bytes(altered)


def _find_places(data: Path) -> dict[str, Path]:
    return {
        "CONFER_DATA": data,
        "CONFER_LOG_KEY_FILE": data / settings.CONFER_LOG_KEY_FILE.name,
        "CONFER_CHECKPOINT_OUTBOX": data / settings.CONFER_CHECKPOINT_OUTBOX.name,
        "MEDIA_ROOT": data / "media",
    }
