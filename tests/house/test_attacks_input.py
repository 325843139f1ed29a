"""What a request may say to break a door: each is refused with a reason, and none is a fault of ours."""

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction

from accounts.models import Team
from exchange import notices, tasks
from exchange.models import Notice
from tests import cast
from tests.house.doors import Inside, OverHttp
from tests.journeys import telling
from tests.running.databases import Database
from tests.running.mail import Mail
from tests.running.processes import Running


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"email":' + b"[" * 50_000])
def test_a_stranger_s_deeply_nested_json_is_malformed_and_no_fault(database: Database, body: bytes) -> None:
    assert Inside().ask("", "POST", "session", body).status == 400


@pytest.mark.parametrize("field", ["since", "until"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00"])
def test_an_auditor_may_name_any_moment(database: Database, field: str, moment: str) -> None:
    assert Inside().ask("audrey", "GET", f"log/entries?{field}={moment.replace('+', '%2B')}").status in {200, 400, 422}


@pytest.mark.parametrize("path", ["log/entries/99999999999999999999999999/why", "log/entries?cursor=1-" + "9" * 30])
def test_a_number_no_database_holds_is_refused(database: Database, path: str) -> None:
    assert Inside().ask("audrey", "GET", path).status in {200, 404, 400, 422}


def test_what_an_auditor_types_is_not_kept_in_the_log_unless_it_is_a_reference(database: Database) -> None:
    assert Inside().ask("audrey", "GET", "log/entries?record=Zebedee-Quill").status == 422
    lines = cast.person("audrey").see("log/entries")["lines"]
    assert "Zebedee" not in str(lines)


@pytest.mark.parametrize("length", ["0000000000004000000", "4000000"])
def test_a_length_written_with_noughts_is_still_a_length(server: Running, database: Database, length: str) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=10) as line:
        head = f"POST /api/v1/session HTTP/1.1\r\nHost: {address.hostname}\r\nContent-Type: application/json\r\n"
        line.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
        line.settimeout(5)
        assert b" 413 " in line.recv(200).split(b"\r\n")[0]


def test_an_upload_that_was_cut_short_is_not_taken_for_whole(server: Running, database: Database) -> None:
    door, ref = OverHttp(server.url), ""
    raised = door.ask("amina", "POST", "concerns", {"urgency": "RED", "concern": telling.write_concern()})
    ref = raised.json()["ref"]
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=10) as line:
        head = (
            f"POST /api/v1/concerns/{ref}/documents HTTP/1.1\r\nHost: {address.hostname}\r\n"
            f"Authorization: Bearer {door.bearer('amina')}\r\nX-Confer-File-Name: a.txt\r\n"
            "X-Confer-File-Type: text/plain\r\nContent-Length: 200000\r\n\r\n"
        )
        line.sendall(head.encode() + b"half of it " * 100)
        line.shutdown(socket.SHUT_WR)
        line.settimeout(10)
        status = line.recv(200).split(b"\r\n")[0]
    assert b" 400 " in status
    assert door.ask("amina", "GET", f"concerns/{ref}").json()["documents"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("invitations", {"valid_from": "2030-01-02", "valid_until": "2030-01-01"}),
        ("invitations", {"valid_until": "2001-01-01"}),
        ("tokens", {"expires_on": "2001-01-01"}),
    ],
)
def test_days_that_cannot_be_are_named(database: Database, path: str, body: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"name": "Noor", "email": "noor@example.org", "team": cast.team("hillside"), **body}
    if path == "invitations":
        asked |= {"engagement": "EMPLOYEE", "role": "practitioner"}
    answer = Inside().ask("grace", "POST", path, asked)
    assert answer.status == 422, answer.content
    assert answer.json()["errors"][0]["field"] in body


@pytest.mark.parametrize("email", ["noor@" + "ü" * 63 + ".example.org", "a<b>,@example.org", '"@example.org'])
def test_an_address_no_mail_can_be_written_to_holds_up_no_other(database: Database, mail: Mail, email: str) -> None:
    Team.objects.filter(pk=cast.team("mash")).update(email=email)
    with transaction.atomic():
        for name, urgent in (("mash", True), ("caiu", False)):
            notices.owe(notices.WAITING, to=Team.objects.get(pk=cast.team(name)), person=None, urgent=urgent)
    tasks.deliver_notices()
    assert Notice.objects.get(team_id=cast.team("caiu")).sent_at
    assert Notice.objects.get(team_id=cast.team("mash")).claimed_until is None
