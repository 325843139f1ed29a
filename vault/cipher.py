"""The one symmetric cipher: AES-256-GCM under a key derived afresh for each sealed thing, and a commitment to that key.

GCM alone lets a forger make one ciphertext that opens under many keys, to different texts: two readers could be shown
different records, or a guesser could try a thousand passphrases in one go. Hence the commitment: 32 further bytes of
the same derivation, stored and checked first.
"""

import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault import labels
from vault.derivation import expand
from vault.errors import WrongKey
from vault.keys import ContentKey, UnlockKey


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Cipher:
    """AES-256-GCM for one sealed thing.

    `commitment`: 32 bytes, public; `bound`: the associated data, label and context.
    """

    aead: AESGCM
    commitment: bytes
    bound: bytes

    def seal(self, nonce: bytes, data: bytes) -> bytes:
        """Return `data` sealed, 16 bytes longer. The caller never uses one 12-byte nonce twice."""
        return self.aead.encrypt(nonce, data, self.bound)

    def open(self, nonce: bytes, sealed: bytes) -> bytes:
        """Return what `seal` sealed. Raises WrongKey."""
        try:
            return self.aead.decrypt(nonce, sealed, self.bound)
        except InvalidTag:
            raise WrongKey("This cannot be opened with this key here: it was altered, moved, or is not ours.") from None

    def require_commitment(self, stored: bytes) -> None:
        """Raise WrongKey unless `stored` commits to this very key."""
        if not hmac.compare_digest(self.commitment, stored):
            raise WrongKey("This was not sealed under this key for this place.")


def make_cipher(under: ContentKey | UnlockKey, *, label: str, context: bytes, salt: bytes) -> Cipher:
    """Return the cipher for what is sealed `under` this key, as `label`, in `context`, with this random `salt`.

    Raises TypeError.
    """
    if not isinstance(under, ContentKey | UnlockKey):
        raise TypeError("Things are sealed under a ContentKey or an UnlockKey.")
    bound = labels.frame(label, under.KIND, labels.check_context(context))
    derived = expand(under.export_secret(), info=bound, length=64, salt=salt)
    return Cipher(AESGCM(derived[:32]), derived[32:], bound)
