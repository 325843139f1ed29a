"""The edition that ships, as an object to ask and as a document to spoil."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from exchange.guidance import edition as editions
from exchange.guidance.edition import Edition

SHIPPED = (editions.EDITIONS / "england-2026.json").read_bytes()
Document = dict[str, Any]


@pytest.fixture(scope="session")
def england() -> Edition:
    return editions.load_edition("england-2026")


@pytest.fixture
def document() -> Document:
    """A fresh copy of the shipped file, for a test to change."""
    loaded: Document = json.loads(SHIPPED)
    return copy.deepcopy(loaded)


@pytest.fixture
def reread(document: Document) -> Callable[[], Edition]:
    """Reads the changed document as if it were a file."""
    return lambda: editions.read_edition(json.dumps(document).encode())
