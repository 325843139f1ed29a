"""How hard passphrases are stretched here: the vault's standard, except where the settings say these are tests."""

from django.conf import settings

import vault
from accounts.models import SealedSecrets


def present_cost() -> vault.Cost:
    """The cost for new seals. The settings refuse the cheap one outside tests."""
    return vault.Cost.for_tests() if settings.CONFER_STRETCH == "tests" else vault.STANDARD


def stored_cost(sealed: SealedSecrets) -> vault.Cost:
    """The cost a row was sealed at. Raises `vault.WeakCost` when someone lowered it."""
    cheap = present_cost()
    if (sealed.memory_kib, sealed.passes, sealed.lanes) == (cheap.memory_kib, cheap.passes, cheap.lanes):
        return cheap
    return vault.Cost(sealed.memory_kib, sealed.passes, sealed.lanes)
