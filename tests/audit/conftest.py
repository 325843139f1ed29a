"""What the log's tests share: a log with its key, and an attacker who owns the machine."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

import vault
from audit import events, log, logkey, models, numbering, publishing
from tests.running.databases import Database

TEAM = "team:00000000-0000-4000-8000-000000000001"
OFFICE = "00000000-0000-4000-8000-0000000000ff"


@dataclass(frozen=True)
class Someone:
    """An actor of three ids."""

    person_id: str = "ada"
    team_id: str = "desk"
    agency_id: str = "school"


@dataclass(frozen=True)
class Bureau:
    """An audit office with its secret."""

    secret: vault.SecretKey
    id: str = OFFICE
    epoch: int = 1

    @property
    def key(self) -> vault.PublicKey:
        """The public half."""
        return self.secret.public()


ADA = Someone()


@pytest.fixture
def empty_log(database: Database) -> Database:
    """Give a database whose log has its key, and in which everything that was there has been numbered."""
    path = Path(settings.CONFER_LOG_KEY_FILE)
    if not path.exists():
        logkey.make_log_key(path, origin="confer.example.org/log")
    number_all()
    return database


@pytest.fixture
def small_log(empty_log: Database) -> Database:
    """Give a log with fourteen more entries, of all kinds, and a checkpoint after four, eight and fourteen of them."""
    office = Bureau(vault.make_secret_key())
    for count in range(14):
        why = log.Why(f"Reason {count}.", [office]) if count % 3 == 0 else None
        records = [["C-1"], ["C-1", "C-2"], [], ["C-3", "C-1"]][count % 4]
        with transaction.atomic():
            log.append(events.RECORD_OPENED, by=ADA, records=records, parties=[TEAM], detail=str(count), why=why)
        if count in {3, 7}:
            number_all()
    number_all()
    return empty_log


@pytest.fixture
def append() -> Callable[..., models.Entry]:
    """Give a function that appends one entry in a transaction of its own."""

    def append_one(*records: str, by: Someone = ADA, event: str = events.RECORD_OPENED, **rest: Any) -> models.Entry:
        with transaction.atomic():
            return log.append(event, by=by, records=records, **rest)

    return append_one


@pytest.fixture
def attacker(database: Database) -> Iterator["Attacker"]:
    """Give someone who has every right over the database and the log's files, and has dropped every trigger."""
    connection = database.connect_as_attacker()
    yield Attacker(connection, database.vendor)
    connection.close()


def number_all() -> None:
    """Number whatever waits."""
    while numbering.number_entries():
        pass


class Attacker:
    """Writes as it likes, by raw SQL, and knows how to put everything back."""

    TABLES = (
        "audit_entry",
        "audit_entryrecord",
        "audit_entryparty",
        "audit_leaf",
        "audit_leafrecord",
        "audit_checkpoint",
        "audit_sealedwhy",
        "audit_waiting",
        "audit_refusalcount",
    )

    def __init__(self, connection: Any, vendor: str) -> None:
        """Take the connection, and the triggers off."""
        self.connection = connection
        self.mark = "%s" if vendor == "postgresql" else "?"
        if vendor == "postgresql":
            for table in self.TABLES:
                self.write(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            constraints = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype IN ('u', 'f')"
            for table, name in self.read(f"{constraints} AND conrelid::regclass::text LIKE 'audit%'"):
                self.write(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}" CASCADE')
        else:
            for (name,) in self.read("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                self.write(f"DROP TRIGGER {name}")

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; `?` marks a value. Returns how many rows it met."""
        return int(self._run(statement, values).rowcount)

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return what a query finds."""
        return list(self._run(statement, values).fetchall())

    def _run(self, statement: str, values: Sequence[Any]) -> Any:
        # psycopg looks for marks as soon as it is given values, be they none.
        return self.connection.execute(statement.replace("?", self.mark), *([values] if values else []))

    def read_columns(self, table: str) -> list[str]:
        """Return the names of a table's columns."""
        return [column[0] for column in self.connection.execute(f"SELECT * FROM {table} LIMIT 0").description]

    def remember(self) -> dict[str, list[Any]]:
        """Return every row of the log."""
        return {table: self.read(f"SELECT * FROM {table}") for table in self.TABLES}

    def put_back(self, rows: dict[str, list[Any]]) -> None:
        """Make the log what it was."""
        for table in reversed(self.TABLES):
            self.write(f"DELETE FROM {table}")
        for table in self.TABLES:
            for row in rows[table]:
                self.write(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def write_history_anew(self) -> None:
        """Number and sign everything again with the log's own key, as if this had been the log all along."""
        sizes = [0, *(size for (size,) in self.read("SELECT size FROM audit_checkpoint ORDER BY size")), 100_000]
        for table in ("audit_checkpoint", "audit_leafrecord", "audit_leaf", "audit_waiting"):
            self.write(f"DELETE FROM {table}")
        shutil.rmtree(settings.CONFER_CHECKPOINT_OUTBOX)
        self.write("INSERT INTO audit_waiting (entry_id) SELECT id FROM audit_entry")
        for table, column, field in (
            ("audit_entryrecord", "record", "records"),
            ("audit_entryparty", "party", "parties"),
        ):
            self.write(f"DELETE FROM {table}")
            for entry, at, agency, text in self.read(f"SELECT id, at, agency, {field} FROM audit_entry"):
                names = json.loads(text) + ([f"agency:{agency}"] if column == "party" and agency else [])
                for name in dict.fromkeys(names):
                    self.write(f"INSERT INTO {table} (entry_id, {column}, at) VALUES (?, ?, ?)", [entry, name, at])
        for before, size in itertools.pairwise(sizes):
            # Checkpoints of the very sizes that left, so that sizes alone give nothing away.
            numbering.number_entries(limit=size - before)
            self.write("DELETE FROM audit_waiting WHERE entry_id IN (SELECT entry_id FROM audit_leaf)")


def read_held() -> list[str]:
    """Return what someone outside has kept of the checkpoints that left."""
    return publishing.read_published()
