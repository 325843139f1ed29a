"""Slows guessing at sign-in: failures are counted per name and per network address, as keyed hashes."""

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.errors import SigninBlocked
from accounts.models import SigninThrottle
from audit import events

WINDOW = timedelta(minutes=15)
BLOCK = timedelta(minutes=15)
NAME_LIMIT, ADDRESS_LIMIT = 8, 60


def refuse_if_blocked(name: str, address: str) -> None:
    """Raise `SigninBlocked` while this name or this address is blocked."""
    blocked = SigninThrottle.objects.filter(key__in=_keys(name, address), blocked_until__gt=timezone.now())
    if blocked.exists():
        raise SigninBlocked(
            event=events.SESSION_REFUSED,
            by=None,
            code="signin_blocked",
            sentence="There have been too many failed attempts. Wait fifteen minutes, then try again.",
        )


def count_failure(name: str, address: str) -> None:
    """Remember one failure against the name and the address, and block whichever reached its limit."""
    now = timezone.now()
    with transaction.atomic():
        for key, limit in zip(_keys(name, address), (NAME_LIMIT, ADDRESS_LIMIT), strict=True):
            row, _ = SigninThrottle.objects.select_for_update().get_or_create(
                key=key, defaults={"window_began_at": now}
            )
            if row.window_began_at + WINDOW <= now:
                row.failures, row.window_began_at = 0, now
            row.failures += 1
            if row.failures >= limit:
                row.failures, row.blocked_until = 0, now + BLOCK
            row.save()


def forget_failures(name: str) -> None:
    """A sign-in that succeeded clears the name's count; the address keeps its own."""
    SigninThrottle.objects.filter(key=_keys(name, "")[0]).delete()


def _keys(name: str, address: str) -> tuple[bytes, bytes]:
    return _key("name", name.lower()), _key("address", address)


def _key(kind: str, value: str) -> bytes:
    message = f"confer/signin-throttle/{kind}\0{value}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
