"""The log's own key: a file for the numberer, 0600, and beside it the public line that auditors and witnesses hold."""

import base64
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import vault
from audit import checkpoint, errors

_PREFIX: Final = "PRIVATE+KEY+"
_ED25519: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class SigningLogKey:
    """The log's name and the key that signs its checkpoints."""

    origin: str
    key: vault.NoteKey

    @property
    def public(self) -> checkpoint.LogKey:
        """The half that others verify with."""
        return checkpoint.LogKey(self.origin, self.key.verifying())


def make_log_key(path: Path, *, origin: str = "") -> checkpoint.LogKey:
    """Make the log's key: `path` (0600) and `path`.pub. Returns the public half; never overwrites (KeyFileUnusable).

    `origin` names the log for good, like `confer.example.org/log`; without one it is named after its own key.
    """
    secret = vault.make_note_key()
    name = origin or f"confer.invalid/log/{secret.verifying().raw.hex()[:16]}"
    # Reading back what was made proves that the name fits the format before anything is written.
    public = checkpoint.parse_key(checkpoint.LogKey(name, secret.verifying()).format())
    encoded = base64.b64encode(_ED25519 + secret.export_secret()).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, f"{_PREFIX}{name}+{public.id.hex()}+{encoded}\n", mode=0o600)
    _write(find_public_file(path), f"{public.format()}\n", mode=0o644)
    return public


def load_log_key(path: Path) -> SigningLogKey:
    """Return the log's signing key. Raises KeyFileUnusable if the file is missing, malformed or open to others."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        line = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise errors.KeyFileUnusable(
            f"The log's key file {path} cannot be read. `manage.py begin` makes it."
        ) from error
    if mode & 0o077:
        raise errors.KeyFileUnusable(f"The log's key file {path} is open to others: chmod 600 it, and replace the key.")
    try:
        name, key_id, encoded = line.removeprefix(_PREFIX).split("+", 2)
        data = base64.b64decode(encoded, validate=True)
        signing = SigningLogKey(name, vault.NoteKey(data[1:]))
    except (ValueError, vault.VaultError) as error:
        raise errors.KeyFileUnusable(f"The log's key file {path} is malformed.") from error
    if not line.startswith(_PREFIX) or data[:1] != _ED25519 or signing.public.id.hex() != key_id:
        raise errors.KeyFileUnusable(f"The log's key file {path} is malformed.")
    return signing


def load_public_key(path: Path) -> checkpoint.LogKey:
    """Return the public key in a `.pub` file. Raises KeyFileUnusable."""
    try:
        return checkpoint.parse_key(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise errors.KeyFileUnusable(f"The log's public key cannot be read from {path}.") from error


def find_public_file(path: Path) -> Path:
    """Return where the public half of the key file at `path` lies."""
    return path.with_name(f"{path.name}.pub")


def _write(path: Path, text: str, *, mode: int) -> None:
    try:
        # Made with its final mode, so that there is no moment at which another can read it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise errors.KeyFileUnusable(f"{path} is already there: a log's key is never overwritten.") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
