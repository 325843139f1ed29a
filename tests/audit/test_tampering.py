"""Any changed, removed or reordered byte of the log, newest row included, is found against a checkpoint held outside.

By whomever it was done: the attacker here owns the database, drops its triggers, and holds the log's signing key.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from audit import errors, logkey, models, verifying
from tests.audit.conftest import Attacker, read_held
from tests.running.databases import Database

# A row's own id outside `audit_entry` says nothing: rows are found by entry, record, party, index or size.
SILENT = {(table, "id") for table in Attacker.TABLES if table != "audit_entry"}
LOG_TABLES = [
    "audit_entry", "audit_entryrecord", "audit_entryparty", "audit_leaf", "audit_leafrecord", "audit_checkpoint"
]  # fmt: skip


def find_break(held: list[str]) -> errors.LogBroken:
    """Return where verification stops."""
    with pytest.raises(errors.LogBroken) as broken:
        verifying.verify_log(held=held)
    return broken.value


def change(value: Any) -> Any:
    """Return the value with the least change that is one."""
    match value:
        case None:
            return b"\x01" * 32
        case int():
            return value + 1_000_000
        case dt.datetime():
            return value + dt.timedelta(microseconds=1)
        case str():
            return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
    return bytes(value)[:-1] + bytes([bytes(value)[-1] ^ 1])


def change_every_column(attacker: Attacker, table: str) -> Iterator[str]:
    """Change one column of the first, a middle and the newest row, one at a time, putting each back afterwards."""
    columns = attacker.read_columns(table)
    rows = attacker.read(f"SELECT * FROM {table} ORDER BY id")
    for row in (rows[0], rows[len(rows) // 2], rows[-1]):
        for column, value in zip(columns, row, strict=True):
            if (table, column) in SILENT:
                continue
            update = f'UPDATE {table} SET "{column}" = ? WHERE id = ?'
            key = change(row[0]) if column == "id" else row[0]
            assert attacker.write(update, [change(value), row[0]]) == 1
            yield f"{table}.{column} of {row[0]}"
            assert attacker.write(update, [value, key]) == 1


@pytest.mark.usefixtures("small_log")
def test_any_changed_column_of_any_row_is_found(attacker: Attacker) -> None:
    held = read_held()
    tried = 0
    for table in LOG_TABLES:
        for changed in change_every_column(attacker, table):
            broken = find_break(held)
            assert any(word in broken.place for word in ("leaf ", "leaves ", "entry ", "checkpoint of ")), changed
            tried += 1
    assert tried > 3 * 25
    assert verifying.verify_log(held=held).unnumbered == 0


@pytest.mark.usefixtures("small_log")
def test_any_removed_row_is_found(attacker: Attacker) -> None:
    held, before = read_held(), attacker.remember()
    for table, which in itertools.product(LOG_TABLES, ("min", "max")):
        attacker.write(f"DELETE FROM {table} WHERE id = (SELECT {which}(id) FROM {table})")
        find_break(held)
        attacker.put_back(before)
    verifying.verify_log(held=held)


@pytest.mark.usefixtures("small_log")
def test_a_changed_entry_is_named(attacker: Attacker) -> None:
    leaf = models.Leaf.objects.order_by("-index")[5]
    attacker.write("UPDATE audit_entry SET outcome = 'failed' WHERE id = ?", [leaf.entry_id])
    assert find_break([]).place == f"leaf {leaf.index} (entry {leaf.entry_id})"


def edit_one(attacker: Attacker) -> None:
    """Say that someone else did it."""
    attacker.write("UPDATE audit_entry SET person = 'eve' WHERE id = (SELECT max(id) - 5 FROM audit_entry)")


def edit_newest(attacker: Attacker) -> None:
    """Change the very last entry."""
    attacker.write("UPDATE audit_entry SET outcome = 'failed' WHERE id = (SELECT max(id) FROM audit_entry)")


def edit_nonce(attacker: Attacker) -> None:
    """Change what nobody reads."""
    attacker.write("UPDATE audit_entry SET nonce = ? WHERE id = (SELECT max(id) FROM audit_entry)", [bytes(16)])


def remove_one(attacker: Attacker) -> None:
    """Take one entry out."""
    attacker.write("DELETE FROM audit_sealedwhy WHERE entry_id = (SELECT max(id) - 5 FROM audit_entry)")
    attacker.write("DELETE FROM audit_entry WHERE id = (SELECT max(id) - 5 FROM audit_entry)")


def remove_newest(attacker: Attacker) -> None:
    """Take the last entry out, as if it had never been."""
    attacker.write("DELETE FROM audit_sealedwhy WHERE entry_id = (SELECT max(id) FROM audit_entry)")
    attacker.write("DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)")


def exchange_two(attacker: Attacker) -> None:
    """Let two neighbours, neither with a why, change places."""
    (newest,) = attacker.read("SELECT max(id) FROM audit_entry")[0]
    for old, new in ((newest - 2, -1), (newest - 3, newest - 2), (-1, newest - 3)):
        for table, column in (("audit_sealedwhy", "entry_id"), ("audit_entry", "id")):
            attacker.write(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", [new, old])


def insert_one(attacker: Attacker) -> None:
    """Slip in something that never happened, before the rest."""
    names = ", ".join(name for name in attacker.read_columns("audit_entry") if name != "id")
    attacker.write(
        f"INSERT INTO audit_entry (id, {names}) SELECT -5, {names} FROM audit_entry"
        " WHERE id = (SELECT max(id) FROM audit_entry)"
    )


@pytest.mark.usefixtures("small_log")
def test_a_history_written_and_signed_anew_is_found(attacker: Attacker) -> None:
    held, rows = read_held(), attacker.remember()
    before = verifying.verify_log(held=held)
    for attack in (edit_one, edit_newest, edit_nonce, remove_one, remove_newest, exchange_two, insert_one):
        attack(attacker)
        attacker.write_history_anew()
        forged = verifying.verify_log()
        assert forged.root != before.root, "the attack changed nothing, or the attacker did not get as far as signing"
        broken = find_break(held)
        assert broken.place.startswith(("leaves ", "leaf ")), (attack, broken.place)
        attacker.put_back(rows)
    verifying.verify_log(held=held)


@pytest.mark.usefixtures("small_log")
def test_a_rewritten_stretch_is_named_as_closely_as_what_was_held_allows(attacker: Attacker) -> None:
    held, size = read_held(), verifying.verify_log().size
    edit_one(attacker)  # the ninth of the fourteen
    attacker.write_history_anew()
    assert find_break(held).place == f"leaves {size - 6} to {size - 1}"
    assert find_break(held[-1:]).place == f"leaves 0 to {size - 1}"


@pytest.mark.usefixtures("small_log")
def test_a_checkpoint_from_before_the_change_alone_cannot_find_what_came_after(attacker: Attacker) -> None:
    held = read_held()
    edit_newest(attacker)
    attacker.write_history_anew()
    assert verifying.verify_log(held=held[:-1]).held_up_to < verifying.verify_log().size


def test_a_signing_key_exchanged_with_the_history_is_found(small_log: Database, attacker: Attacker) -> None:
    held = read_held()
    (small_log.data / "log.key").unlink()
    (small_log.data / "log.key.pub").unlink()
    from_now_on = logkey.make_log_key(small_log.data / "log.key", origin="confer.example.org/log")
    attacker.write_history_anew()
    assert verifying.verify_log(key=from_now_on).held == 0
    assert find_break(held).place.startswith("checkpoint of ")


@pytest.mark.usefixtures("small_log")
def test_an_entry_that_was_taken_off_the_waiting_list_is_found(
    attacker: Attacker, append: Callable[..., models.Entry]
) -> None:
    entry = append("C-1")
    attacker.write("DELETE FROM audit_waiting")
    assert find_break([]).place == f"entry {entry.pk}"


@pytest.mark.usefixtures("small_log")
def test_an_unnumbered_entry_whose_index_was_cut_is_found(
    attacker: Attacker, append: Callable[..., models.Entry]
) -> None:
    entry = append("C-1")
    attacker.write("INSERT INTO audit_waiting (entry_id) VALUES (?)", [entry.pk])
    assert verifying.verify_log().unnumbered == 1
    attacker.write("DELETE FROM audit_entryrecord WHERE entry_id = ?", [entry.pk])
    assert find_break([]).place == f"entry {entry.pk}"


@pytest.mark.usefixtures("small_log")
def test_a_destroyed_why_leaves_the_log_whole() -> None:
    assert models.SealedWhy.objects.all().delete()[0]
    verifying.verify_log(held=read_held())


def test_rows_no_writer_of_ours_could_have_written_are_named(small_log: Database, attacker: Attacker) -> None:
    (newest,) = attacker.read("SELECT max(id) FROM audit_entry")[0]
    kept = attacker.read("SELECT records, parties FROM audit_entry WHERE id = ?", [newest])[0]
    for text in ("", "{", "null", "[[]]", '[ "C-1"]', '["C-1", "C-2"]', "[" * 5000):
        attacker.write("UPDATE audit_entry SET records = ? WHERE id = ?", [text, newest])
        assert f"(entry {newest})" in find_break([]).place
    attacker.write("UPDATE audit_entry SET records = ? WHERE id = ?", [kept[0], newest])
    if small_log.vendor == "sqlite":  # which keeps anything in any column
        for value in ("yesterday", "2026-99-99 00:00:00", b"\xff", 12):
            attacker.write("UPDATE audit_entry SET at = ? WHERE id = ?", [value, newest])
            assert find_break([]).place
        attacker.write("UPDATE audit_leaf SET numbers = ? WHERE entry_id = ?", [b"\xff\xfe", newest])
        assert find_break([]).place
    connections.close_all()
