"""What every other test stands on is what it says it is."""

import os
import re
import smtplib
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.mail import send_mail
from django.db import OperationalError, connection

from tests.running.databases import Database
from tests.running.mail import Mail
from tests.running.processes import Running


def test_the_run_is_on_the_vendor_it_says(database: Database) -> None:
    assert connection.vendor == os.environ["CONFER_TEST_VENDOR"] == database.vendor


def test_a_test_that_asks_for_no_database_gets_none() -> None:
    with pytest.raises(OperationalError), connection.cursor():
        pass


@pytest.mark.parametrize("attempt", [1, 2])
def test_each_test_has_a_database_of_its_own(database: Database, attempt: int) -> None:
    attacker = database.connect_as_attacker()
    with attacker:
        attacker.execute("CREATE TABLE left_behind (id integer)")  # the second attempt would find the first's
    attacker.close()
    assert attempt


def test_mail_goes_through_a_real_server(mail: Mail) -> None:
    send_mail("Something waits", "Sign in to see it.", None, ["ada@example.org"])
    (message,) = mail.to("ada@example.org")
    assert message["Subject"] == "Something waits"


def test_the_next_test_finds_no_mail_and_no_task(mail: Mail, broker: redis.Redis) -> None:
    assert mail.messages() == []
    assert broker.keys() == []


def test_the_broker_has_no_door_to_the_network(broker: redis.Redis) -> None:
    assert broker.config_get("port")["port"] == "0"
    assert broker.config_get("appendfsync")["appendfsync"] == "always"
    assert settings.CONFER_BROKER.startswith("redis+socket://")


def test_a_server_answers_and_its_memory_is_hidden(server: Running) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}/nowhere-at-all", timeout=10)  # noqa: S310 - our own
    assert refused.value.code in {401, 403, 404}
    refused.value.close()
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    assert children
    for child in children:
        limits = Path(f"/proc/{child}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
        # What may not be dumped belongs to root in /proc, so nobody of the same user reads its memory. A worker hides
        # it before its first request; one of the two may still be starting.
        deadline = time.monotonic() + 10
        while Path(f"/proc/{child}/mem").stat().st_uid != 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_server_that_was_stopped_refuses(server: Running) -> None:
    assert server.stop() == 0
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_worker_can_be_killed_and_started_again(worker: Running) -> None:
    first = worker.pid
    worker.kill()
    assert not Path(f"/proc/{first}").exists()
    assert worker.start().pid != first
    assert worker.stop() == 0


def test_mail_without_the_catcher_is_refused_at_once() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            smtplib.SMTP("127.0.0.1", holder.getsockname()[1], timeout=5)
