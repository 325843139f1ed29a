"""The documents suffice: readers written from docs/formats alone, without the vault, read what the vault writes."""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import vault

RAW = bytes(range(32))
KEY = vault.ContentKey(RAW)
CONTEXT = b"anything from 1 to 4096 bytes"


def frame(*parts: str | bytes) -> bytes:
    out = bytes([len(parts)])
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode()
        out += (b"b" if isinstance(part, bytes) else b"s") + struct.pack(">I", len(raw)) + raw
    return out


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    key, out, block = hmac.digest(salt, secret, "sha256"), b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([number]), "sha256")
        out += block
    return out[:length]


def test_a_body_reads_as_the_document_says() -> None:
    sealed = vault.seal_body(b"words", under=KEY, context=CONTEXT)
    bound = frame("confer/v1/vault-sealed-body", "content-key", CONTEXT)
    derived = hkdf(RAW, sealed[34:46], bound, 64)
    assert sealed[:2] == b"\x01\x21"
    assert sealed[2:34] == derived[32:]
    assert AESGCM(derived[:32]).decrypt(sealed[34:46], sealed[46:], bound) == (b"words\x80").ljust(256, b"\x00")


def test_a_stream_reads_as_the_document_says() -> None:
    sealed = b"".join(vault.seal_stream([bytes(65_535), b"end"], under=KEY, context=CONTEXT))
    bound = frame("confer/v1/vault-sealed-stream", "content-key", CONTEXT)
    derived = hkdf(RAW, sealed[2:34], bound, 64)
    assert sealed[:2] == b"\x01\x22"
    assert sealed[34:66] == derived[32:]
    first, last = sealed[66 : 66 + 65_552], sealed[66 + 65_552 :]
    aead = AESGCM(derived[:32])
    plain = aead.decrypt(bytes(12), first, bound) + aead.decrypt(bytes(10) + b"\x01\x01", last, bound)
    assert plain == (bytes(65_535) + b"end\x80").ljust(67_584, b"\x00")


def test_a_signature_reads_as_the_document_says() -> None:
    key = vault.SigningKey(bytes(range(64)))
    public = key.verifying().raw
    signature = vault.sign(key, label="confer/v1/key-statement", message=b"m")
    fingerprint = hashlib.sha256(frame("confer/v1/vault-verifying-key", public)).hexdigest()
    signed = frame("confer/v1/vault-signature", "confer/v1/key-statement", fingerprint, b"m")
    assert signature[:2] == b"\x01\x41"
    Ed25519PublicKey.from_public_bytes(public[:32]).verify(signature[2:66], signed)
    MLDSA65PublicKey.from_public_bytes(public[32:]).verify(signature[66:], signed, b"confer/v1/vault-signature")


def test_commitments_and_derived_keys_read_as_the_document_says() -> None:
    said = hmac.digest(RAW, frame("confer/v1/vault-commitment", "confer/v1/part-commitment") + b"data", "sha256")
    assert vault.commit("confer/v1/part-commitment", RAW, b"data") == said
    info = frame("confer/v1/vault-derived-key", "content-key", "confer/v1/blind-index")
    assert vault.derive(KEY, "confer/v1/blind-index") == hkdf(RAW, bytes(32), info, 32)


def test_a_stretched_code_reads_as_the_document_says() -> None:
    keys = vault.stretch_code(RAW, label="confer/v1/api-token")

    def said(name: str) -> bytes:
        return hkdf(RAW, bytes(32), frame("confer/v1/vault-stretched-code", "confer/v1/api-token", name), 32)

    assert keys.verifier == said("verifier")
    assert keys.encryption.export_secret() == said("encryption")
    assert keys.signing.export_secret() == said("signing")
