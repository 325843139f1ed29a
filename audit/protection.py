"""The triggers by which the database itself refuses to change the log, as SQL for both engines.

SQLite gets row triggers against UPDATE and DELETE, and one before INSERT, since `INSERT OR REPLACE` deletes what it
replaces without firing a delete trigger. PostgreSQL gets statement triggers, which also cover TRUNCATE and refuse
before any row is looked at. Names of tables and columns come from this file only.
"""

from collections.abc import Mapping, Sequence
from typing import Final

# Each append-only table with its unique columns, besides the id.
PROTECTED: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "audit_entry": (),
    "audit_entryrecord": (("entry_id", "record"),),
    "audit_entryparty": (("entry_id", "party"),),
    "audit_leaf": (("index",), ("entry_id",)),
    "audit_leafrecord": (("record", "number"), ("leaf_index", "record")),
    "audit_checkpoint": (("size",),),
}


def make_statements(vendor: str) -> list[str]:
    """Return the statements that put every trigger in place, replacing any of the same name."""
    if vendor == "postgresql":
        return [_POSTGRESQL, *(part for table in PROTECTED for part in _refuse_on_postgresql(table))]
    if vendor == "sqlite":
        triggers = _SQLITE_WAITING | {
            name: body for table in PROTECTED for name, body in _refuse_on_sqlite(table).items()
        }
        return [
            part
            for name, body in triggers.items()
            for part in (f"DROP TRIGGER IF EXISTS {name}", f"CREATE TRIGGER {name} {body}")
        ]
    raise NotImplementedError("The log's protection is written for SQLite and PostgreSQL.")


# Every entry waits from the moment it is written, however it was written, until it has its leaf; there is no other way
# off the list. The functions act as their owner, so the application's role needs no right to change the list itself.
# ALWAYS: a trigger fires even in a session that calls itself a replica.
_POSTGRESQL: Final = """
CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % on % refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE OR REPLACE FUNCTION audit_entry_waits() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO audit_waiting (entry_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION audit_leaf_ends_wait() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM audit_waiting WHERE entry_id = NEW.entry_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION audit_waits_until_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = OLD.entry_id) THEN
        RAISE EXCEPTION 'the log is append-only: entry % waits for its leaf', OLD.entry_id;
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER IF EXISTS audit_entry_waits ON audit_entry;
CREATE TRIGGER audit_entry_waits AFTER INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_entry_waits();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_waits;
DROP TRIGGER IF EXISTS audit_leaf_ends_wait ON audit_leaf;
CREATE TRIGGER audit_leaf_ends_wait AFTER INSERT ON audit_leaf FOR EACH ROW EXECUTE FUNCTION audit_leaf_ends_wait();
ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER audit_leaf_ends_wait;
DROP TRIGGER IF EXISTS audit_waiting_until_numbered ON audit_waiting;
CREATE TRIGGER audit_waiting_until_numbered BEFORE DELETE ON audit_waiting
    FOR EACH ROW EXECUTE FUNCTION audit_waits_until_numbered();
ALTER TABLE audit_waiting ENABLE ALWAYS TRIGGER audit_waiting_until_numbered;
DROP TRIGGER IF EXISTS audit_waiting_no_change ON audit_waiting;
CREATE TRIGGER audit_waiting_no_change BEFORE UPDATE OR TRUNCATE ON audit_waiting
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_waiting ENABLE ALWAYS TRIGGER audit_waiting_no_change;
"""

_SQLITE_WAITING: Final = {
    "audit_entry_waits": (
        "AFTER INSERT ON audit_entry BEGIN INSERT INTO audit_waiting (entry_id) VALUES (NEW.id); END"
    ),
    "audit_leaf_ends_wait": (
        "AFTER INSERT ON audit_leaf BEGIN DELETE FROM audit_waiting WHERE entry_id = NEW.entry_id; END"
    ),
    "audit_waiting_until_numbered": (
        "BEFORE DELETE ON audit_waiting"
        " WHEN NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = OLD.entry_id)"
        " BEGIN SELECT RAISE(ABORT, 'the log is append-only: an entry waits for its leaf'); END"
    ),
    "audit_waiting_no_update": (
        "BEFORE UPDATE ON audit_waiting"
        " BEGIN SELECT RAISE(ABORT, 'the log is append-only: change of audit_waiting refused'); END"
    ),
}


def _refuse_on_postgresql(table: str) -> list[str]:
    return [
        f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
        (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
        ),
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only",
    ]


def _refuse_on_sqlite(table: str) -> dict[str, str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, 'the log is append-only: change of {table} refused'); END"
    taken = " OR ".join(f"({_match_new(columns)})" for columns in (("id",), *PROTECTED[table]))
    return {
        f"{table}_no_update": f"BEFORE UPDATE ON {table} {refuse}",
        f"{table}_no_delete": f"BEFORE DELETE ON {table} {refuse}",
        f"{table}_no_replace": f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken}) {refuse}",  # noqa: S608
    }


def _match_new(columns: Sequence[str]) -> str:
    return " AND ".join(f'"{column}" = NEW."{column}"' for column in columns)
