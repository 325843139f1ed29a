"""Recovery codes: 160 random bits a person can copy by hand. Format: docs/formats/recovery-code.md.

Crockford's base 32 (no I, L, O, U), 32 symbols of secret and 3 of check, in seven groups of five: 0123A-BCDEF-...
The check is the secret modulo the prime 32,749: it catches every single wrong symbol and every two symbols swapped,
before a sign-in is spent on it.
"""

import secrets
from typing import Final

from vault.errors import MalformedInput, TooLarge

SECRET: Final = 20
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE: Final = str.maketrans("OIL", "011", " -")
_CHECK_PRIME: Final = 32749
_SECRET_SYMBOLS: Final = 32
_CHECK_SYMBOLS: Final = 3
_GROUP: Final = 5
_MAX_TYPED: Final = 128


def make_recovery_code() -> str:
    """Return a new recovery code: 160 random bits in seven hyphened groups of five symbols, 41 characters."""
    return spell_recovery_code(secrets.token_bytes(SECRET))


def spell_recovery_code(secret: bytes) -> str:
    """Return the code that spells `secret` (20 bytes). Raises MalformedInput, TypeError."""
    if not isinstance(secret, bytes):
        raise TypeError("A recovery code's secret is bytes.")
    if len(secret) != SECRET:
        raise MalformedInput("A recovery code spells exactly 20 bytes.")
    number = int.from_bytes(secret)
    symbols = _write_base32(number, _SECRET_SYMBOLS) + _write_base32(number % _CHECK_PRIME, _CHECK_SYMBOLS)
    return "-".join(symbols[start : start + _GROUP] for start in range(0, len(symbols), _GROUP))


def parse_recovery_code(code: str) -> bytes:
    """Return the 20 bytes `code` spells.

    Either case, spaces and hyphens anywhere, O for 0, I or L for 1 are taken; nothing else is.

    Raises MalformedInput (another symbol, too few or many, check does not match), TooLarge, TypeError.
    """
    if not isinstance(code, str):
        raise TypeError("A recovery code is text.")
    if len(code) > _MAX_TYPED:
        raise TooLarge("A recovery code is far shorter than this.")
    if not code.isascii():  # before upper(), which turns letters like dotless i into ASCII ones
        raise MalformedInput("A recovery code has only letters and digits.")
    symbols = code.upper().translate(_ALIKE)
    if len(symbols) != _SECRET_SYMBOLS + _CHECK_SYMBOLS:
        raise MalformedInput("A recovery code has 35 letters and digits.")
    number, check = _read_base32(symbols[:_SECRET_SYMBOLS]), _read_base32(symbols[_SECRET_SYMBOLS:])
    if number % _CHECK_PRIME != check:
        raise MalformedInput("A letter or digit of this recovery code is wrong. Compare it with the paper.")
    return number.to_bytes(SECRET)


def _write_base32(number: int, symbols: int) -> str:
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in reversed(range(symbols)))


def _read_base32(symbols: str) -> int:
    number = 0
    for symbol in symbols:
        value = _ALPHABET.find(symbol)
        if value < 0:
            raise MalformedInput("A recovery code has only letters and digits, and never U.")
        number = number << 5 | value
    return number
