"""``manage.py protect``: gives the application's role what it needs and no more. Run it after every ``migrate``."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

LOG = "audit_"
# Beside the log stand the sealed reasons, destroyed at retention, and the counts of refusals, counted up.
CHANGEABLE = {"audit_sealedwhy", "audit_refusalcount"}
# The list of entries that wait for their leaf is kept by triggers, which act as their owner.
READ_ONLY = {"audit_waiting", "django_migrations", "django_content_type", "auth_permission"}


class Command(BaseCommand):
    """Closed by default: a table of the log that is new may be added to and read, nothing else."""

    help = (
        "Grant the application's PostgreSQL role the least it needs (the log: INSERT and SELECT only). "
        "Example: manage.py migrate && manage.py protect"
    )

    def handle(self, *_arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Grant, as the owner of the tables, to the role named in CONFER_DATABASE."""
        if connection.vendor != "postgresql":
            self.stdout.write("SQLite has no roles; its triggers protect the log. Nothing to do.")
            return
        role = settings.CONFER_APP_ROLE
        if not role:
            raise CommandError("CONFER_DATABASE names no role to grant to (postgres://role@host/name).")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = %s", [role])
            found = cursor.fetchone()
            if found is None:
                raise CommandError(f"There is no role {role!r}. Make it first: CREATE ROLE … LOGIN PASSWORD …")
            if found[0] == role or found[1]:
                raise CommandError(
                    f"{role!r} owns the tables, so nothing binds it. Name the owner in CONFER_OWNER_DATABASE."
                )
            tables = grant_least(cursor, role)
        if options["verbosity"]:
            self.stdout.write(f"{role} may use {len(tables)} tables, and only add to and read the log's.")


def grant_least(cursor: CursorWrapper, role: str) -> list[str]:
    """Take everything from the role, then give what each table allows; give the tables' names."""
    quoted = connection.ops.quote_name(role)
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        cursor.execute(f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {quoted}")
    cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    cursor.execute(f"REVOKE ALL ON SCHEMA public FROM {quoted}")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    tables = connection.introspection.table_names(cursor)
    for table in tables:
        cursor.execute(f"GRANT {allowed(table)} ON {connection.ops.quote_name(table)} TO {quoted}")
    cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
    return tables


def allowed(table: str) -> str:
    """Give the privileges the application has on a table, as SQL writes them."""
    if table in READ_ONLY:
        return "SELECT"
    if table.startswith(LOG) and table not in CHANGEABLE:
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE, DELETE"
