"""The database itself refuses to change the log, and the check of that can fail."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit import errors, models, protection, triggers
from tests.running.databases import Database, connect_as_owner


def attack_as_owner(database: Database, statement: str) -> None:
    """Run one statement as the owner of the tables, whom triggers bind, and expect a refusal."""
    owner: Any = connect_as_owner(database)
    try:
        with pytest.raises(Exception, match="append-only"):
            owner.execute(statement)
    finally:
        owner.close()


def test_no_row_is_changed_or_removed(small_log: Database) -> None:
    for table in protection.PROTECTED:
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            attack_as_owner(small_log, statement)
            with pytest.raises(DatabaseError, match=r"append-only|permission denied"), connection.cursor() as cursor:
                cursor.execute(statement)


def test_no_table_is_emptied_or_replaced_into(small_log: Database) -> None:
    for table in protection.PROTECTED:
        if small_log.vendor == "postgresql":
            attack_as_owner(small_log, f"TRUNCATE {table} CASCADE")
        else:
            attack_as_owner(small_log, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
            attack_as_owner(small_log, f"REPLACE INTO {table} SELECT * FROM {table}")


def test_a_unique_value_is_not_replaced_under_another_id(small_log: Database) -> None:
    if small_log.vendor == "postgresql":
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit_checkpoint (size, root, note, frontier)"
                " SELECT size, root, '', frontier FROM audit_checkpoint"
                " ON CONFLICT (size) DO UPDATE SET note = excluded.note"
            )
        return
    for table, columns in triggers._PROBE_COLUMNS.items():
        names = ", ".join(f'"{column}"' for column in columns)
        attack_as_owner(
            small_log, f"INSERT OR REPLACE INTO {table} (id, {names}) SELECT id + 100000, {names} FROM {table}"
        )


def test_an_entry_leaves_the_waiting_list_by_its_leaf_only(small_log: Database) -> None:
    with transaction.atomic():
        entry = models.Entry.objects.create(
            at="2026-11-23T08:00:00Z", event="list:shown", outcome="done", records="[]", parties="[]", nonce=b"x" * 16
        )
    assert models.Waiting.objects.filter(entry=entry).exists(), "written past log.append, and waiting all the same"
    attack_as_owner(small_log, "DELETE FROM audit_waiting")
    attack_as_owner(small_log, "UPDATE audit_waiting SET entry_id = 1")
    if small_log.vendor == "postgresql":
        attack_as_owner(small_log, "TRUNCATE audit_waiting")


@pytest.mark.usefixtures("small_log", "attacker")
def test_the_check_notices_that_everything_was_dropped_and_leaves_nothing_behind() -> None:
    before = models.Entry.objects.count()
    with pytest.raises(errors.TriggersMissing):
        triggers.assert_triggers(connection)  # the attacker has dropped them
    assert models.Entry.objects.count() == before


@pytest.mark.usefixtures("small_log")
def test_the_check_changes_nothing() -> None:
    before = [model.objects.count() for model in (models.Entry, models.Leaf, models.Checkpoint, models.Waiting)]
    triggers.assert_triggers(connection)
    after = [model.objects.count() for model in (models.Entry, models.Leaf, models.Checkpoint, models.Waiting)]
    assert before == after


@pytest.mark.parametrize("table", protection.PROTECTED)
def test_the_check_notices_one_table_without_its_triggers(empty_log: Database, table: str) -> None:
    attacker: Any = empty_log.connect_as_attacker()
    if empty_log.vendor == "postgresql":
        attacker.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        attacker.execute(f"GRANT ALL ON {table} TO PUBLIC")
    else:
        attacker.execute(f"DROP TRIGGER {table}_no_replace")
    attacker.close()
    with pytest.raises(errors.TriggersMissing, match=table):
        triggers.assert_triggers(connection)
