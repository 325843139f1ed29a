"""The Django application of the exchange."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Records, grants, decisions and disclosures."""

    name = "exchange"
    verbose_name = "Exchange"
    default_auto_field = "django.db.models.BigAutoField"
