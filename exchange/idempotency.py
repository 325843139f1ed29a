"""Doing once what was asked twice: a row per person and key, in the same transaction as the act.

The row keeps a MAC of the request under a key derived from the asker's own secret, so that it says nothing of what was
sent; never a response.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

import vault
from accounts.keyring import Keyholder
from audit import events
from exchange.errors import Repeated
from exchange.models import IdempotencyKey
from vault import labels

KEPT_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the act made (a reference), and whether it was made by an earlier asking."""

    ref: str
    was_repeated: bool


def act_once(key: str, request: bytes, act: Callable[[], str], *, by: Keyholder) -> Outcome:
    """Run `act` unless this person already did under this key; it returns the reference of what it made.

    `request` is everything that identifies the request (method, path, body). Raises `Repeated` when the key came with
    another request before. Two at once: the second waits for the first, then repeats its outcome. An empty key acts.
    """
    if not key:
        return Outcome(act(), was_repeated=False)
    # The key is the asker's own text: like the request, it is remembered only as a MAC.
    mac, name = make_mac(request, by=by), make_mac(b"key\0" + key.encode(), by=by).hex()
    with transaction.atomic():
        row, is_new = IdempotencyKey.objects.select_for_update().get_or_create(
            person_id=by.person_id, key=name, defaults={"mac": mac, "status": 0, "made_at": timezone.now()}
        )
        if not is_new:
            _refuse_other(row, mac, by=by)
            return Outcome(row.ref, was_repeated=True)
        row.ref, row.status = act(), 201
        row.save(update_fields=["ref", "status"])
        return Outcome(row.ref, was_repeated=False)


def make_mac(request: bytes, *, by: Keyholder) -> bytes:
    """HMAC-SHA256 of a request under a key only its asker can derive."""
    return hmac.new(vault.derive(by.encryption, labels.REQUEST_MAC), request, hashlib.sha256).digest()


def forget_old() -> int:
    """Drop rows older than two days (a clock's work)."""
    return IdempotencyKey.objects.filter(made_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def _refuse_other(row: IdempotencyKey, mac: bytes, *, by: Keyholder) -> None:
    if not hmac.compare_digest(bytes(row.mac), mac):
        raise Repeated(
            events.REQUEST_REFUSED,
            by=by,
            detail="key_reused",
            code="key_reused",
            sentence="This Idempotency-Key was used for a different request. Use a new key for a new request.",
        )
