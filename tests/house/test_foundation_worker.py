"""A real worker does what the clock puts on a real queue, and a killed one loses nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from django.conf import settings

from exchange.celery import app
from tests import plugin
from tests.running.databases import Database, connect_as_owner
from tests.running.processes import Running


def wait_until(what: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def waiting(broker: redis.Redis) -> int:
    return int(broker.llen("celery"))


def in_hand(broker: redis.Redis) -> int:
    return int(broker.hlen("unacked"))


@contextmanager
def nobody_else_writes(database: Database) -> Iterator[None]:
    """Hold what every writer of the log needs, so that a task stops in the middle."""
    connection = connect_as_owner(database)
    connection.execute("BEGIN IMMEDIATE" if database.vendor == "sqlite" else "BEGIN")
    if database.vendor == "postgresql":
        connection.execute("LOCK TABLE audit_entry, audit_refusalcount IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand a task out again soon after its worker was killed."""
    monkeypatch.setenv("CONFER_LONGEST_TASK", "4")


def test_a_task_on_the_queue_is_done(worker: Running, broker: redis.Redis) -> None:
    assert worker.pid
    app.send_task("audit.close_minutes")
    wait_until(lambda: waiting(broker) == in_hand(broker) == 0)


def test_the_clock_fills_the_queue_with_the_tasks_of_the_house(database: Database, broker: redis.Redis) -> None:
    assert database.data.exists()
    assert broker.ping()
    app.loader.import_default_modules()
    for line in app.conf.beat_schedule.values():
        assert line["task"] in app.tasks, f"nobody wrote {line['task']}"


def test_a_task_whose_worker_was_killed_is_done_by_the_next(
    database: Database, impatient: None, broker: redis.Redis, request: pytest.FixtureRequest
) -> None:
    with nobody_else_writes(database):
        worker: Running = request.getfixturevalue("worker")
        worker.environment = {**worker.environment, "CONFER_LONGEST_TASK": "4"}
        app.send_task("audit.close_minutes")
        wait_until(lambda: in_hand(broker) == 1)
        time.sleep(0.3)
        worker.kill()
        assert in_hand(broker) == 1, "it was acknowledged before it was done"
    worker.start()
    wait_until(lambda: waiting(broker) == in_hand(broker) == 0)
    assert settings.CONFER_BROKER.startswith("redis+socket")


def test_the_queue_outlives_a_killed_broker(broker: redis.Redis, request: pytest.FixtureRequest) -> None:

    run: plugin.Run = request.getfixturevalue("run")
    app.send_task("audit.close_minutes")
    assert waiting(broker) == 1
    service, _ = run.house.running["broker"]
    run.house.kill("broker")
    run.house.start(service)
    assert waiting(broker) == 1
