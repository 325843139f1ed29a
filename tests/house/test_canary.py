"""Words that were put into every field, file, file name, reason, message and search box are found nowhere at rest.

A real server, worker, clock, queue and mail catcher; the scan first finds a control in every store, in every encoding.
"""

import base64
import json
import os
import secrets
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import redis
from django.conf import settings

from exchange.models import Document, Notice
from tests import cast, plugin
from tests.house import scanning
from tests.house.doors import OverHttp
from tests.house.scanning import Needles
from tests.house.stores import Stores, Watch, list_children, spool, wait_until
from tests.house.story import Teller
from tests.house.words import Words
from tests.running.databases import Database
from tests.running.mail import Mail
from tests.running.processes import Running

FORM = "application/x-www-form-urlencoded"
UPLOAD = 900_000  # bytes; sent slowly, so that anything that spools it is seen to


@pytest.fixture
def temporary(run: plugin.Run) -> Iterator[Path]:
    """A folder in which every process of this test makes its temporary files. Ask for it before the processes."""
    folder = run.folder / f"temporary-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    run.house.environment["TMPDIR"] = str(folder)
    yield folder
    run.house.environment.pop("TMPDIR")


@pytest.fixture
def stores(run: plugin.Run, database: Database, broker: redis.Redis, mail: Mail, temporary: Path) -> Iterator[Stores]:
    """Everything in which something rests."""
    lent = Stores(run, database, broker, mail, temporary)
    yield lent
    lent.close()


class Search:
    """Scans every store for the canaries and, in the same pass, for the control that must be there."""

    def __init__(self, stores: Stores, words: Words) -> None:
        """Plant the control: a word of its own for each encoding."""
        self.stores, self.words, self.control = stores, words, Words()
        secret = settings.SECRET_KEY.encode()
        hows = list(scanning.hide("x", secret))
        self.planted = {how: self.control.new() for how in hows}
        self.hidden = {how: scanning.hide(word, secret)[how] for how, word in self.planted.items()}
        self.names = stores.plant(self.hidden)

    def make_needles(self) -> Needles:
        """What is looked for at this moment: the words grow while the case is told."""
        issued = [*self.words.issued, *self.control.issued]
        return Needles([self.words.stem, self.control.stem], issued, settings.SECRET_KEY.encode())

    def expect_nothing_but_the_control(self) -> None:
        """Fail naming every store, word and encoding in which something was found, and every control that was not."""
        needles, found = self.make_needles(), defaultdict[str, dict[str, str]](dict)
        for name, content in self.stores.read():
            found[name].update(scanning.scan(content, needles))
        control = {word.lower(): how for how, word in self.planted.items()}
        leaks = {
            (name, word): how
            for name, words in found.items()
            for word, how in words.items()
            if word.startswith(self.words.stem.lower())
        }
        assert not leaks, leaks
        for name in self.names:
            missed = [how for word, how in control.items() if word not in found[name]]
            assert not missed, f"in {name} the scan does not find its control as {missed}"


def test_words_put_into_everything_are_found_nowhere_at_rest(
    temporary: Path, stores: Stores, server: Running, worker: Running, beat: Running
) -> None:
    words, door = Words(), OverHttp(server.url)
    teller, search = Teller(door, words), Search(stores, words)

    def pids() -> list[int]:
        known = [each for each in (server, worker) if each.name in each.house.running]
        return [pid for each in known for pid in list_children(each.pid)]

    with Watch(temporary, pids, Needles([words.stem], [])) as watch:
        teller.tell()
        search_for(door, words)
        fail_in_every_way(door, words, teller)
        with an_upload_under_way(door, server, teller) as half_sent, requests_in_flight(door, words):
            assert half_sent > UPLOAD // 3
            search.expect_nothing_but_the_control()
        wait_until(lambda: all_is_sent() and not left_behind(stores))
        with a_broken_table(stores):
            broken = door.ask("amina", "POST", "concerns", {"urgency": "RED", "concern": teller.write_concern()})
        assert (broken.status >= 500, words.are_in(broken.content)) == (True, False)
        for process in (beat, worker, server):
            process.stop()
        search.expect_nothing_but_the_control()
    assert watch.looks > 50
    assert watch.found == {}
    expect_no_secret_at_rest(stores, door)


def test_the_watch_on_temporary_files_sees_what_a_framework_spools(temporary: Path) -> None:
    words = Words()
    hidden = scanning.hide(words.new(), b"")["zlib"], words.new().encode()
    needles = Needles([words.stem], [])

    def own_children() -> list[int]:
        return list_children(os.getpid())

    with Watch(temporary, own_children, needles) as watch:
        spool(temporary, hidden[0].ljust(4096, b"\0") + hidden[1].rjust(4096, b"\0"))
    assert set(watch.found) == {word.lower() for word in words.issued}


