"""Runs the processes of one house side by side: started in order, stopped in reverse, none left behind.

Each has a session of its own, so that Ctrl-C in a terminal reaches the supervisor alone and the stopping has an order;
each is told by the kernel when the supervisor dies, so that a kill -9 leaves no orphan (Linux).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from exchange.management import process

FAST = signal.SIGINT  # PostgreSQL's word for "stop now, tidily"
POLL = 0.02  # seconds between two looks at whether something is ready


class ServiceFailed(Exception):
    """A process ended by itself, or did not become ready in time. The message names it and where its words went."""


@dataclass(frozen=True)
class Service:
    """One process: its command, and how one sees that it is ready.

    ``environment`` is added to the house's. ``log`` takes what it prints (None: the supervisor's own output).
    ``patience`` is how many seconds it may take to become ready, and to stop before it is killed.
    """

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    log: Path | None = None
    patience: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    user: int | None = None
    group: int | None = None


class House:
    """The running processes, by name."""

    def __init__(self, environment: Mapping[str, str], report: Callable[[str], None]) -> None:
        """Start empty. ``environment`` is the whole of what every process sees."""
        self.environment = dict(environment)
        self.report = report
        self.running: dict[str, tuple[Service, subprocess.Popen[bytes]]] = {}

    def start(self, service: Service) -> None:
        """Start the service and return once it is ready. Raises ServiceFailed."""
        started = time.monotonic()
        child = _start(service, self.environment | dict(service.environment))
        self.running[service.name] = (service, child)
        while not service.is_ready():
            if child.poll() is not None:
                raise ServiceFailed(_describe(service, f"ended with {child.returncode} while starting"))
            if time.monotonic() - started > service.patience:
                raise ServiceFailed(_describe(service, f"was not ready after {service.patience:.0f} s"))
            time.sleep(POLL)
        self.report(f"  {service.name}: ready ({time.monotonic() - started:.1f} s)")

    def stop(self, name: str) -> int:
        """Stop one service and give its exit code. One that does not stop in time is killed."""
        service, child = self.running.pop(name)
        code = _stop(service, child)
        self.report(f"  {name}: stopped" + ("" if code == 0 else f" ({code})"))
        return code

    def stop_all(self) -> dict[str, int]:
        """Stop everything, the last started first; give the exit codes."""
        return {name: self.stop(name) for name in reversed(list(self.running))}

    def kill(self, name: str) -> None:
        """Kill one service at once with its whole group, as a power cut would; return once all are gone."""
        service, child = self.running.pop(name)
        _kill_group(child)
        child.wait()
        deadline = time.monotonic() + service.patience
        while process.has_group(child.pid) and time.monotonic() < deadline:
            time.sleep(POLL)

    def pid(self, name: str) -> int:
        """Give the process id of a running service."""
        return self.running[name][1].pid

    def check(self) -> None:
        """Raise ServiceFailed when a process has ended by itself."""
        for service, child in self.running.values():
            if child.poll() is not None:
                raise ServiceFailed(_describe(service, f"ended by itself with {child.returncode}"))

    def wait(self) -> None:
        """Return only by an exception: KeyboardInterrupt on Ctrl-C or SIGTERM, ServiceFailed when a process ends."""
        while True:
            self.check()
            time.sleep(0.2)


@contextmanager
def running(
    services: Iterable[Service], environment: Mapping[str, str], report: Callable[[str], None] | None = None
) -> Iterator[House]:
    """Start the services in order, lend the house, and stop them in reverse whatever happens."""
    house = House(environment, report or say)
    try:
        for service in services:
            house.start(service)
        yield house
    finally:
        with _deaf_to_interrupts():
            house.stop_all()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Keep a second, impatient Ctrl-C from leaving half of the processes behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def say(line: str) -> None:
    """Print one line of progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _start(service: Service, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    process.refuse_core_files()
    output: IO[bytes] | None = service.log.open("ab") if service.log else None
    try:
        return subprocess.Popen(  # noqa: S603 - commands are written in this package
            service.command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=service.descriptors,
            user=service.user,
            group=service.group,
            extra_groups=None if service.user is None else [],
            preexec_fn=process.follow_parent(os.getpid(), service.stop_signal),  # noqa: PLW1509 - one prctl, no locks
        )
    finally:
        if output:
            output.close()


def _stop(service: Service, child: subprocess.Popen[bytes]) -> int:
    if child.poll() is None:
        child.send_signal(service.stop_signal)
    try:
        return child.wait(timeout=service.patience)
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL
    finally:
        _kill_group(child)  # the whole group: what a stopped process left behind goes too
        child.wait()


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _describe(service: Service, what: str) -> str:
    if service.log is None or not service.log.exists():
        return f"{service.name} {what}."
    tail = service.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
    return f"{service.name} {what}. It said (in {service.log}):\n" + "\n".join(f"    {line}" for line in tail)
