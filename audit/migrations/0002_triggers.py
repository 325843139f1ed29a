"""The database refuses to change the log: see audit/triggers.py, which a later migration must call again."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit import triggers

TABLES = (
    "audit_entry",
    "audit_entryrecord",
    "audit_entryparty",
    "audit_leaf",
    "audit_leafrecord",
    "audit_checkpoint",
)


def protect(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers on every table of the log."""
    triggers.install(editor, TABLES)


class Migration(migrations.Migration):
    """There is no way back: a log that was once allowed to change proves nothing."""

    dependencies = [("audit", "0001_log")]
    operations = [migrations.RunPython(protect)]
