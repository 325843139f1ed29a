"""The application's own role is bound, the owner of the tables is told apart, and a careless database is refused."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, transaction

from exchange import safety
from exchange.management.commands import protect
from exchange.management.supervisor import ServiceFailed
from tests.running.databases import Database
from tests.running.processes import Running

LOG_TABLES = (
    "audit_entry",
    "audit_entryrecord",
    "audit_entryparty",
    "audit_leaf",
    "audit_leafrecord",
    "audit_checkpoint",
)


@pytest.fixture
def safe_again(database: Database) -> Iterator[None]:
    """Put the database role's settings back, which outlive the test's own database."""
    yield
    if database.server:
        with database.server.connect() as admin:
            admin.execute(f"ALTER ROLE {database.server.app} RESET ALL")
            admin.execute(f"ALTER ROLE {database.server.app} NOSUPERUSER")


def test_every_table_of_the_log_is_there(database: Database) -> None:
    assert database.vendor == connection.vendor
    assert set(LOG_TABLES) <= set(connection.introspection.table_names())


@pytest.mark.vendor("postgresql")  # SQLite has no roles: triggers alone protect its log, and are tested with it
@pytest.mark.parametrize("table", LOG_TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
def test_the_application_may_not_change_the_log(database: Database, table: str, statement: str) -> None:
    assert database.vendor == "postgresql"
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement.format(table))


def test_a_new_table_of_the_log_is_closed_until_somebody_opens_it() -> None:
    assert protect.allowed("audit_anything_new") == "SELECT, INSERT"
    assert protect.allowed("audit_sealedwhy") == "SELECT, INSERT, UPDATE, DELETE"
    assert protect.allowed("django_migrations") == "SELECT"


@pytest.mark.vendor("postgresql")
def test_the_application_may_make_no_table(database: Database) -> None:
    assert database.vendor == "postgresql"
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute("CREATE TABLE of_my_own (id integer)")


def test_the_tests_database_is_as_safe_as_a_real_one(database: Database) -> None:
    assert database.vendor == connection.vendor
    safety.refuse_unsafe_database(connection)


def test_a_database_that_forgets_is_refused(database: Database, safe_again: None) -> None:
    assert safe_again is None
    with connection.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous=NORMAL")
        else:
            cursor.execute("SET synchronous_commit = off")
    with pytest.raises(ImproperlyConfigured, match="could be lost"):
        safety.refuse_unsafe_database(connection)


@pytest.mark.vendor("postgresql")
def test_the_owner_of_the_log_may_not_serve(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert database.server
    monkeypatch.setitem(connection.settings_dict, "USER", database.server.owner)
    connection.close()
    with pytest.raises(ImproperlyConfigured, match="owner of the log"):
        safety.refuse_unsafe_database(connection)
    connection.close()


@pytest.mark.vendor("postgresql")  # of SQLite we set it ourselves at every connection
@pytest.mark.parametrize("kind", ["server", "worker"])
def test_no_process_starts_on_a_database_that_forgets(
    database: Database, kind: str, request: pytest.FixtureRequest, safe_again: None
) -> None:
    assert safe_again is None
    assert database.server
    with database.server.connect() as admin:
        admin.execute(f"ALTER ROLE {database.server.app} SET synchronous_commit = off")
    with pytest.raises(ServiceFailed, match=r"could be lost|ended with"):
        request.getfixturevalue(kind)


@pytest.mark.vendor("postgresql")
def test_an_attacker_with_every_right_is_not_stopped_by_roles(database: Database) -> None:
    """Roles stop bugs; what finds an operator out is a checkpoint held outside."""
    assert database.server
    with database.connect_as_attacker() as attacker, attacker.transaction(force_rollback=True):
        attacker.execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        attacker.execute("DELETE FROM audit_entry WHERE false")


def test_a_server_in_the_wrong_place_fails_loudly(server: Running) -> None:
    with pytest.raises(OSError, match="in use"):
        Running(server.house, server.make, server.environment, server.port).start()
