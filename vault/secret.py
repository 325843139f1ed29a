"""What every secret has in common: it cannot be printed, pickled, copied, hashed or changed.

Not a dataclass: `dataclasses.asdict` would copy the bytes out. Python cannot wipe memory, so a secret lives until its
last reference goes; keep it an argument, never a global (house rule: unlocked keys are an argument, never ambient).
"""

import hmac
from typing import ClassVar, NoReturn, SupportsIndex

from vault.errors import MalformedInput


class Secret:
    """Base of every key that must not leave the process except sealed or wrapped.

    `SIZE`: bytes; `KIND`: its name inside contexts.
    """

    __slots__ = ("_raw",)
    SIZE: ClassVar[int]
    KIND: ClassVar[str]
    _raw: bytes

    def __init__(self, raw: bytes) -> None:
        if not isinstance(raw, bytes):
            raise TypeError(f"A {self.KIND} is made from bytes.")
        if len(raw) != self.SIZE:
            raise MalformedInput(f"A {self.KIND} is made from exactly {self.SIZE} bytes.")
        object.__setattr__(self, "_raw", raw)

    def export_secret(self) -> bytes:
        """Return the bare bytes, for a function that seals, wraps or derives. Never store, log or send them."""
        return self._raw

    # No secret in a set or a cache.
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Compare in constant time; keys of different kinds are never equal."""
        return isinstance(other, Secret) and type(other) is type(self) and hmac.compare_digest(self._raw, other._raw)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: not shown>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"A {self.KIND} cannot be changed.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"A {self.KIND} cannot be changed.")

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"A {self.KIND} is never pickled or copied: seal or wrap it.")

    def __getstate__(self) -> NoReturn:
        raise TypeError(f"A {self.KIND} is never pickled or copied: seal or wrap it.")
