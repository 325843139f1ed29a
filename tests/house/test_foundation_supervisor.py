"""Processes start in order, stop in reverse, and none outlives the one that watches over it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exchange.management import embedded, process, supervisor
from exchange.management.supervisor import Service, ServiceFailed

ROOT = Path(__file__).resolve().parent.parent.parent
CHILD = """
import pathlib, signal, sys, time
mark = pathlib.Path(sys.argv[1]); log = pathlib.Path(sys.argv[2])
def stop(*_):
    with log.open("a") as file: file.write(f"stopped {mark.name}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
with log.open("a") as file: file.write(f"started {mark.name}\\n")
mark.touch()
while True: time.sleep(0.05)
"""


def make(folder: Path, name: str) -> Service:
    command = (sys.executable, "-c", CHILD, str(folder / name), str(folder / "story"))
    return Service(name, command, (folder / name).exists, patience=10)


def quiet(_line: str) -> None:
    """Say nothing."""


def test_what_starts_first_stops_last(tmp_path: Path) -> None:
    services = [make(tmp_path, name) for name in ("broker", "worker", "web")]
    with supervisor.running(services, os.environ, quiet) as house:
        house.check()
    story = (tmp_path / "story").read_text().split("\n")
    assert story[:3] == ["started broker", "started worker", "started web"]
    assert story[3:6] == ["stopped web", "stopped worker", "stopped broker"]


def test_a_service_that_dies_while_starting_takes_the_others_down(tmp_path: Path) -> None:
    log = tmp_path / "log"
    dying = Service("worker", (sys.executable, "-c", "import sys; sys.exit('no such queue')"), lambda: False, log=log)
    with (
        pytest.raises(ServiceFailed, match=r"(?s)worker ended with 1.*no such queue"),
        supervisor.running([make(tmp_path, "broker"), dying], os.environ, quiet),
    ):
        pytest.fail("it was lent although it had failed")
    assert "stopped broker" in (tmp_path / "story").read_text()


def test_a_service_that_is_never_ready_is_given_up() -> None:
    slow = Service("beat", (sys.executable, "-c", "import time; time.sleep(60)"), lambda: False, patience=0.3)
    with pytest.raises(ServiceFailed, match="not ready"), supervisor.running([slow], os.environ, quiet):
        pytest.fail("it was lent although it was not ready")


def test_a_service_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    with supervisor.running([make(tmp_path, "web")], os.environ, quiet) as house:
        os.kill(house.pid("web"), signal.SIGKILL)
        with pytest.raises(ServiceFailed, match="web ended by itself"):
            house.wait()


PARENT = """
import os, pathlib, sys
from exchange.management import embedded, supervisor
from tests.house.test_foundation_supervisor import make
folder = pathlib.Path(sys.argv[1])
services = [make(folder, "a"), make(folder, "b"), embedded.broker(folder, folder / "queue", folder / "log")]
with supervisor.running(services, os.environ, lambda _: None) as house:
    (folder / "pids").write_text(" ".join(str(house.pid(name)) for name in house.running))
    house.wait()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_orphan_is_left_however_the_parent_ends(how: signal.Signals) -> None:
    with embedded.short_folder() as folder:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(folder)], cwd=ROOT, env=embedded.base_environment(),
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        children = wait_for(folder / "pids").split()
        assert len(children) == 3
        parent.send_signal(how)
        parent.wait(timeout=20)
        deadline = time.monotonic() + 10
        while left := [child for child in children if is_alive(child)]:
            assert time.monotonic() < deadline, f"still there: {left}"
            time.sleep(0.05)


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 20
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return path.read_text()


def is_alive(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_memory_can_be_hidden_and_is_not_by_default() -> None:
    code = (
        "from exchange.management import process as p; import resource\n"
        "before = p.is_dumpable(); p.hide_memory()\n"
        "print(before, p.is_dumpable(), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.split("\n")[0].endswith("False (0, 0)")
    assert process.is_dumpable() in {True, False}


def test_socket_paths_stay_short_however_deep_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with embedded.short_folder() as folder:
        assert len(bytes(folder / "valkey")) < 107
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
