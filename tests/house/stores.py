"""Everything in which something of Confer's rests, read as bytes; and where a control is planted in each."""

import re
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

import redis
from django.conf import settings
from django.utils import timezone

from accounts.models import PersonKeys, Session
from tests import plugin
from tests.house import scanning
from tests.running.databases import Database
from tests.running.mail import Mail

OUR_OWN = {"cast.json"}  # what the tests keep of the cast's secrets
NOUGHTS = re.compile(rb"\0{32,}")


@dataclass
class Stores:
    """The stores of one test. ``read`` gives each by name; ``plant`` puts a control into every one of them."""

    run: plugin.Run
    database: Database
    queue: redis.Redis
    mail: Mail
    temporary: Path
    attacker: Any = field(init=False)
    began: tuple[str, int] = field(init=False, default=("", 0))

    def __post_init__(self) -> None:
        """Connect as one who can read everything, and stay connected: SQLite then keeps its write-ahead log."""
        self.attacker = self.database.connect_as_attacker()
        if self.database.vendor == "postgresql":
            self.began = self._find_end_of_wal()

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Every store, in pieces, each with the store's name."""
        yield from self._read_tables()
        yield from self._read_database_files()
        for file in sorted(self.database.data.rglob("*")):
            if file.is_file() and file.name not in OUR_OWN and not file.name.startswith("confer.sqlite3"):
                yield self._name(file), read_file(file)
        for file in sorted(self.mail.folder.rglob("*")):
            yield "mail", read_file(file)
        for file in (self.run.folder / "queue").rglob("*"):
            yield "queue's files", read_file(file)
        yield "queue", b"\n".join(self._read_queue())
        for file in self.run.folder.glob("*.log"):
            yield file.name, read_file(file)

    def plant(self, hidden: Mapping[str, bytes]) -> set[str]:
        """Put every spelling of the control into every store; the names of the stores."""
        whole = b"\0\n".join(hidden.values())
        self._plant_in_database(hidden, whole)
        document = Path(settings.MEDIA_ROOT) / "documents" / "00" / "control"
        document.parent.mkdir(parents=True, exist_ok=True)
        document.write_bytes(whole)
        self.queue.set("control", whole)
        self.queue.rpush("control-list", *hidden.values())
        self._send(whole)
        logs = ["web.log", "worker.log", "beat.log"]
        for name in logs:
            with (self.database.data / name).open("ab") as log:
                log.write(whole)
        named = {"tables", "sessions", "media", "mail", "queue", "queue's files", *logs}
        is_postgresql = self.database.vendor == "postgresql"
        return named | (
            {"data directory", "write-ahead log"} if is_postgresql else {"database file", "write-ahead log"}
        )

    def close(self) -> None:
        """Let go of the database."""
        self.attacker.close()

    def _name(self, file: Path) -> str:
        inside = file.relative_to(self.database.data)
        return "media" if inside.parts[0] == "media" else inside.name if len(inside.parts) == 1 else inside.parts[0]

    def _ask(self, query: str) -> list[Any]:
        return list(self.attacker.execute(query).fetchall())

    def _read_tables(self) -> Iterator[tuple[str, bytes]]:
        for table in self._list_tables():
            rows = self._ask(f'SELECT * FROM "{table}"')
            name = {"accounts_session": "sessions", "control": "tables"}.get(table, table)
            yield name, b"\n".join(to_bytes(value) for row in rows for value in row)
        if self.database.vendor == "postgresql":
            running = (
                "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            yield "remembered queries", b"\n".join(to_bytes(row[0]) for row in self._ask(running))

    def _list_tables(self) -> list[str]:
        if self.database.vendor == "postgresql":
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        else:
            query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        return sorted(name for (name,) in self._ask(query))

    def _read_database_files(self) -> Iterator[tuple[str, bytes]]:
        if self.database.vendor == "sqlite":
            # Its log begins again from time to time, over what was there: the control is written once more.
            self.attacker.execute("INSERT INTO control SELECT DISTINCT value FROM control")
            names = {"-wal": "write-ahead log", "": "database file", "-shm": "shared memory"}
            files = {name: read_apart(Path(self.database.name + suffix)) for suffix, name in names.items()}
            yield from files.items()
            return
        self.attacker.execute("CHECKPOINT")
        folder = Path(self._ask("SHOW data_directory")[0][0])
        if not folder.is_dir():
            return  # another machine's server: its tables were read above
        oid = self._ask("SELECT oid FROM pg_database WHERE datname = current_database()")[0][0]
        for place in (folder / "base" / str(oid), folder / "base" / "pgsql_tmp", folder / "pg_logical"):
            for file in place.rglob("*") if place.is_dir() else ():
                if not self._is_catalogue(file.name):
                    yield "data directory", collapse(read_file(file))
        yield from self._read_wal(folder / "pg_wal")
        for file in [*folder.glob("*.log"), *(folder / "log").glob("*"), folder.parent / "log"]:
            yield "PostgreSQL's log", read_file(file)

    def _read_wal(self, folder: Path) -> Iterator[tuple[str, bytes]]:
        """What was written since this test began, and not what earlier tests left in the same files."""
        end_name, end = self._find_end_of_wal()
        for segment in sorted(folder.glob("0*")):
            if self.began[0] <= segment.name <= end_name:
                start = self.began[1] if segment.name == self.began[0] else 0
                stop = end if segment.name == end_name else None
                yield "write-ahead log", collapse(read_file(segment)[start:stop])

    def _find_end_of_wal(self) -> tuple[str, int]:
        query = "SELECT file_name, file_offset FROM pg_walfile_name_offset(pg_current_wal_lsn())"
        ((name, offset),) = self._ask(query)
        return str(name), int(offset)

    def _is_catalogue(self, name: str) -> bool:
        """Whether this is a file of PostgreSQL's own catalogue that no row of ours can be in."""
        number = name.partition("_")[0].partition(".")[0]
        return number.isdigit() and int(number) < 16384 and number not in self._catalogue_with_values

    @property
    def _catalogue_with_values(self) -> set[str]:
        # Statistics keep samples of what columns hold.
        return {str(row[0]) for row in self._ask("SELECT pg_relation_filenode('pg_statistic')")} | {
            str(row[0])
            for row in self._ask(
                "SELECT pg_relation_filenode(reltoastrelid) FROM pg_class WHERE relname = 'pg_statistic'"
            )
        }

    def _read_queue(self) -> Iterator[bytes]:
        queue: Any = self.queue  # its stubs give what an asynchronous client would
        readers: dict[bytes, Callable[[bytes], Any]] = {
            b"string": lambda key: [queue.get(key)],
            b"list": lambda key: queue.lrange(key, 0, -1),
            b"hash": lambda key: [part for pair in queue.hgetall(key).items() for part in pair],
            b"set": queue.smembers,
            b"zset": lambda key: queue.zrange(key, 0, -1),
        }
        for key in queue.keys("*"):
            yield key
            read: Any = readers.get(queue.type(key), lambda one: [queue.dump(one)])
            yield from map(to_bytes, read(key))

    def _plant_in_database(self, hidden: Mapping[str, bytes], whole: bytes) -> None:
        kept = PersonKeys.objects.order_by("pk")[0]
        now = timezone.now()
        Session.objects.create(
            person=kept.person, keys=kept, proof_hash=b"", encryption=whole, made_at=now, seen_at=now, expires_at=now,
            ended_at=now,
        )  # fmt: skip
        is_postgresql = self.database.vendor == "postgresql"
        self.attacker.execute(f"CREATE TABLE control (value {'bytea' if is_postgresql else 'blob'})")
        for value in hidden.values():
            self.attacker.execute(f"INSERT INTO control VALUES ({'%s' if is_postgresql else '?'})", [value])

    def _send(self, content: bytes) -> None:
        message = EmailMessage()
        message["From"] = message["To"] = "control@example.org"
        message.add_attachment(content, maintype="application", subtype="octet-stream")
        with smtplib.SMTP(settings.EMAIL_HOST, self.run.mail_port, timeout=5) as server:
            server.send_message(message)


class Watch:
    """Looks at a folder for temporary files, and at processes for files they hold that have no name any more.

    ``found`` maps the name of a file to what the scan said of it.
    """

    def __init__(self, folder: Path, pids: Callable[[], list[int]], needles: scanning.Needles) -> None:
        """Watch ``folder`` and these processes with their children."""
        self.folder, self.pids, self.needles = folder, pids, needles
        self.found: dict[str, str] = {}
        self.looks = 0
        self.seen: set[tuple[int, int, int]] = set()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.stopped.set()
        self.thread.join(10)

    def _watch(self) -> None:
        while not self.stopped.wait(0.01):
            self.looks += 1
            for file in self.folder.rglob("*"):
                self._look(file)
            for pid in self.pids():
                for descriptor in list_folder(Path(f"/proc/{pid}/fd")):
                    self._look(descriptor)

    def _look(self, file: Path) -> None:
        try:
            name = str(file.readlink()) if str(file).startswith("/proc") else str(file)
            if str(file).startswith("/proc") and not (name.endswith("(deleted)") or name.startswith(str(self.folder))):
                return
            state = file.stat()
            mark = (state.st_ino, state.st_size, state.st_mtime_ns)
            if mark in self.seen or not file.is_file():
                return
            self.seen.add(mark)
            for word, how in scanning.scan(file.read_bytes(), self.needles).items():
                self.found.setdefault(word, f"{name}: {how}")
        except OSError:
            return


def spool(folder: Path, content: bytes) -> None:
    """Do what a framework does that spools an upload: a named temporary file, and one without a name."""
    code = (
        "import sys, tempfile, time\n"
        "content = sys.stdin.buffer.read()\n"
        "named, nameless = tempfile.NamedTemporaryFile(), tempfile.TemporaryFile()\n"
        "for file, half in ((named, content[: len(content) // 2]), (nameless, content[len(content) // 2 :])):\n"
        "    file.write(half); file.flush()\n"
        "print('ready', flush=True); time.sleep(0.6)\n"
    )
    subprocess.run([sys.executable, "-c", code], input=content, env={"TMPDIR": str(folder)}, check=True, timeout=30)


def list_children(pid: int) -> list[int]:
    """A process and all that came from it."""
    found = [pid]
    for task in list_folder(Path(f"/proc/{pid}/task")):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        found += [each for child in children for each in list_children(int(child))]
    return found


def list_folder(folder: Path) -> list[Path]:
    """What is in a folder that may be gone, or closed to us."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def read_file(file: Path) -> bytes:
    """The bytes of a file, none when it is gone or no file."""
    try:
        return file.read_bytes() if file.is_file() else b""
    except FileNotFoundError:
        return b""


def read_apart(file: Path) -> bytes:
    """The bytes of a file of SQLite's, read by another process.

    This process has the database open: closing any other handle on its files here would drop SQLite's locks on them.
    """
    return subprocess.run(["cat", str(file)], capture_output=True, check=True).stdout


def collapse(content: bytes) -> bytes:
    """The same without long runs of noughts, of which a page of a database is full."""
    return NOUGHTS.sub(b"\0" * 8, content)


def to_bytes(value: Any) -> bytes:
    """A value out of a database as bytes."""
    if isinstance(value, bytes | memoryview | bytearray):
        return bytes(value)
    return str(value).encode("utf-8", "surrogateescape")


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that must come about."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
