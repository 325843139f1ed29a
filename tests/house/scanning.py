"""Looks for words in bytes, however they were encoded, and for hashes of them that the settings would explain.

A scan has two kinds of needle: the stem that all the words share, sought in everything that can be decoded; and the
first eight bytes of each digest of each word, sought at every offset, raw and within hex and base64.
"""

import base64
import binascii
import hashlib
import hmac
import quopri
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.house.words import LENGTH

PREFIX = 8  # bytes of a digest: fewer would turn up by chance
DEEPEST = 3  # decodings inside one another: base64 of zlib of JSON escapes
LARGEST_DEFLATED, LARGEST_INFLATED = 2**18, 2**22

HEX = re.compile(rb"[0-9a-fA-F]{16,}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{11,}={0,2}")
# A newline inside, as mail has it, is taken out before the pattern is tried.
WRAPPED = re.compile(rb"(?<=[A-Za-z0-9+/]{60})\r?\n(?=[A-Za-z0-9+/])")
ESCAPES = re.compile(rb"(?:\\u00[0-9a-fA-F]{2}|\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|&#x?[0-9a-fA-F]{2,3};){4,}")
ONE_ESCAPE = re.compile(
    rb"\\u00([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|&#x([0-9a-fA-F]{2});|&#(\d{2,3});"
)
DEFLATED = re.compile(rb"\x1f\x8b\x08|[\x78\x68\x58\x48\x38\x28\x18][\x01\x5e\x9c\xda]", re.DOTALL)
URL_SAFE = bytes.maketrans(b"-_", b"+/")
SOFT_BREAK = re.compile(rb"=\r?\n")


@dataclass(frozen=True)
class Needles:
    """What to look for. ``secret`` is the settings' secret: hashes under it count as found.

    All words begin with one of the stems and are ``length`` letters long.
    """

    stems: Sequence[str]
    words: Sequence[str]
    secret: bytes = b""
    length: int = LENGTH
    digests: Mapping[int, str] = field(init=False)

    def __post_init__(self) -> None:
        """Work out the first bytes of every digest, as the numbers they are at any offset."""
        prefixes = {
            int.from_bytes(digest[:PREFIX], sys.byteorder): word
            for word in self.words
            for digest in make_digests(word, self.secret)
        }
        object.__setattr__(self, "digests", prefixes)


def make_digests(word: str, secret: bytes) -> Iterator[bytes]:
    """Every hash of a word, as it was typed and in lower case, unkeyed and under the settings' secret."""
    keys = [secret, hashlib.sha256(secret).digest(), hashlib.sha1(secret).digest()]  # noqa: S324 - as Django derives them
    for data in {word.encode(), word.lower().encode()}:
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s"):
            yield hashlib.new(name, data).digest()
        yield hashlib.blake2b(data, digest_size=32).digest()
        for name in ("md5", "sha1", "sha256", "sha512"):
            for key in keys:
                yield hmac.digest(key, data, name)
            yield hashlib.new(name, secret + data).digest()
            yield hashlib.new(name, data + secret).digest()


def scan(data: bytes, needles: Needles) -> dict[str, str]:
    """Every word hidden in ``data``, in lower case, with how: "plain", "base64 of deflate of plain", and so on."""
    found: dict[str, str] = {}
    _scan(data, needles, DEEPEST, "", (found, set()))
    return found


def _scan(data: bytes, needles: Needles, depth: int, how: str, state: tuple[dict[str, str], set[int]]) -> None:
    found, seen = state
    for word, spelling in (*_find_words(data, needles), *_find_hashes(data, needles)):
        found.setdefault(word, how + spelling)
    if depth == 0:
        return
    for name, decode in DECODERS.items():
        for decoded in decode(data):
            if len(decoded) >= PREFIX and (mark := hash(decoded)) not in seen:
                seen.add(mark)
                _scan(decoded, needles, depth - 1, f"{how}{name} of ", state)


def _find_words(data: bytes, needles: Needles) -> Iterator[tuple[str, str]]:
    lowered = data.lower()
    for stem in needles.stems:
        for name in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
            sought = stem.lower().encode(name)
            width = len(sought) // len(stem)
            place = lowered.find(sought)
            while place >= 0:
                yield lowered[place : place + width * needles.length].decode(name, "replace"), name
                place = lowered.find(sought, place + len(sought))


