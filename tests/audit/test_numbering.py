"""Every entry gets its place, every record its numbers without a gap, whoever writes at once and however slowly."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from audit import checkpoint, errors, events, log, models, numbering, publishing, tasks, verifying
from exchange.celery import app
from tests import plugin
from tests.audit.conftest import ADA, Attacker, number_all, read_held
from tests.running.processes import Running

WRITER = """
import django; django.setup()
from django.db import transaction
from audit import events, log
class By: person_id, team_id, agency_id = "{name}", "", ""
for n in range({count}):
    with transaction.atomic():
        log.append(events.RECORD_OPENED, by=By, records=["shared", f"own-{name}-{{n % 3}}"])
"""
NUMBERER = """
import django; django.setup()
import select, sys
from audit import numbering
while not select.select([sys.stdin], [], [], 0.02)[0]:
    numbering.number_entries(limit=7)
"""


def assert_gap_free(record: str) -> int:
    """Assert that a record's numbers go 1, 2, 3 … up the leaves; return the last."""
    rows = list(models.LeafRecord.objects.filter(record=record).order_by("leaf_index"))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    for before, row in pairwise(rows):
        numbers = json.loads(models.Leaf.objects.get(index=row.leaf_index).numbers)
        assert [record, row.number, before.leaf_index] in numbers
    return len(rows)


@pytest.mark.usefixtures("small_log")
def test_numbers_go_up_by_one_and_link_back() -> None:
    for record, count in (("C-1", 11), ("C-2", 4), ("C-3", 3)):
        assert assert_gap_free(record) == count
    assert not models.Waiting.objects.exists()


@pytest.mark.usefixtures("empty_log")
def test_a_list_is_one_entry_with_many_numbers(append: Callable[..., models.Entry]) -> None:
    entry = append(*(f"L-{n}" for n in range(1000)), event=events.LIST_SHOWN)
    number_all()
    numbers = json.loads(models.Leaf.objects.get(entry=entry).numbers)
    assert numbers == [[f"L-{n}", 1, None] for n in range(1000)]
    verifying.verify_log(held=read_held())


@pytest.mark.usefixtures("empty_log")
def test_an_entry_committed_late_under_a_lower_id_is_numbered_all_the_same(append: Callable[..., models.Entry]) -> None:
    # What a slow transaction does on any engine: the row appears after higher ids have long been numbered.
    late = append("C-1")
    fields = {name: getattr(late, name) for name in ("at", "event", "outcome", "records", "parties", "nonce")}
    high = models.Entry.objects.create(id=late.pk + 1000, **fields)
    models.EntryRecord.objects.create(entry=high, record="C-1", at=high.at)
    number_all()
    low = models.Entry.objects.create(id=late.pk + 500, **fields)
    models.EntryRecord.objects.create(entry=low, record="C-1", at=low.at)
    number_all()
    assert models.Leaf.objects.get(entry=low).index == models.Leaf.objects.get(entry=high).index + 1
    assert assert_gap_free("C-1") == 3
    verifying.verify_log(held=read_held())


if plugin.VENDOR == "postgresql":

    @pytest.mark.usefixtures("empty_log")
    def test_a_slow_transaction_that_commits_a_lower_id_later_loses_nothing() -> None:
        written, may_commit = threading.Event(), threading.Event()
        slow: list[int] = []

        def write_slowly() -> None:
            with transaction.atomic():
                slow.append(log.append(events.RECORD_OPENED, by=ADA, records=["shared"]).pk)
                written.set()
                may_commit.wait(20)
            connections.close_all()

        thread = threading.Thread(target=write_slowly)
        thread.start()
        assert written.wait(20)
        quick = 0
        for _ in range(5):
            with transaction.atomic():
                quick = log.append(events.RECORD_OPENED, by=ADA, records=["shared"]).pk
        number_all()
        assert slow[0] < quick
        assert models.Leaf.objects.filter(entry_id=quick).exists()
        assert not models.Leaf.objects.filter(entry_id=slow[0]).exists()
        may_commit.set()
        thread.join()
        number_all()
        assert models.Leaf.objects.get(entry_id=slow[0]).index > models.Leaf.objects.get(entry_id=quick).index
        assert assert_gap_free("shared") == 6
        verifying.verify_log(held=read_held())

    @pytest.mark.usefixtures("empty_log")
    def test_a_second_numberer_steps_aside(append: Callable[..., models.Entry]) -> None:
        append("C-1")
        busy, done = threading.Event(), threading.Event()

        def hold_the_turn() -> None:
            with transaction.atomic():
                assert numbering._take_turn()
                busy.set()
                done.wait(20)
            connections.close_all()

        thread = threading.Thread(target=hold_the_turn)
        thread.start()
        assert busy.wait(20)
        assert numbering.number_entries() == 0
        done.set()
        thread.join()
        assert numbering.number_entries() == 1


