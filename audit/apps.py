"""The log as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from audit import triggers


class AuditConfig(AppConfig):
    """Registers the log's tables and asserts their protection after every migration."""

    name = "audit"
    verbose_name = "Log"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have every migration end with proof that the log still refuses to change."""
        # SQLite rebuilds a table to alter it, and the rebuilt table has lost its triggers without a word.
        post_migrate.connect(triggers.assert_after_migrating, sender=self, dispatch_uid="audit.triggers")
