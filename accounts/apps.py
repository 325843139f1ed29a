"""The Django application `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Agencies, teams, people and their keys."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
