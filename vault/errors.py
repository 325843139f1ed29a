"""Everything the vault refuses, by name.

A value that comes from outside (a stored blob, a typed code, a stretch cost in a row) is refused with one of these. A
mistake in our own code (text where bytes belong) is a `TypeError`, a different kind, and not to be caught. No message
holds any part of a key, a body or a context.
"""


class VaultError(Exception):
    """The vault refused. Acts translate this; doors never see it."""


class MalformedInput(VaultError):
    """Not of the form it claims: wrong version, kind, length or alphabet, or not the one canonical encoding."""


class WrongKey(VaultError):
    """Cannot be opened with this key in this context: not for us, moved from its place, or tampered with.

    Which of them cannot be told.
    """


class SignatureInvalid(VaultError):
    """The key did not sign this message under this label."""


class TooLarge(VaultError):
    """Beyond the bound the format sets, found before any work was spent on it."""


class WeakCost(VaultError):
    """A stretch cost below the floor: somebody is trying to make a passphrase cheap to guess."""
