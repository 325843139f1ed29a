"""A database for each test: a copy of one that was migrated once, on the vendor this run is for."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from exchange.management import embedded
from tests.running.postgres import Server


@dataclass(frozen=True)
class Database:
    """One test's own database and data folder. ``url`` is the application's way in, ``owner_url`` the owner's."""

    vendor: str
    name: str
    url: str
    owner_url: str
    data: Path
    server: Server | None

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process must be told to work on this database."""
        return {"CONFER_DATABASE": self.url, "CONFER_DATA": str(self.data)}

    def connect_as_attacker(self) -> Any:
        """Give a driver's own connection with write access to every table (superuser, autocommit). Close it."""
        if self.server is None:
            return sqlite3.connect(self.name, isolation_level=None, timeout=20)
        return self.server.connect(self.name)


class Copies:
    """Makes the template, and its copies. ``server`` is None for SQLite."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        """Work in ``folder``, this run's own."""
        self.folder = folder
        self.server = server
        self.count = 0
        self.template: Database | None = None
        self.failure: RuntimeError | None = None

    def describe(self, name: str) -> Database:
        """Give where the database called ``name`` is, whether or not it has been made."""
        data = self.folder / name
        if self.server is None:
            file = data / "confer.sqlite3"
            return Database("sqlite", str(file), f"sqlite://{file}", f"sqlite://{file}", data, None)
        url, owner_url = (self.server.url(role, name) for role in (self.server.app, self.server.owner))
        return Database("postgresql", name, url, owner_url, data, self.server)

    def make_template(self) -> Database:
        """Make the template, once. Raises RuntimeError with what was said when a step fails."""
        if self.failure is not None:
            raise self.failure
        if self.template is None:
            template = self.describe("confer_template")
            template.data.mkdir(mode=0o700)
            self.failure = RuntimeError("The template database was not finished; the first error says why.")
            if self.server:
                self.server.make_database(template.name)
            owner = {"CONFER_OWNER_DATABASE": template.owner_url, "CONFER_AS_OWNER": "1"}
            _run_step("tables", {**template.environment, **owner})
            _run_step("cast", template.environment)
            if self.server is None:
                _fold_log_in(template.name)
            self.template, self.failure = template, None
        return self.template

    @contextmanager
    def copy(self) -> Iterator[Database]:
        """Lend a fresh copy of the template, data folder included."""
        template = self.make_template()
        self.count += 1
        database = self.describe(f"confer_test_{self.count}")
        shutil.copytree(template.data, database.data)
        if self.server:
            self.server.make_database(database.name, template.name)
        try:
            yield database
        finally:
            if self.server:
                self.server.drop_database(database.name)
            shutil.rmtree(database.data, ignore_errors=True)

    def drop_template(self) -> None:
        """Drop the template from the server."""
        if self.server and self.template:
            self.server.drop_database(self.template.name)


def _run_step(step: str, environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "tests.running.template", step]
    whole = embedded.base_environment() | dict(environment)
    done = subprocess.run(command, env=whole, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The template database could not be made ({step}):\n{done.stdout}{done.stderr}")


def _fold_log_in(path: str) -> None:
    """Bring SQLite's write-ahead log into the file, so that a copy of the file is a copy of all."""
    connection = sqlite3.connect(path)
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    connection.close()
    if busy or os.path.exists(f"{path}-wal"):  # noqa: PTH110 - a name, not a place
        raise RuntimeError("Something still holds the template database open.")


def connect_as_owner(database: Database) -> Any:
    """Give a driver's own connection as the owner of the tables, whom triggers bind. Close it."""
    if database.server is None:
        return database.connect_as_attacker()
    return psycopg.connect(database.owner_url, autocommit=True)
