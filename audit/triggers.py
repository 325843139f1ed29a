"""The log's triggers put in place, and the proof by behaviour that they still refuse.

Triggers stop bugs. An operator can drop them: checkpoints held outside catch that.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.recorder import MigrationRecorder

from audit import errors, protection

# The application's own role on PostgreSQL may not even ask, which is refusal enough.
_REFUSALS: Final = ("append-only", "permission denied")
_MIGRATION: Final = ("audit", "0002_triggers")
_PROBE: Final = -7_000_000_000_000
_WAITING_PROBE: Final = _PROBE - 1
_PROBE_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "audit_entryrecord": ("entry_id", "record", "at"),
    "audit_entryparty": ("entry_id", "party", "at"),
    "audit_leaf": ("index", "entry_id", "hash", "numbers"),
    "audit_leafrecord": ("leaf_index", "record", "number"),
    "audit_checkpoint": ("size", "root", "note", "frontier"),
}


def install(editor: BaseDatabaseSchemaEditor) -> None:
    """Put every trigger in place. For migrations.

    A later migration that alters a table of the log must call this again: SQLite drops triggers when it rebuilds one.
    """
    for statement in protection.make_statements(editor.connection.vendor):
        editor.execute(statement, params=None)


def assert_after_migrating(*, using: str, **_: object) -> None:
    """Assert the triggers at the end of a `migrate`, unless it stopped before the migration that makes them."""
    connection = connections[using]
    if _MIGRATION in MigrationRecorder(connection).applied_migrations():
        assert_triggers(connection)


def assert_triggers(connection: BaseDatabaseWrapper) -> None:
    """Try every forbidden change on probe rows and undo the whole attempt; raise TriggersMissing if one was accepted.

    Safe on a live database: nothing is committed.
    """
    with transaction.atomic(using=connection.alias):
        savepoint = transaction.savepoint(using=connection.alias)
        try:
            _insert_probes(connection)
            _assert_waiting(connection)
            for table, uniques in protection.PROTECTED.items():
                _assert_refused(connection, table, _make_attacks(connection.vendor, table, uniques))
            _assert_refused(connection, "audit_waiting", _make_attacks_on_waiting(connection.vendor))
        finally:
            transaction.savepoint_rollback(savepoint, using=connection.alias)


def _insert_probes(connection: BaseDatabaseWrapper) -> None:
    now = connection.ops.adapt_datetimefield_value(dt.datetime.now(dt.UTC))
    entry: dict[str, Any] = {"at": now, "person": "", "team": "", "agency": "", "detail": ""}
    entry |= {"event": "probe", "outcome": "probe"}
    entry |= {"records": "[]", "parties": "[]", "nonce": b"", "request": ""}
    rows: Sequence[tuple[str, int, dict[str, Any]]] = (
        ("audit_entry", _PROBE, entry),
        ("audit_entry", _WAITING_PROBE, entry),
        ("audit_entryrecord", _PROBE, {"entry_id": _PROBE, "record": "probe", "at": now}),
        ("audit_entryparty", _PROBE, {"entry_id": _PROBE, "party": "probe", "at": now}),
        ("audit_leaf", _PROBE, {"index": _PROBE, "entry_id": _PROBE, "hash": b"", "numbers": "[]"}),
        ("audit_leafrecord", _PROBE, {"leaf_index": _PROBE, "record": "probe", "number": _PROBE}),
        ("audit_checkpoint", _PROBE, {"size": _PROBE, "root": b"", "note": "", "frontier": b""}),
    )
    with connection.cursor() as cursor:
        for table, key, row in rows:
            names = ", ".join(f'"{name}"' for name in ("id", *row))
            places = ", ".join(["%s"] * (len(row) + 1))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", [key, *row.values()])  # noqa: S608
        if connection.vendor == "postgresql":
            # Foreign keys that still wait to be checked would refuse a TRUNCATE before the trigger can.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _make_attacks(vendor: str, table: str, uniques: Sequence[Sequence[str]]) -> list[str]:
    attacks = [
        f"UPDATE {table} SET id = id WHERE id = {_PROBE}",  # noqa: S608
        f"DELETE FROM {table} WHERE id = {_PROBE}",  # noqa: S608
    ]
    if vendor == "postgresql":
        return [*attacks, f"TRUNCATE {table} CASCADE"]
    attacks.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE id = {_PROBE}")  # noqa: S608
    if uniques:
        # The same unique values under a fresh id: the replaced row would vanish without a delete trigger.
        names = ", ".join(f'"{name}"' for name in _PROBE_COLUMNS[table])
        attacks.append(
            f"INSERT OR REPLACE INTO {table} (id, {names}) SELECT id - 2, {names} FROM {table} WHERE id = {_PROBE}"  # noqa: S608
        )
    return attacks


def _make_attacks_on_waiting(vendor: str) -> list[str]:
    attacks = [
        f"UPDATE audit_waiting SET entry_id = {_PROBE} WHERE entry_id = {_WAITING_PROBE}",  # noqa: S608
        f"DELETE FROM audit_waiting WHERE entry_id = {_WAITING_PROBE}",  # noqa: S608
    ]
    return [*attacks, "TRUNCATE audit_waiting"] if vendor == "postgresql" else attacks


def _assert_refused(connection: BaseDatabaseWrapper, table: str, attacks: Sequence[str]) -> None:
    for attack in attacks:
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute(attack)
        except DatabaseError as error:
            if any(sign in str(error) for sign in _REFUSALS):
                continue
            raise
        raise errors.TriggersMissing(f"{table} accepted: {attack}. Install its triggers again before going on.")


def _assert_waiting(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT entry_id FROM audit_waiting WHERE entry_id IN (%s, %s)", [_PROBE, _WAITING_PROBE])
        if cursor.fetchall() != [(_WAITING_PROBE,)]:
            raise errors.TriggersMissing("audit_entry and audit_leaf: an entry does not wait until it has its leaf.")
