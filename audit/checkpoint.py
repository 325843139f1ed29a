"""The signed state of the log: a C2SP tlog-checkpoint in a C2SP signed note. See docs/formats/checkpoint.md.

<origin>                                     the log's name, which is also the name of its key
<size>                                       decimal
<root>                                       base64
<blank line>
— <key name> <base64 of key id and signature>    one line for each signature; a witness adds its own
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import vault
from audit import errors, merkle

_ED25519: Final = b"\x01"
_KEY_ID_SIZE: Final = 4
_NAME: Final = re.compile(r"[!-*,-~]{1,255}")  # printable ASCII, no space and no plus
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE_START: Final = "— "
_MOST_SIGNATURES: Final = 100
_LONGEST_NOTE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class LogKey:
    """The public key of a log, with the name that is also the origin of its checkpoints."""

    name: str
    key: vault.NoteVerifyingKey

    @property
    def id(self) -> bytes:
        """The four bytes that tell keys of one name apart. They identify, they do not authenticate."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key.raw).digest()[:_KEY_ID_SIZE]

    def format(self) -> str:
        """Return the key as its one-line text form, `name+key id+base64`."""
        return f"{self.name}+{self.id.hex()}+{_to_base64(_ED25519 + self.key.raw)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, which key, and the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A parsed checkpoint. Parsing proves nothing: `verify` does."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: tuple[Signature, ...]


def parse_key(line: str) -> LogKey:
    """Return the key of a `name+key id+base64` line. Raises NoteMalformed."""
    try:
        name, key_id, encoded = line.strip().split("+", 2)
        data = _from_base64(encoded)
        if not _NAME.fullmatch(name) or data[:1] != _ED25519:
            raise errors.NoteMalformed("This is not the name and Ed25519 key of a log.")
        key = LogKey(name, vault.NoteVerifyingKey.parse(data[1:]))
    except (ValueError, vault.VaultError) as error:
        raise errors.NoteMalformed("A log's key is one line: name+key id+base64.") from error
    if key.id.hex() != key_id:
        raise errors.NoteMalformed("The key id does not belong to this key.")
    return key


def sign(size: int, root: bytes, *, origin: str, key: vault.NoteKey) -> str:
    """Return the signed note for this size and root."""
    text = f"{origin}\n{size}\n{_to_base64(root)}\n"
    public = LogKey(origin, key.verifying())
    signature = vault.sign_note(key, text.encode())
    return f"{text}\n{_SIGNATURE_START}{origin} {_to_base64(public.id + signature)}\n"


def parse(note: str) -> Checkpoint:
    """Return the checkpoint of a signed note, strictly read. Raises NoteMalformed. Extension lines are kept unread."""
    if len(note) > _LONGEST_NOTE or not note.endswith("\n") or any(ord(c) < ord(" ") and c != "\n" for c in note):
        raise errors.NoteMalformed("A checkpoint is a short text of printable lines, each ended.")
    text, blank, tail = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) < 3 or not all(lines):  # noqa: PLR2004 - origin, size, root
        raise errors.NoteMalformed("A checkpoint has an origin, a size and a root, then a blank line and signatures.")
    if not _SIZE.fullmatch(lines[1]):
        raise errors.NoteMalformed("A checkpoint's second line is its size in decimal.")
    root = _from_base64(lines[2])
    if len(root) != merkle.HASH_SIZE:
        raise errors.NoteMalformed("A checkpoint's third line is a root of 32 bytes.")
    signatures = tuple(_parse_signature(line) for line in tail[:-1].split("\n"))
    if len(signatures) > _MOST_SIGNATURES:
        raise errors.NoteMalformed("A checkpoint has at most 100 signatures.")
    return Checkpoint(lines[0], int(lines[1]), root, f"{text}\n".encode(), signatures)


def verify(checkpoint: Checkpoint, key: LogKey) -> None:
    """Raise ProofInvalid unless the checkpoint is this log's and carries its valid signature.

    Signatures by other keys are ignored, as the signed note's format requires; a wrong one by this key is not.
    """
    if checkpoint.origin != key.name:
        raise errors.ProofInvalid("The checkpoint is of another log.")
    mine = [one for one in checkpoint.signatures if (one.name, one.key_id) == (key.name, key.id)]
    if not mine:
        raise errors.ProofInvalid("The checkpoint is not signed by this log's key.")
    for one in mine:
        try:
            vault.verify_note(key.key, checkpoint.text, one.signature)
        except vault.VaultError as error:
            raise errors.ProofInvalid("The checkpoint's signature does not verify.") from error


def split_notes(text: str) -> Iterator[str]:
    """Yield each signed note of a text that holds several, one after another with blank lines between."""
    note: list[str] = []
    in_signatures = False
    for line in text.splitlines(keepends=True):
        is_signature = line.startswith(_SIGNATURE_START)
        if in_signatures and not is_signature:
            yield "".join(note)
            note, in_signatures = [], False
        if note or line.strip():
            note.append(line)
        in_signatures = in_signatures or is_signature
    if note:
        yield "".join(note)


def _parse_signature(line: str) -> Signature:
    start, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if f"{start} " != _SIGNATURE_START or not name or "+" in name:
        raise errors.NoteMalformed("A signature line is a dash, a key's name and base64.")
    data = _from_base64(encoded)
    if len(data) <= _KEY_ID_SIZE:
        raise errors.NoteMalformed("A signature line holds a key id and a signature.")
    return Signature(name, data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise errors.NoteMalformed("This is not base64.") from error
    # Several texts decode to the same bytes; only the one that encoding gives is accepted.
    if _to_base64(data) != text:
        raise errors.NoteMalformed("This is not canonical base64.")
    return data
