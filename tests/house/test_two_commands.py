"""`demo` from nothing to Ctrl-C, and `begin` to the first people at work: as somebody at a terminal meets them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from exchange.management import embedded, supervisor
from tests.house.doors import Answer, OverHttp
from tests.house.walks import name_empty_database
from tests.journeys import telling
from tests.plugin import Run
from tests.running.processes import Running

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 150  # seconds until the demo serves: the stretching is at full cost
BEGIN = (
    "begin", "--agency", "Northshire Council", "--kind", "CHILDRENS_SOCIAL_CARE", "--team", "MASH",
    "--lead", "Lena Hart", "lena@example.org", "--administrator", "Adam Osei", "adam@example.org",
    "--auditor", "Audrey Finch", "audrey@example.org",
)  # fmt: skip
PASSPHRASE = "lantern gravel ferret opal mitten quarry"


@pytest.mark.vendor("sqlite")
def test_the_demo_serves_lets_its_cast_in_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with demonstrating(folder) as (demo, url, said):
        signed_in = sign_in(url, folder, "hugo@example.org")
        assert signed_in.status == 201, signed_in.content
        door = OverHttp(url)
        door.bearers["hugo"] = signed_in.json()["bearer"]
        assert door.ask("hugo", "GET", "inbox").status == 200
        assert door.ask("", "GET", "inbox").status == 401
        family = descendants(demo.pid)
        assert len(family) >= 5, "web, its workers, worker, beat, broker and mail catcher"
        began = time.monotonic()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=30) == 0
        assert time.monotonic() - began < 20
    assert said[-1].strip() == "Stopped."
    assert [pid for pid in family if is_alive(pid)] == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=2).close()
    assert_told_who_is_who("".join(said))


def test_a_demo_refuses_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("not ours")
    refused = manage(["demo", "--folder", str(tmp_path)], plain_environment())
    assert refused.returncode != 0
    assert "holds something else" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "thesis.txt").read_text() == "not ours"


def test_codes_before_there_is_a_demo_says_what_to_do(tmp_path: Path) -> None:
    refused = manage(["demo", "--codes", "--folder", str(tmp_path / "none")], plain_environment())
    assert refused.returncode != 0
    assert refused.stderr.strip() == "CommandError: No demo has been made yet. Run: python3 manage.py demo"


def test_begin_makes_three_invitations_and_those_three_can_work(run: Run, broker: redis.Redis, tmp_path: Path) -> None:
    environment = prepare_database(run, tmp_path / "data")
    begun = manage(BEGIN, environment)
    assert begun.returncode == 0, begun.stderr
    secrets = dict(re.findall(r"(\w+@example\.org)\n\s+invitation secret: (\S+)", begun.stdout))
    assert sorted(secrets) == ["adam@example.org", "audrey@example.org", "lena@example.org"]
    assert "The log's public key" in begun.stdout

    again = manage(BEGIN, environment)
    assert again.returncode != 0
    sentence = "This exchange has already begun. Invite people from inside it."
    assert again.stderr.strip() == f"CommandError: {sentence}"
    assert "invitation secret" not in again.stdout

    with serving(run, environment) as url:
        newcomers = Newcomers(OverHttp(url))
        newcomers.refuse_before_the_root("adam", secrets["adam@example.org"])
        newcomers.join("lena", secrets["lena@example.org"])
        for name in ("adam", "audrey"):
            newcomers.join(name, secrets[f"{name}@example.org"])
        newcomers.admit_all("lena", expected=2)
        newcomers.work()


class Newcomers:
    """The first people, over HTTP."""

    def __init__(self, door: OverHttp) -> None:
        """Through this door."""
        self.door = door

    def do(self, who: str, method: str, path: str, body: object = None, *, expect: int = 200) -> Any:
        """Ask for what must work."""
        answer = self.door.ask(who, method, path, body)
        assert answer.status == expect, (who, method, path, answer.status, answer.content)
        return answer.json() if answer.content else None

    def refuse_before_the_root(self, name: str, secret: str) -> None:
        """Before the lead has made the root of trust, nobody else's keys could be tied to it."""
        answer = self.door.ask("", "POST", "invitations/take", {"secret": secret, "passphrase": PASSPHRASE})
        assert answer.status == 409, (name, answer.content)
        assert "lead" in answer.json()["detail"]

    def join(self, name: str, secret: str) -> None:
        """Take the invitation, type everything back, sign in."""
        typed = {"secret": secret, "passphrase": PASSPHRASE}
        taken = self.do("", "POST", "invitations/take", typed)
        shown = {"recovery_code": taken["recovery_code"], "code": taken["spare_codes"][0]}
        self.do("", "POST", "invitations/confirm", {**typed, **shown}, expect=204)
        entered = {"email": f"{name}@example.org", "passphrase": PASSPHRASE, "code": taken["spare_codes"][1]}
        self.door.bearers[name] = self.do("", "POST", "session", entered, expect=201)["bearer"]

    def admit_all(self, lead: str, *, expected: int) -> None:
        """Compare, and let in."""
        waiting = self.do(lead, "GET", "admissions")["results"]
        assert len(waiting) == expected
        for one in waiting:
            typed = {"fingerprint": one["fingerprint"]}
            self.do(lead, "POST", f"admissions/{one['invitation_id']}", typed, expect=201)

    def work(self) -> None:
        """The administrator invites, the lead admits, the newcomer raises a concern, the auditor reads of it."""
        (place,) = self.do("lena", "GET", "session")["places"]
        asked = {"name": "Tom Bell", "email": "tom@example.org", "engagement": "EMPLOYEE", "role": "practitioner"}
        invited = self.do("adam", "POST", "invitations", {**asked, "team": place["team_id"]}, expect=201)
        self.join("tom", invited["secret"])
        self.admit_all("lena", expected=1)
        raised = {"urgency": "RED", "concern": telling.write_concern()}
        ref = self.do("tom", "POST", "concerns", raised, expect=201)["ref"]
        assert self.do("lena", "GET", f"concerns/{ref}")["body"]["people"][0]["name"] == telling.CHILD
        for name in ("adam", "audrey"):
            assert self.door.ask(name, "GET", f"concerns/{ref}").status == 404, name
        shown = self.do("audrey", "GET", f"log/entries?record={ref}")["lines"]
        assert {"concern:raised", "record:opened", "record:open:refused"} <= {line["event"] for line in shown}
        assert "Tom Bell" in {line["person"]["name"] for line in shown}


