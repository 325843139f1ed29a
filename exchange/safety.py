"""What must be true of the database before anything is opened or sent: it keeps what it commits, and has an owner."""

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

SQLITE_FULL = 2  # of PRAGMA synchronous


def refuse_unsafe_database(connection: BaseDatabaseWrapper) -> None:
    """Raise ImproperlyConfigured, with what to do, when a committed entry could be lost or changed."""
    with connection.cursor() as cursor:
        problem = _ask_sqlite(cursor) if connection.vendor == "sqlite" else _ask_postgresql(cursor)
    if problem:
        raise ImproperlyConfigured(problem)


def _ask_sqlite(cursor: CursorWrapper) -> str:
    cursor.execute("PRAGMA synchronous")
    if int(cursor.fetchone()[0]) < SQLITE_FULL:
        return "SQLite must run with synchronous=FULL, or an entry could be lost after what it records was seen."
    return ""


def _ask_postgresql(cursor: CursorWrapper) -> str:
    for setting in ("fsync", "synchronous_commit"):
        cursor.execute("SELECT current_setting(%s)", [setting])
        if cursor.fetchone()[0] == "off":
            return f"PostgreSQL runs with {setting} off: an entry could be lost after what it records was seen."
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cursor.fetchone()[0]:
        return "Confer connects to PostgreSQL as a superuser, who gets past every trigger. Use a role of its own."
    cursor.execute(
        "SELECT count(*) FROM pg_class WHERE relname LIKE 'audit\\_%%' AND relkind = 'r'"
        " AND pg_has_role(current_user, relowner, 'MEMBER')",
        [],
    )
    if cursor.fetchone()[0]:
        return (
            "Confer connects as the owner of the log's tables, who could change it. Name the owner in"
            " CONFER_OWNER_DATABASE, another role in CONFER_DATABASE, and run: manage.py migrate, manage.py protect."
        )
    return ""
