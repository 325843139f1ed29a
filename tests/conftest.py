"""What a test may ask for. Everything is real, is this test's own or empty when it starts, and is gone afterwards."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import override_settings

from exchange.management import embedded, supervisor
from tests import plugin
from tests.running.databases import Database
from tests.running.mail import Mail
from tests.running.processes import Running


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> plugin.Run:
    """What this run has brought up."""
    return pytestconfig.stash[plugin.RUN]


@pytest.fixture
def database(run: plugin.Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Give this test its own database, migrated and with the cast in it, and its own data folder."""
    default = settings.DATABASES["default"]
    with run.copies.copy() as database:
        connections.close_all()
        for name, value in database.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setitem(default, "NAME", database.name)
        with override_settings(**_places(database.data)):
            yield database
        connections.close_all()


def _places(data: Path) -> dict[str, Path]:
    """Give the settings that hang on the data folder."""
    return {
        "CONFER_DATA": data,
        "CONFER_LOG_KEY_FILE": data / settings.CONFER_LOG_KEY_FILE.name,
        "CONFER_CHECKPOINT_OUTBOX": data / settings.CONFER_CHECKPOINT_OUTBOX.name,
        "MEDIA_ROOT": data / "media",
    }


@pytest.fixture(scope="session")
def started_broker(run: plugin.Run) -> redis.Redis:
    """Start Valkey once a run."""
    run.house.start(embedded.broker(run.folder, run.folder / "queue", run.folder / "broker.log"))
    return redis.Redis(unix_socket_path=str(run.folder / "valkey"))


@pytest.fixture
def broker(started_broker: redis.Redis) -> redis.Redis:
    """Give a client of a real broker with nothing on its queue; its address is ``settings.CONFER_BROKER``."""
    started_broker.flushall()
    return started_broker


@pytest.fixture(scope="session")
def started_mail(run: plugin.Run) -> Mail:
    """Start the mail catcher once a run."""
    with embedded.listen_on_loopback(run.mail_port) as listener:
        ready = run.folder / "mail.ready"
        run.house.start(embedded.mail_catcher(listener, run.mail_folder, ready, run.folder / "mail.log"))
    return Mail(run.mail_folder)


@pytest.fixture
def mail(started_mail: Mail) -> Mail:
    """Give a real mail server's folder, empty. ``mail.messages()`` is what has arrived."""
    started_mail.clear()
    return started_mail


@pytest.fixture
def worker(run: plugin.Run, database: Database, broker: redis.Redis, mail: Mail) -> Iterator[Running]:
    """Give a real worker in its own process on this test's database. Only ``beat`` gives it periodic tasks."""
    del broker, mail  # they must be up before it, and go after it
    log = database.data / "worker.log"
    running = Running(
        run.house, lambda _: embedded.worker(run.folder / "worker.ready", log=log), database.environment
    ).start()
    yield running
    running.end()


@pytest.fixture
def beat(run: plugin.Run, database: Database, worker: Running) -> Iterator[Running]:
    """Give the clock in its own process, and with it the worker."""
    del worker
    log = database.data / "beat.log"
    running = Running(run.house, lambda _: embedded.beat(run.folder / "beat.ready", log), database.environment).start()
    yield running
    running.end()


@pytest.fixture
def server(run: plugin.Run, database: Database) -> Iterator[Running]:
    """Give a real web server on this test's database; ``server.url`` is its address."""
    log = database.data / "web.log"

    def make(listener: socket.socket) -> supervisor.Service:
        return embedded.web(listener, run.folder / "web.ready", log=log)

    running = Running(run.house, make, database.environment, run.web_port).start()
    yield running
    running.end()


@pytest.fixture
def volume() -> Callable[[int, int], int]:
    """Give a function of (few, many) that says how much to do: many in the long tests, few elsewhere."""
    return lambda few, many: many if plugin.IS_LONG else few
