"""Padmé padding, so that a sealed size says roughly how much and not exactly what.

Padded = data, one byte 0x80, then noughts. There is one right padded size for each size of data, and the reader refuses
any other. Padmé: Nikitin and others, "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs"
(PoPETs 2019): at most 12 % larger.
"""

from typing import Final

from vault.errors import MalformedInput

MARK: Final = b"\x80"
LEAST: Final = 256  # a name and a page-long name list look alike


def measure_padded(size: int) -> int:
    """Return how many bytes `size` bytes of data take once padded."""
    length = max(size + 1, LEAST)
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


def pad(data: bytes) -> bytes:
    """Return `data` padded."""
    return (data + MARK).ljust(measure_padded(len(data)), b"\x00")


def unpad(padded: bytes) -> bytes:
    """Return the data in `padded`. Raises MalformedInput unless it is exactly what `pad` makes."""
    stripped = padded.rstrip(b"\x00")
    if stripped[-1:] != MARK or len(padded) != measure_padded(len(stripped) - 1):
        raise MalformedInput("The padding inside is not the one right padding.")
    return stripped[:-1]