@contextmanager
def demonstrating(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """Run the demo until it serves: the process, its address, and what it says as it says it."""
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--port", "0", "--folder", str(folder)]
    demo = subprocess.Popen(
        command, env=plain_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder.parent
    )
    said: list[str] = []
    assert demo.stdout is not None
    listening = threading.Thread(target=lambda: said.extend(iter(demo.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]  # it is a pipe
    listening.start()
    try:
        yield demo, wait_for_address(demo, said), said
    finally:
        if demo.poll() is None:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=30)
        listening.join(timeout=10)
        demo.stdout.close()


def wait_for_address(demo: subprocess.Popen[str], said: list[str]) -> str:
    """Where the demo serves, once it says so."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = re.search(r"Serving on (http://\S+?)\. ", "".join(said))
        if found:
            return found[1]
        assert demo.poll() is None, "".join(said)
        assert time.monotonic() < deadline, "".join(said)
        time.sleep(0.1)


def sign_in(url: str, folder: Path, email: str) -> Answer:
    """With the passphrase the demo printed and the code it shows; one code later where that one has been used."""
    people = json.loads((folder / "cast.json").read_text())["people"].values()
    tried: list[str] = []
    passphrase = next(one["passphrase"] for one in people if one["email"] == email)
    while True:
        shown = manage(["demo", "--codes", "--folder", str(folder)], plain_environment())
        assert shown.returncode == 0, shown.stderr
        code = next(line.split()[0] for line in shown.stdout.splitlines() if line.endswith(f" {email}"))
        answer = OverHttp(url).ask("", "POST", "session", {"email": email, "passphrase": passphrase, "code": code})
        if answer.status != 401 or len(tried) == 2:
            return answer
        tried.append(code)
        time.sleep(int(shown.stdout.split("Good for ")[1].split()[0]) + 0.5)


def assert_told_who_is_who(said: str) -> None:
    """What a person needs to sign in stood on the screen."""
    assert re.search(r"hugo@example\.org\s+Hugo Lindt.*\n\s+passphrase: \w+( \w+){5}", said)


@contextmanager
def serving(run: Run, environment: dict[str, str]) -> Iterator[str]:
    """A real web server on this database; its address."""
    log = Path(environment["CONFER_DATA"]) / "web.log"

    def make(listener: socket.socket) -> supervisor.Service:
        return embedded.web(listener, run.folder / "web.ready", log=log)

    named = {name: value for name, value in environment.items() if name in {"CONFER_DATABASE", "CONFER_DATA"}}
    running = Running(run.house, make, named, run.web_port).start()
    try:
        yield running.url
    finally:
        running.end()


def prepare_database(run: Run, folder: Path) -> dict[str, str]:
    """An empty database with its tables, and the names that lead to it."""
    folder.mkdir(mode=0o700)
    environment = {**os.environ, **name_empty_database(run, folder)}
    steps = [["migrate", "--verbosity", "0"], *([["protect"]] if "CONFER_OWNER_DATABASE" in environment else [])]
    for step in steps:
        done = manage(step, environment)
        assert done.returncode == 0, done.stderr
    return environment


def manage(arguments: "list[str] | tuple[str, ...]", environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def plain_environment() -> dict[str, str]:
    """Nothing of Confer's is named."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CONFER_", "DJANGO_"))}


def descendants(pid: int) -> list[int]:
    """The children of a process, and theirs."""
    children = [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]
    return children + [one for child in children for one in descendants(child)]


def is_alive(pid: int) -> bool:
    """Whether it still runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
