"""The second factor: a time-based code (RFC 6238) or one of ten single-use codes."""

import hashlib
import hmac
import secrets
import time
from base64 import b32encode
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.utils import timezone

import vault
from accounts.models import Person, SealedSecrets, SecondFactorCode
from vault import labels

DIGITS, STEP, DRIFT = 6, 30, 1
SPARE_CODES = 10


def make_seed() -> bytes:
    """A new authenticator seed: 20 random bytes (RFC 4226 section 4 asks for 160 bits)."""
    return secrets.token_bytes(20)


def make_uri(seed: bytes, *, email: str) -> str:
    """The `otpauth:` address an authenticator app reads, by hand or as a QR code."""
    query = urlencode({"secret": b32encode(seed).decode(), "issuer": "Confer", "digits": DIGITS, "period": STEP})
    return f"otpauth://totp/Confer:{quote(email)}?{query}"


def make_code(seed: bytes, *, at: float) -> str:
    """The six digits an authenticator shows at `at` (Unix seconds)."""
    # SHA-1 is what RFC 6238 and every authenticator use; HMAC-SHA-1 is not broken by SHA-1's collisions.
    return TOTP(seed, DIGITS, SHA1(), STEP, enforce_key_length=True).generate(int(at)).decode()  # noqa: S303


def make_spare_codes(person: Person) -> list[str]:
    """Ten new single-use codes, shown once; any earlier ones die."""
    SecondFactorCode.objects.filter(person=person).delete()
    codes = [vault.make_recovery_code() for _ in range(SPARE_CODES)]
    SecondFactorCode.objects.bulk_create(SecondFactorCode(person=person, code_hash=_hash(code)) for code in codes)
    return codes


def seal_seed(seed: bytes, *, under: vault.UnlockKey, person_id: str) -> bytes:
    """The seed, sealed under the passphrase's unlock key: a stolen database yields no codes."""
    return vault.seal_body(seed, under=under, context=vault.bind(labels.PERSON_SECOND_FACTOR, person_id))


def open_seed(sealed: SealedSecrets, *, under: vault.UnlockKey, person_id: str) -> bytes:
    """The reverse of `seal_seed`. Raises `vault.WrongKey`."""
    context = vault.bind(labels.PERSON_SECOND_FACTOR, person_id)
    return vault.open_body(bytes(sealed.factor or b""), under=under, context=context)


def accept(code: str, *, sealed: SealedSecrets, under: vault.UnlockKey, person: Person) -> bool:
    """Whether `code` is right, has not been used before, and is used up now (inside the caller's transaction)."""
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdigit()):
        return use_spare(code, person=person)
    seed = open_seed(sealed, under=under, person_id=str(person.id))
    now = int(time.time()) // STEP
    steps = [
        step
        for step in range(now - DRIFT, now + DRIFT + 1)
        if hmac.compare_digest(make_code(seed, at=step * STEP).encode(), digits.encode())
    ]
    # The conditional update lets each step be used once, by one request.
    return bool(steps) and bool(
        SealedSecrets.objects.filter(pk=sealed.pk, factor_step__lt=max(steps)).update(factor_step=max(steps))
    )


def use_spare(code: str, *, person: Person) -> bool:
    """Whether this is one of the person's unused spare codes; it is used up now (inside the caller's transaction)."""
    try:
        hashed = _hash(code)
    except vault.VaultError:
        return False
    unused = SecondFactorCode.objects.filter(person=person, code_hash=hashed, used_at=None)
    return bool(unused.update(used_at=timezone.now()))


def _hash(code: str) -> bytes:
    # A fast hash suffices: the code has at least 128 random bits, so there is nothing to guess.
    return hashlib.sha256(b"confer/v1/second-factor-code\0" + vault.parse_recovery_code(code)).digest()