def search_for(door: OverHttp, words: Words) -> None:
    """Type words into everything that searches, filters or pages, and into every header."""
    for who in ("amina", "lena", "stan", ""):
        door.ask(who, "GET", f"teams?words={words.new()}%20{words.new()}")
        door.ask(who, "GET", f"inbox?cursor={words.new()}", User_Agent=words.new(), Referer=f"http://x/{words.new()}")
        door.ask(who, "GET", f"decisions?{words.new()}=1", X_Forwarded_For=words.new(), Cookie=f"a={words.new()}")
        door.ask(who, "GET", f"concerns/{words.new()}")
        door.ask(who, "GET", f"/{words.new()}?q={words.new()}", Accept="text/html")
    for name in ("person", "record", "agency", "party", "event", "outcome", "cursor", "since"):
        door.ask("audrey", "GET", f"log/entries?{name}={words.new()}")


def fail_in_every_way(door: OverHttp, words: Words, teller: Teller) -> None:
    """Send words in requests that are refused, each for another reason, and take no 500."""
    new, concern = words.new, teller.write_concern
    asked: list[tuple[str, str, str, object, dict[str, str]]] = [
        ("amina", "POST", "concerns", f'{{"concern": "{new()}'.encode(), {}),
        ("amina", "POST", "concerns", {"concern": new(), "urgency": new()}, {}),
        ("amina", "POST", "concerns", {"urgency": new(), "concern": concern()}, {}),
        ("amina", "POST", "concerns", {new(): new()}, {}),
        ("amina", "POST", "concerns", {"urgency": "RED", "concern": {**concern(), "title": f"\0{new()}"}}, {}),
        ("amina", "POST", "concerns", {"urgency": "RED", "concern": {**concern(), "title": new() * 20}}, {}),
        ("amina", "POST", "concerns", b'{"urgency":"RED","concern":{"title":"\xff' + new().encode() + b'"}}', {}),
        ("amina", "POST", "concerns", b'{"urgency":"\\ud800' + new().encode() + b'"}', {}),
        ("amina", "POST", "concerns", f"<a>{new()}</a>".encode(), {"Content_Type": "application/xml"}),
        ("amina", "POST", "concerns", {"urgency": "RED", "team": new(), "concern": concern()}, {}),
        ("amina", "POST", "decisions", {**teller.decide("share"), "concern": new()}, {}),
        ("amina", "POST", "decisions", {**teller.decide("share"), "shares": [teller.plan(team=new())]}, {}),
        ("amina", "POST", "decisions", {**teller.decide("share"), "purpose": new().upper()}, {}),
        ("stan", "POST", "decisions", teller.decide("share"), {}),
        ("stan", "PUT", f"concerns/{teller.told.concern}", {"expected_version": 3, "concern": concern()}, {}),
        ("amina", "PUT", f"concerns/{teller.told.concern}", {"expected_version": 1, "concern": concern()}, {}),
        ("lena", "POST", f"disclosures/{teller.told.to_mash}/answers", {"text": new() * 2000}, {}),
        ("stan", "POST", f"disclosures/{teller.told.to_mash}/answers", {"text": new()}, {}),
        ("amina", "POST", "emergencies", {"child": new(), "what": new(), "teams": [new()]}, {}),
        ("amina", "POST", "emergencies", {"child": new(), "what": new(), "teams": [], "passphrase": new()}, {}),
        ("audrey", "POST", "log/verification", {"held": [new()]}, {}),
        ("", "POST", "session", {"email": new(), "passphrase": new(), "code": new()}, {}),
        ("", "POST", "session", {"email": cast.person("vera").email, "passphrase": new(), "code": new()}, {}),
        ("amina", "POST", "session/step-up", {"passphrase": new()}, {}),
        ("", "POST", "invitations/take", {"secret": new(), "passphrase": new()}, {}),
        ("", "POST", "invitations/confirm", dict.fromkeys(("secret", "passphrase", "recovery_code"), new()), {}),
        ("", "POST", "/sign-in", f"email={new()}&passphrase={new()}".encode(), {"Content_Type": FORM}),
        ("", "POST", f"/{new()}", {"x": new()}, {}),
        ("amina", new().upper(), "inbox", None, {}),
        ("amina", "POST", "concerns", {"urgency": "RED", "concern": concern()}, {"Idempotency_Key": "one"}),
        ("amina", "POST", "concerns", {"urgency": "RED", "concern": concern()}, {"Idempotency_Key": "one"}),
    ]  # fmt: skip
    for who, method, path, body, headers in asked:
        answer = door.ask(who, method, path, body, **headers)
        assert answer.status < 500, (method, path, answer.status, answer.content)
    for line in (f"GET /{new()} HTTP/9.{new()}", f"GET / HTTP/1.1\r\n{new()} : {new()}", f"{new()}", f"GET {new()} x"):
        send_raw(door, line)
    for content, headers in (
        (b"MZ" + new().encode(), {"X_Confer_File_Type": "application/pdf"}),
        (b"", {}),
        (new().encode() + b"\xff\xfe", {}),
        (new().encode(), {"X_Confer_File_Type": new()}),
        (new().encode(), {"X_Confer_File_Name": quote(f"../{new()}")}),
        (new().encode(), {"X_Confer_File_Name": "%00" + new()}),
    ):
        refused = teller.upload(content, **headers)
        assert 400 <= refused.status < 500, (refused.status, refused.content)