@pytest.mark.usefixtures("empty_log")
def test_many_writers_and_numberers_lose_nothing_though_some_are_killed(
    volume: Callable[[int, int], int],
) -> None:
    count = volume(25, 400)
    before = models.Entry.objects.count()
    writers = [_start(WRITER.format(name=name, count=count)) for name in ("ada", "ben", "cat", "dov")]
    numberers = [_start(NUMBERER) for _ in range(2)]
    doomed = [_start(NUMBERER) for _ in range(2)]
    for killed in doomed:
        time.sleep(0.7)
        killed.kill()
        killed.communicate()
    said = [writer.communicate() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, said
    said = [numberer.communicate("stop\n") for numberer in numberers]
    assert [numberer.returncode for numberer in numberers] == [0] * 2, said
    number_all()
    assert models.Entry.objects.count() == before + 4 * count
    assert assert_gap_free("shared") == 4 * count
    found = verifying.verify_log(held=read_held())
    assert (found.size, found.unnumbered) == (before + 4 * count, 0)


def _start(code: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    root = str(Path(__file__).resolve().parents[2])
    environment = os.environ | {"PYTHONPATH": root}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


@pytest.mark.usefixtures("empty_log")
def test_the_cost_is_in_the_entries_and_not_in_the_log(append: Callable[..., models.Entry]) -> None:
    counts = []
    for _ in range(3):
        for _ in range(40):
            append("C-1", "C-2")
        with CaptureQueriesContext(connection) as captured:
            numbering.number_entries()
        counts.append(len(captured))
    assert len(set(counts)) == 1
    assert counts[0] <= 16


@pytest.mark.usefixtures("empty_log")
def test_a_checkpoint_leaves_at_once(append: Callable[..., models.Entry]) -> None:
    append("C-1")
    assert numbering.number_entries() == 1
    last = publishing.read_last_published()
    newest = models.Checkpoint.objects.order_by("-size")[0]
    assert last == checkpoint.parse(newest.note)
    assert numbering.number_entries() == 0


@pytest.mark.usefixtures("small_log")
def test_a_checkpoint_a_crash_kept_back_leaves_with_the_next_task() -> None:
    outbox = Path(settings.CONFER_CHECKPOINT_OUTBOX) / publishing.FILE_NAME
    notes = read_held()
    outbox.write_text("\n".join(notes[:-1]) + "\n" + notes[-1][:20])  # the last one torn
    tasks.number()
    last = publishing.read_last_published()
    assert last is not None
    assert last.size == models.Checkpoint.objects.order_by("-size")[0].size


@pytest.mark.usefixtures("small_log")
def test_a_quiet_log_shows_that_it_stands_once_an_hour() -> None:
    outbox = Path(settings.CONFER_CHECKPOINT_OUTBOX) / publishing.FILE_NAME
    before = len(read_held())
    assert not publishing.publish_if_due()
    os.utime(outbox, (0, 0))
    assert publishing.publish_if_due()
    assert len(read_held()) == before + 1


@pytest.mark.usefixtures("empty_log")
def test_a_worker_numbers_what_waits(worker: Running, append: Callable[..., models.Entry]) -> None:
    assert worker.pid
    entry = append("C-1")
    app.send_task("audit.number")
    patience = time.monotonic() + 20
    while not models.Leaf.objects.filter(entry=entry).exists():
        assert time.monotonic() < patience, "the worker did not number the entry"
        time.sleep(0.05)
    while publishing.read_last_published() is None:
        assert time.monotonic() < patience, "the checkpoint did not leave"
        time.sleep(0.05)


@pytest.mark.usefixtures("small_log")
def test_a_second_history_is_never_signed(attacker: Attacker) -> None:
    (newest,) = attacker.read("SELECT max(size) FROM audit_checkpoint")[0]
    attacker.write("DELETE FROM audit_checkpoint WHERE size = ?", [newest])  # as a restored backup would lack it
    with transaction.atomic():
        log.append(events.RECORD_OPENED, by=ADA, records=["C-1"])
    attacker.write("INSERT INTO audit_waiting (entry_id) SELECT max(id) FROM audit_entry")
    with pytest.raises(errors.LogBroken, match="left this machine") as broken:
        numbering.number_entries()
    assert broken.value.place == f"checkpoint of {newest} leaves"


@pytest.mark.usefixtures("small_log")
def test_a_tree_that_was_not_signed_is_never_grown(attacker: Attacker) -> None:
    attacker.write(
        "UPDATE audit_checkpoint SET root = ? WHERE size = (SELECT max(size) FROM audit_checkpoint)", [b"0" * 32]
    )
    with transaction.atomic():
        log.append(events.RECORD_OPENED, by=ADA, records=["C-1"])
    attacker.write("INSERT INTO audit_waiting (entry_id) SELECT max(id) FROM audit_entry")
    with pytest.raises(errors.LogBroken, match="not what was signed"):
        numbering.number_entries()


@pytest.mark.usefixtures("empty_log")
def test_nothing_is_numbered_inside_a_transaction() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        numbering.number_entries()


@pytest.mark.parametrize("fault", ["missing", "open", "malformed"])
@pytest.mark.usefixtures("empty_log")
def test_an_unusable_key_numbers_nothing(append: Callable[..., models.Entry], fault: str) -> None:
    path = Path(settings.CONFER_LOG_KEY_FILE)
    entry = append("C-1")
    match fault:
        case "missing":
            path.unlink()
        case "open":
            path.chmod(0o640)
        case "malformed":
            path.write_text(path.read_text().replace("+A", "+B"))
    with pytest.raises(errors.KeyFileUnusable):
        numbering.number_entries()
    assert models.Waiting.objects.filter(entry=entry).exists()
