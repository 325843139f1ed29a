"""The database's own refusal to change the log, on both engines, and the proof that it still refuses.

SQLite gets row triggers against UPDATE and DELETE, and one before INSERT, since `INSERT OR REPLACE` deletes what it
replaces without firing a delete trigger. PostgreSQL gets statement triggers, which also cover TRUNCATE and refuse
before any row is looked at. Triggers stop bugs. An operator can drop them: checkpoints held outside catch that.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.recorder import MigrationRecorder

from audit import errors

# Each append-only table with its unique columns, besides the id. Column names are SQL and come from here only.
PROTECTED: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "audit_entry": (),
    "audit_entryrecord": (("entry_id", "record"),),
    "audit_entryparty": (("entry_id", "party"),),
    "audit_leaf": (("index",), ("entry_id",)),
    "audit_leafrecord": (("record", "number"), ("leaf_index", "record")),
    "audit_checkpoint": (("size",),),
}
_MIGRATION: Final = ("audit", "0002_triggers")
# The application's own role on PostgreSQL may not even ask, which is refusal enough.
_REFUSALS: Final = ("append-only", "permission denied")
_PROBE_ID: Final = -7_000_000_000_000


def install(editor: BaseDatabaseSchemaEditor, tables: Sequence[str]) -> None:
    """Put the triggers on the named tables, replacing any of the same name. For migrations.

    A later migration that alters one of these tables must call this again: SQLite drops triggers when it rebuilds one.
    """
    for statement in _make_statements(editor.connection.vendor, tables):
        editor.execute(statement, params=None)


def assert_triggers(connection: BaseDatabaseWrapper) -> None:
    """Try every forbidden change on probe rows and undo the whole attempt; raise TriggersMissing if one was accepted.

    Safe on a live database: nothing is committed, though on PostgreSQL a few ids are skipped.
    """
    with transaction.atomic(using=connection.alias):
        savepoint = transaction.savepoint(using=connection.alias)
        try:
            _insert_probes(connection)
            for table, uniques in PROTECTED.items():
                _assert_refused(connection, table, _make_attacks(connection.vendor, table, uniques))
            _assert_waiting(connection)
        finally:
            transaction.savepoint_rollback(savepoint, using=connection.alias)


def assert_after_migrating(*, using: str, **_: object) -> None:
    """Assert the triggers at the end of a `migrate`, unless it stopped before the migration that makes them."""
    connection = connections[using]
    if _MIGRATION in MigrationRecorder(connection).applied_migrations():
        assert_triggers(connection)


def _make_statements(vendor: str, tables: Sequence[str]) -> list[str]:
    if vendor == "postgresql":
        return [_POSTGRESQL_FUNCTIONS, *(part for table in tables for part in _make_postgresql_triggers(table))]
    if vendor == "sqlite":
        return [part for table in tables for part in _make_sqlite_triggers(table)]
    raise NotImplementedError("The log's protection is written for SQLite and PostgreSQL.")


_POSTGRESQL_FUNCTIONS: Final = """
CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'raise_exception';
END $$;
CREATE OR REPLACE FUNCTION audit_entry_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_waiting (entry_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
"""


def _make_postgresql_triggers(table: str) -> list[str]:
    # ALWAYS: the triggers fire even in a session that calls itself a replica.
    statements = [
        f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only",
    ]
    if table == "audit_entry":
        statements += [
            "DROP TRIGGER IF EXISTS audit_entry_waits ON audit_entry",
            "CREATE TRIGGER audit_entry_waits AFTER INSERT ON audit_entry"
            " FOR EACH ROW EXECUTE FUNCTION audit_entry_waits()",
            "ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_waits",
        ]
    return statements


def _make_sqlite_triggers(table: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, 'the log is append-only: change of {table} refused'); END"
    taken = " OR ".join(f"({_match_new(columns)})" for columns in (("id",), *PROTECTED[table]))
    triggers = {
        "no_update": f"BEFORE UPDATE ON {table} {refuse}",
        "no_delete": f"BEFORE DELETE ON {table} {refuse}",
        "no_replace": f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken}) {refuse}",  # noqa: S608
    }
    if table == "audit_entry":
        triggers["waits"] = "AFTER INSERT ON audit_entry BEGIN INSERT INTO audit_waiting (entry_id) VALUES (NEW.id); END"
    statements = []
    for name, body in triggers.items():
        statements += [f"DROP TRIGGER IF EXISTS {table}_{name}", f"CREATE TRIGGER {table}_{name} {body}"]
    return statements


def _match_new(columns: Sequence[str]) -> str:
    return " AND ".join(f'"{column}" = NEW."{column}"' for column in columns)


def _insert_probes(connection: BaseDatabaseWrapper) -> None:
    now = connection.ops.adapt_datetimefield_value(datetime.datetime.now(datetime.UTC))
    entry = {"at": now, "person": "", "team": "", "agency": "", "event": "probe", "outcome": "probe", "detail": ""}
    entry |= {"records": "[]", "parties": "[]", "nonce": b"", "request": ""}
    rows: dict[str, dict[str, Any]] = {
        "audit_entry": entry,
        "audit_entryrecord": {"entry_id": _PROBE_ID, "record": "probe", "at": now},
        "audit_entryparty": {"entry_id": _PROBE_ID, "party": "probe", "at": now},
        "audit_leaf": {"index": _PROBE_ID, "entry_id": _PROBE_ID, "hash": b"", "numbers": "[]"},
        "audit_leafrecord": {"leaf_index": _PROBE_ID, "record": "probe", "number": _PROBE_ID},
        "audit_checkpoint": {"size": _PROBE_ID, "root": b"", "note": "", "frontier": b""},
    }
    with connection.cursor() as cursor:
        for table, row in rows.items():
            names = ", ".join(f'"{name}"' for name in ("id", *row))
            places = ", ".join(["%s"] * (len(row) + 1))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", [_PROBE_ID, *row.values()])  # noqa: S608
        if connection.vendor == "postgresql":
            # Foreign keys that still wait to be checked would refuse a TRUNCATE before the trigger can.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _make_attacks(vendor: str, table: str, uniques: Sequence[Sequence[str]]) -> list[str]:
    attacks = [
        f"UPDATE {table} SET id = id WHERE id = {_PROBE_ID}",  # noqa: S608
        f"DELETE FROM {table} WHERE id = {_PROBE_ID}",  # noqa: S608
    ]
    if vendor == "postgresql":
        return [*attacks, f"TRUNCATE {table} CASCADE"]
    attacks.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE id = {_PROBE_ID}")  # noqa: S608
    if uniques:
        # The same unique values under a fresh id: the replaced row would vanish without a delete trigger.
        names = ", ".join(f'"{name}"' for name in _PROBE_COLUMNS[table])
        attacks.append(
            f"INSERT OR REPLACE INTO {table} (id, {names}) SELECT id - 1, {names} FROM {table} WHERE id = {_PROBE_ID}"  # noqa: S608
        )
    return attacks


_PROBE_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "audit_entryrecord": ("entry_id", "record", "at"),
    "audit_entryparty": ("entry_id", "party", "at"),
    "audit_leaf": ("index", "entry_id", "hash", "numbers"),
    "audit_leafrecord": ("leaf_index", "record", "number"),
    "audit_checkpoint": ("size", "root", "note", "frontier"),
}


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
        cursor.execute("SELECT count(*) FROM audit_waiting WHERE entry_id = %s", [_PROBE_ID])
        if cursor.fetchone() != (1,):
            raise errors.TriggersMissing("audit_entry: an inserted entry does not wait for its number.")