def send_raw(door: OverHttp, head: str) -> None:
    """Send what is no HTTP, and take whatever comes."""
    host, _, port = door.host.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}\r\nHost: {door.host}\r\n\r\n".encode())
        connection.recv(4096)


@contextmanager
def an_upload_under_way(door: OverHttp, server: Running, teller: Teller) -> Iterator[int]:
    """Send half of a document slowly, hold the connection while the block runs, then drop it."""
    content = (teller.words.sentence() + "\n").encode() * (UPLOAD // 80)
    head = (
        f"POST /api/v1/concerns/{teller.told.concern}/documents HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\n"
        f"Authorization: Bearer {door.bearer('amina')}\r\nX-Confer-File-Name: {teller.words.new()}.txt\r\n"
        f"X-Confer-File-Type: text/plain\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode())
        sent = 0
        for start in range(0, len(content) // 2, 65536):
            connection.sendall(content[start : start + 65536])
            sent = start + 65536
            threading.Event().wait(0.02)
        yield sent


@contextmanager
def requests_in_flight(door: OverHttp, words: Words) -> Iterator[None]:
    """Keep telling a case of its own while the block runs."""
    stopped, told = threading.Event(), []

    def keep_telling() -> None:
        teller = Teller(door, words)
        while not stopped.wait(0.1):
            teller.raise_concern()
            told.append(teller.told.concern)

    thread = threading.Thread(target=keep_telling)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(30)
    assert told


@contextmanager
def a_broken_table(stores: Stores) -> Iterator[None]:
    """Take away the table that a concern's body is kept in, so that the act fails where nobody foresaw it."""
    stores.attacker.execute("ALTER TABLE exchange_recordversion RENAME TO aside")
    try:
        yield
    finally:
        stores.attacker.execute("ALTER TABLE aside RENAME TO exchange_recordversion")


def all_is_sent() -> bool:
    """Whether every notice that is owed has become mail: so the worker has held all that it ever holds."""
    return Notice.objects.exists() and not Notice.objects.filter(sent_at=None).exists()


def left_behind(stores: Stores) -> list[str]:
    """Sealed files in the store that no record holds."""
    known = set(map(str, Document.objects.values_list("pk", flat=True)))
    return [
        file.name for file in (stores.database.data / "media").rglob("*-*") if file.is_file() and file.name not in known
    ]


def expect_no_secret_at_rest(stores: Stores, door: OverHttp) -> None:
    """No passphrase, code, seed, token or bearer of anybody's, nor the half of a bearer that unlocks, is kept."""
    kept: dict[str, bytes] = {}
    people = json.loads((stores.database.data / "cast.json").read_text())["people"]
    for name, secret in people.items():
        kept |= {f"{name}'s {what}": str(secret[what]).encode() for what in ("passphrase", "recovery_code", "bearer")}
        kept |= {f"{name}'s spare code": secret["spare_codes"][0].encode() if secret["spare_codes"] else b""}
        kept |= {f"{name}'s seed": bytes.fromhex(secret["seed"]), f"{name}'s seed in hex": secret["seed"].encode()}
    for name, bearer in door.bearers.items():
        raw = base64.urlsafe_b64decode(bearer.partition("_")[2] + "=")
        kept |= {f"{name}'s session": bearer.encode(), f"{name}'s unlock half": raw[48:], f"{name}'s proof": raw[16:48]}
    for name, content in stores.read():
        for what, secret in kept.items():
            assert not secret or secret not in content, f"{what} is in {name}"
