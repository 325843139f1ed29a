"""A link's secret: 256 random bits, and the first digits of the root of trust it was made under."""

import hashlib
import secrets


def make_secret(root: str) -> str:
    """A new secret. `root` is its statement's digest, empty before there is one: for the first links of all."""
    return f"{secrets.token_urlsafe(32)}.{shorten_root(root)}"


def read_root(secret: str) -> str:
    """The first digits of the root a secret was made under."""
    return secret.rpartition(".")[2]


def shorten_root(root: str) -> str:
    """The digits of a root's digest that a secret carries: 128 bits, so that no second root shares them."""
    return root[:32]


def hash_secret(secret: str) -> bytes:
    """What is stored of a secret (32 bytes). A fast hash suffices: there is nothing to guess."""
    return hashlib.sha256(b"confer/v1/invitation\0" + secret.encode(errors="replace")).digest()