def _find_hashes(data: bytes, needles: Needles) -> Iterator[tuple[str, str]]:
    for offset in range(min(PREFIX, max(0, len(data) - PREFIX + 1))):
        end = offset + (len(data) - offset) // PREFIX * PREFIX
        numbers = memoryview(data)[offset:end].cast("Q")
        if not needles.digests.keys().isdisjoint(numbers):
            yield from ((needles.digests[one].lower(), "a hash") for one in needles.digests.keys() & set(numbers))


# What stood in several places is decoded together, one blob for each alignment: far faster than one by one.


def _from_hex(data: bytes) -> Iterator[bytes]:
    tokens = HEX.findall(data)
    for start in (0, 1):  # where another digit stands before it
        yield b"\0".join(binascii.unhexlify(one[start : start + (len(one) - start) // 2 * 2]) for one in tokens)


def _from_base64(data: bytes) -> Iterator[bytes]:
    spelt = [one.rstrip(b"=").translate(URL_SAFE) for one in BASE64.findall(WRAPPED.sub(b"", data))]
    for skipped in range(4):
        yield b"\0".join(_decode_base64(one[skipped:]) for one in spelt)


def _decode_base64(part: bytes) -> bytes:
    whole = part[: len(part) // 4 * 4]
    rest = part[len(whole) :]
    return base64.b64decode(whole + (rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""))


def _from_deflated(data: bytes) -> Iterator[bytes]:
    yield b"\0".join(_inflate(data, place.start()) for place in DEFLATED.finditer(data))


def _inflate(data: bytes, start: int) -> bytes:
    inflater = zlib.decompressobj(wbits=47)  # zlib or gzip, by its header
    try:
        return inflater.decompress(data[start : start + LARGEST_DEFLATED], LARGEST_INFLATED)
    except zlib.error:
        return b""


def _from_escapes(data: bytes) -> Iterator[bytes]:
    yield b"\0".join(ONE_ESCAPE.sub(_unescape, run) for run in ESCAPES.findall(data))


def _unescape(one: re.Match[bytes]) -> bytes:
    *in_hex, decimal = one.groups()
    return bytes([int(decimal) % 256]) if decimal else bytes([int(next(filter(None, in_hex)), 16)])


def _from_quoted(data: bytes) -> Iterator[bytes]:
    if SOFT_BREAK.search(data):
        yield quopri.decodestring(data)


DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "hex": _from_hex,
    "base64": _from_base64,
    "deflate": _from_deflated,
    "escapes": _from_escapes,
    "quoted-printable": _from_quoted,
}


def hide(word: str, secret: bytes) -> dict[str, bytes]:
    """The word in every way the scan must find it, each under its name: what a control is planted as."""
    data = word.encode()
    text = f'{{"name": "{word}", "n": 1}}'.encode()
    digest = hashlib.sha256(data).digest()
    keyed = hmac.digest(secret, word.lower().encode(), "sha256")
    return {
        "plain": data,
        "lower case": data.lower(),
        "utf-16-le": word.encode("utf-16-le"),
        "utf-16-be": word.encode("utf-16-be"),
        "hex": data.hex().encode(),
        "upper hex at an odd place": b"f" + data.hex().upper().encode() + b"!",
        **{f"base64 at {skipped}": base64.b64encode(b"~" * skipped + text) for skipped in range(3)},
        "url-safe base64": base64.urlsafe_b64encode(b"\xff\xfe?" + text).rstrip(b"="),
        "zlib": zlib.compress(text),
        "gzip": zlib.compress(text, wbits=31),
        "base64 of zlib": base64.urlsafe_b64encode(zlib.compress(text, 9)),
        "hex of gzip": zlib.compress(text, wbits=31).hex().encode(),
        "JSON escapes": "".join(f"\\u{ord(letter):04x}" for letter in word).encode(),
        "percent": "".join(f"%{ord(letter):02X}" for letter in word).encode(),
        "sha256": digest,
        "sha256 in hex": digest.hex().encode(),
        "sha256 in base64": base64.b64encode(digest),
        "half a sha1": hashlib.sha1(data).digest()[:10],  # noqa: S324 - what a careless index would hold
        "md5 of lower case": hashlib.md5(data.lower()).hexdigest().encode(),  # noqa: S324 - as above
        "sha512": hashlib.sha512(data).digest(),
        "keyed from the settings": keyed,
        "keyed from the settings, cut, in hex": keyed[:8].hex().encode(),
        "keyed from the settings, in base64": base64.urlsafe_b64encode(keyed).rstrip(b"="),
    }
