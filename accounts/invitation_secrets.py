"""A link's secret: 256 random bits, and the first digits of the root of trust it was made under."""

import hashlib
import secrets


def make_secret(root: str) -> str:
    """A new secret. `root` is empty for the founding lead, before there is one."""
    return f"{secrets.token_urlsafe(32)}.{root}"


def read_root(secret: str) -> str:
    """The root a secret was made under."""
    return secret.rpartition(".")[2]


def hash_secret(secret: str) -> bytes:
    """What is stored of a secret (32 bytes). A fast hash suffices: there is nothing to guess."""
    return hashlib.sha256(b"confer/v1/invitation\0" + secret.encode(errors="replace")).digest()
