"""Where a walk of its own may take place, on this run's vendor."""

from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.plugin import Run

CHEAP = {"CONFER_TESTING": "1", "CONFER_STRETCH": "tests"}


def name_empty_database(run: Run, folder: Path) -> dict[str, str]:
    """An empty database, this run's broker (a process of its own) and a data folder, as CONFER_ names."""
    named = {"CONFER_DATA": str(folder), "CONFER_BROKER": settings.CONFER_BROKER, **CHEAP}
    if connection.vendor == "sqlite":
        return {"CONFER_DATABASE": f"sqlite://{folder / 'confer.sqlite3'}", **named}
    assert run.copies.server is not None
    empty = run.copies.describe(f"confer_{folder.parent.name}".replace("-", "_")[:60])
    run.copies.server.make_database(empty.name)
    return {"CONFER_DATABASE": empty.url, "CONFER_OWNER_DATABASE": empty.owner_url, **named}
