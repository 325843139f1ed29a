"""People at work over HTTP, each in a thread, while the processes they talk to are being killed.

Everyone repeats a request under its Idempotency-Key until it is answered, and writes down what they were answered.
"""

import http.client
import random
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import cast
from tests.house.doors import Answer, OverHttp
from tests.journeys import telling

FRESH = 240  # seconds: a session signs for five minutes, and nobody is to be asked in the middle of a turn
BROKEN = (http.client.HTTPException, OSError)


@dataclass
class Ledger:
    """What people were told, by whom they are; nobody holds a lock on it: lists only grow."""

    raised: list[tuple[str, str]] = field(default_factory=list)
    shared: list[tuple[str, str, str, tuple[str, ...]]] = field(default_factory=list)
    opened: list[tuple[str, str]] = field(default_factory=list)
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    uploaded: list[tuple[str, str]] = field(default_factory=list)
    refused_connections: int = 0
    broken_off: int = 0
    surprises: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How much was done."""
        return len(self.raised) + len(self.shared) + len(self.opened) + len(self.acknowledged) + len(self.uploaded)


class Worker(threading.Thread):
    """One person, working until told to stop; what they began they finish."""

    def __init__(self, name: str, url: str, ledger: Ledger, done: threading.Event) -> None:
        """Sign in at once, while everything still stands."""
        super().__init__(name=name, daemon=True)
        self.stale_at = 0.0
        self.who, self.ledger, self.done = name, ledger, done
        self.door = OverHttp(url)
        self.person = cast.person(name).person_id
        self.codes = list(cast.person(name).secrets.spare_codes)
        self.sign_in()

    def run(self) -> None:
        """Work in turns."""
        try:
            while not self.done.is_set():
                if time.monotonic() > self.stale_at:
                    self.sign_in()
                self.turn()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the test must hear of it
            self.ledger.surprises.append(f"{self.who}: {fault!r}")

    def turn(self) -> None:
        """One round of somebody's work."""
        raise NotImplementedError

    def sign_in(self) -> None:
        """Open a session. Each try takes a code of its own: one that broke off may have been used up."""
        kept = cast.person(self.who)
        while self.codes:
            typed = {"email": kept.email, "passphrase": kept.passphrase, "code": self.codes.pop()}
            try:
                answer = self.door.ask("", "POST", "session", typed)
            except BROKEN:
                time.sleep(1)
                continue
            assert answer.status == 201, answer.content
            self.door.bearers[self.who], self.stale_at = answer.json()["bearer"], time.monotonic() + FRESH
            return
        pytest.fail(f"{self.who} has no code left to sign in with")

    def insist(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask until there is an answer, half a minute at most."""
        until = time.monotonic() + 30
        while True:
            try:
                return self.door.ask(self.who, method, path, body, **headers)
            except ConnectionRefusedError:
                self.ledger.refused_connections += 1
            except http.client.IncompleteRead as fault:
                self.ledger.broken_off += 1
                if path.startswith("disclosures/") and method == "GET" and fault.partial:
                    self.ledger.opened.append((self.person, path.rpartition("/")[2]))  # some of it was seen
            except BROKEN:
                self.ledger.broken_off += 1
            assert time.monotonic() < until, f"no answer to {method} {path}"
            time.sleep(0.05)

    def expect(self, status: int, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Insist on this status; the JSON of the answer."""
        answer = self.insist(method, path, body, **headers)
        assert answer.status == status, (method, path, answer.status, answer.content[:300])
        return answer.json()


class Sender(Worker):
    """Raises concerns, sometimes with a document, and shares them."""

    def turn(self) -> None:
        """Raise, add, share; then look at what was made."""
        asked = {"urgency": "AMBER", "concern": telling.write_concern()}
        concern = self.expect(201, "POST", "concerns", asked, Idempotency_Key=secrets.token_hex(16))["ref"]
        self.ledger.raised.append((self.person, concern))
        version = 1 + self.add_document(concern)
        plans = [telling.plan("mash"), telling.plan("caiu")][: random.randint(1, 2)]  # noqa: S311 - no secret
        body = telling.decide_to_share(concern, *plans, concern_version=version)
        made = self.expect(201, "POST", "decisions", body, Idempotency_Key=secrets.token_hex(16))
        self.ledger.shared.append((self.person, concern, made["ref"], tuple(made["disclosures"])))

    def add_document(self, concern: str) -> int:
        """An upload has no key to repeat it under: when it breaks off, the concern tells what became of it."""
        headers = {"X_Confer_File_Name": "note.txt", "X_Confer_File_Type": "text/plain"}
        try:
            answer = self.door.ask(
                self.who, "POST", f"concerns/{concern}/documents", telling.NOTE.encode(), **headers,
                Content_Type="application/octet-stream",
            )  # fmt: skip
        except BROKEN:
            return int(self.expect(200, "GET", f"concerns/{concern}")["version"]) - 1
        assert answer.status == 201, answer.content[:300]
        self.ledger.uploaded.append((self.person, concern))
        return 1


class Reader(Worker):
    """Opens whatever is in the inbox, and acknowledges it."""

    def turn(self) -> None:
        """Look, open the newest few, acknowledge those nobody has."""
        lines = self.expect(200, "GET", "inbox")["results"]
        for line in lines[:4]:
            opened = self.expect(200, "GET", f"disclosures/{line['ref']}")
            assert opened["body"]["people"][0]["name"] == telling.CHILD
            self.ledger.opened.append((self.person, line["ref"]))
        for line in [line for line in lines if line["acknowledged_at"] is None][:2]:
            # Somebody else may be first; the same one who asks again after a broken answer, too.
            answer = self.insist("POST", f"disclosures/{line['ref']}/acknowledgement")
            assert answer.status in {200, 409}, answer.content[:300]
            if answer.status == 200:
                self.ledger.acknowledged.append((self.person, line["ref"]))
        if not lines:
            time.sleep(0.1)
