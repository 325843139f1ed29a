"""The database refuses to change the log: see audit/protection.py. A later migration of these tables installs again."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit import triggers


def protect(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ANN401 - Django's signature
    """Put the triggers on every table of the log."""
    triggers.install(editor)


class Migration(migrations.Migration):
    """There is no way back: a log that was once allowed to change proves nothing."""

    dependencies = [("audit", "0001_log")]  # noqa: RUF012 - as Django writes them
    operations = [migrations.RunPython(protect)]  # noqa: RUF012 - as Django writes them
