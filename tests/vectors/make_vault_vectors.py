"""Make the vault's test vectors again: `python -m tests.vectors.make_vault_vectors` from the top of the project.

Keys and inputs are fixed; wrapping, sealing and half of signing are random, so a new run gives other blobs. What it
writes are promises: a reader of version 1 MUST go on reading them. Make them again only beside a new version, never to
make a test pass.
Every refused case names the error it expects.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import vault
from vault import cipher, content, envelope, labels, padding, recovery, stream

FOLDER = Path(__file__).parent
Case = dict[str, Any]

LEAD = vault.SecretKey(bytes(range(96)))
STRANGER = vault.SecretKey(bytes(range(100, 196)))
RECORD = vault.ContentKey(bytes(range(32)))
OTHER = vault.ContentKey(bytes(range(1, 33)))
UNLOCK = vault.UnlockKey(bytes(range(32)))
SIGNER = vault.SigningKey(bytes(range(64)))
NOTE = vault.NoteKey(bytes(range(32)))
HERE = vault.bind(labels.RECORD_KEY, "record-1", "team-2", 3)
ELSEWHERE = vault.bind(labels.RECORD_KEY, "record-1", "team-2", 4)


def flip(blob: bytes, place: int) -> bytes:
    """Return `blob` with the lowest bit of the byte at `place` turned."""
    changed = bytearray(blob)
    changed[place] ^= 1
    return bytes(changed)


def spoil(blob: bytes, *, places: dict[str, int]) -> Iterable[tuple[str, bytes, str]]:
    """Yield the refusals every blob shares: (name, blob, error)."""
    yield "empty", b"", "MalformedInput"
    yield "version 2", b"\x02" + blob[1:], "MalformedInput"
    yield "version 0", b"\x00" + blob[1:], "MalformedInput"
    yield "kind nobody knows", blob[:1] + b"\x7f" + blob[2:], "MalformedInput"
    for name, place in places.items():
        yield f"bit flipped in the {name}", flip(blob, place), "WrongKey"


def make_contexts() -> list[Case]:
    """Contexts, by label and parts."""
    good: list[tuple[str, str, list[str | int]]] = [
        ("label alone", labels.RECORD_KEY, []),
        ("text and number", labels.RECORD_KEY, ["record-1", 3]),
        ("one part", labels.RECORD_KEY, ["ab"]),
        ("two parts that join to the same", labels.RECORD_KEY, ["a", "b"]),
        ("number", labels.RECORD_KEY, [7]),
        ("digit", labels.RECORD_KEY, ["7"]),
        ("empty text", labels.RECORD_KEY, [""]),
        ("greatest number", labels.RECORD_KEY, [2**63 - 1]),
        ("beyond ASCII", labels.DOCUMENT_NAME, ["Siân"]),
    ]
    bad: list[tuple[str, str, list[str | int], str]] = [
        ("label of another product", "example/v1/record-key", [], "MalformedInput"),
        ("label with capitals", "confer/v1/Record-Key", [], "MalformedInput"),
        ("label with a line break", "confer/v1/record-key\n", [], "MalformedInput"),
        ("negative number", labels.RECORD_KEY, [-1], "MalformedInput"),
        ("number of 64 bits", labels.RECORD_KEY, [2**63], "MalformedInput"),
        ("broken Unicode", labels.RECORD_KEY, ["\ud800"], "MalformedInput"),
        ("too long", labels.RECORD_KEY, ["x" * 4096], "TooLarge"),
        ("too many parts", labels.RECORD_KEY, ["x"] * 33, "TooLarge"),
    ]
    cases: list[Case] = [
        {"name": name, "label": label, "parts": parts, "context": vault.bind(label, *parts).hex()}
        for name, label, parts in good
    ]
    return cases + [{"name": n, "label": label, "parts": parts, "refused": why} for n, label, parts, why in bad]


def show_pair(
    name: str,
    secret: vault.SecretKey | vault.SigningKey | vault.NoteKey,
    public: vault.PublicKey | vault.VerifyingKey | vault.NoteVerifyingKey,
) -> Case:
    """Return a pair in hex, with its fingerprint."""
    shown = {"secret": secret.export_secret().hex(), "public": public.raw.hex(), "fingerprint": public.fingerprint()}
    return {"name": name, "kind": type(public).__name__, **shown}


def make_keys() -> list[Case]:
    """Public halves and fingerprints; public keys refused."""
    public, verifying, note = LEAD.public(), SIGNER.verifying(), NOTE.verifying()
    good = [
        show_pair("encryption pair", LEAD, public),
        show_pair("signing pair", SIGNER, verifying),
        show_pair("note pair", NOTE, note),
    ]
    lattice, curve = public.raw[:1184], public.raw[1184:]
    bad = [
        ("cut short", "PublicKey", public.raw[:-1]),
        ("one byte more", "PublicKey", public.raw + b"\x00"),
        ("empty", "PublicKey", b""),
        ("a verifying key", "PublicKey", verifying.raw),
        ("lattice coefficient beyond the modulus", "PublicKey", b"\xff" * 1184 + curve),
        ("curve point nought", "PublicKey", lattice + bytes(32)),
        ("curve point of small order", "PublicKey", lattice + b"\x01" + bytes(31)),
        ("curve point with the spare bit set", "PublicKey", lattice + curve[:31] + bytes([curve[31] | 128])),
        ("curve point beyond the field", "PublicKey", lattice + (2**255 - 10).to_bytes(32, "little")),
        ("cut short", "VerifyingKey", verifying.raw[:-1]),
        ("Ed25519 beyond the field", "VerifyingKey", b"\xff" * 32 + verifying.raw[32:]),
        ("cut short", "NoteVerifyingKey", note.raw[:-1]),
        ("beyond the field", "NoteVerifyingKey", b"\xff" * 32),
    ]
    return good + [{"name": n, "kind": k, "public": raw.hex(), "refused": "MalformedInput"} for n, k, raw in bad]


def make_wrapped_keys() -> list[Case]:
    """Wrapped keys, in the direction of unwrapping."""
    one = vault.wrap(RECORD, to=LEAD.public(), context=HERE).raw
    team = vault.wrap(STRANGER, to=LEAD.public(), context=HERE).raw

    def case(name: str, wrapped: bytes, /, **other: object) -> Case:
        usual = {"unwrap_as": "content key", "using": LEAD.export_secret().hex(), "context": HERE.hex()}
        return {"name": name, **usual, "wrapped": wrapped.hex(), **other}

    places = {"ML-KEM ciphertext": 2, "X25519 share": 1100, "sealed key": 1130, "tag": -1}
    return [
        case("content key", one, key=RECORD.export_secret().hex()),
        case("secret key", team, unwrap_as="secret key", key=STRANGER.export_secret().hex()),
        *(case(name, blob, refused=why) for name, blob, why in spoil(one, places=places)),
        case("cut short", one[:-1], refused="MalformedInput"),
        case("trailing byte", one + b"\x00", refused="MalformedInput"),
        case("oversized", one, append_noughts=100_000, refused="MalformedInput"),
        case("not ours", one, using=STRANGER.export_secret().hex(), refused="WrongKey"),
        case("another context", one, context=ELSEWHERE.hex(), refused="WrongKey"),
        case("empty context", one, context="", refused="MalformedInput"),
        case("secret key taken for a content key", team, refused="MalformedInput"),
        case("content key taken for a secret key", one, unwrap_as="secret key", refused="MalformedInput"),
        case("content key relabelled as a secret key", one[:1] + b"\x12" + one[2:], refused="MalformedInput"),
    ]


def seal_unpadded(padded: bytes) -> bytes:
    """Return a body sealed rightly around padding that may be wrong, as a hostile holder of the key can."""
    nonce = bytes(range(12))
    sealer = cipher.make_cipher(RECORD, label=labels.VAULT_SEALED_BODY, context=HERE, salt=nonce)
    return envelope.join(content._BODY_FORM, sealer.commitment, nonce, sealer.seal(nonce, padded))


def make_sealed() -> list[Case]:
    """Sealed bodies and sealed keys, in the direction of opening."""
    body = "She said “do not tell Mum”.".encode()
    sealed = vault.seal_body(body, under=RECORD, context=HERE)

    def case(name: str, blob: bytes, /, **other: object) -> Case:
        usual = {"open_as": "body", "under": "content key", "key": RECORD.export_secret().hex(), "context": HERE.hex()}
        return {"name": name, **usual, "sealed": blob.hex(), **other}

    cases = [
        case("body", sealed, opened=body.hex()),
        case("empty body", vault.seal_body(b"", under=RECORD, context=HERE), opened=""),
        case("body of 256 bytes", vault.seal_body(bytes(256), under=RECORD, context=HERE), opened=bytes(256).hex()),
        case("unlock key", vault.seal_body(body, under=UNLOCK, context=HERE), under="unlock key", opened=body.hex()),
    ]
    places = {"commitment": 2, "nonce": 34, "ciphertext": 46, "tag": -1}
    cases += [case(name, blob, refused=why) for name, blob, why in spoil(sealed, places=places)]
    cases += [
        case("cut below the least", sealed[:317], refused="MalformedInput"),
        case("trailing byte", sealed + b"\x00", refused="WrongKey"),
        case("oversized", sealed, append_noughts=2**22 + 2**18, refused="TooLarge"),
        case("another key", sealed, key=OTHER.export_secret().hex(), refused="WrongKey"),
        case("same bytes as an unlock key", sealed, under="unlock key", refused="WrongKey"),
        case("another context", sealed, context=ELSEWHERE.hex(), refused="WrongKey"),
        case("padding without its mark", seal_unpadded(bytes(256)), refused="MalformedInput"),
        case("padding longer than needed", seal_unpadded(b"\x80" + bytes(271)), refused="MalformedInput"),
        case("padding not noughts", seal_unpadded(padding.pad(b"")[:-1] + b"\x01"), refused="MalformedInput"),
        case(
            "a sealed key taken for a body",
            vault.seal_secret(LEAD, under=RECORD, context=HERE),
            refused="MalformedInput",
        ),
    ]
    keys: dict[str, vault.SecretKey | vault.SigningKey | vault.ContentKey | vault.NoteKey]
    keys = {"secret key": LEAD, "signing key": SIGNER, "content key": OTHER, "note key": NOTE}
    for name, key in keys.items():
        blob = vault.seal_secret(key, under=UNLOCK, context=HERE)
        usual = {"open_as": name, "under": "unlock key"}
        cases += [
            case(name, blob, **usual, opened=key.export_secret().hex()),
            case(f"{name}: bit flipped", flip(blob, 50), **usual, refused="WrongKey"),
            case(f"{name}: cut short", blob[:-1], **usual, refused="MalformedInput"),
            case(f"{name}: trailing byte", blob + b"\x00", **usual, refused="MalformedInput"),
        ]
    note = vault.seal_secret(NOTE, under=UNLOCK, context=HERE)
    relabelled = note[:1] + b"\x33" + note[2:]
    usual = {"open_as": "content key", "under": "unlock key"}
    cases.append(case("note key taken for a content key", note, **usual, refused="MalformedInput"))
    return [*cases, case("note key relabelled as a content key", relabelled, **usual, refused="WrongKey")]


def make_streams() -> dict[str, Any]:
    """Sealed streams: a case takes byte ranges of a named stream, joins them, turns one bit or appends bytes."""
    plain = bytes(number * 7 % 256 for number in range(150_000))
    short = b"".join(vault.seal_stream([b"scan of a letter"], under=RECORD, context=HERE))
    long = b"".join(vault.seal_stream([plain], under=RECORD, context=HERE))
    head, step, end = 66, stream.CHUNK + 16, len(long)
    chunks = [[head, head + step], [head + step, head + 2 * step], [head + 2 * step, end]]
    start = [0, head]

    def case(name: str, /, **other: object) -> Case:
        return {"name": name, "stream": "long", "key": RECORD.export_secret().hex(), "context": HERE.hex(), **other}

    def refuse(name: str, why: str, /, *ranges: list[int], **other: object) -> Case:
        return case(name, take=list(ranges) or [[0, end]], refused=why, **other)

    cases = [
        case("short", stream="short", size=16, sha256=hashlib.sha256(b"scan of a letter").hexdigest()),
        case("three chunks", size=len(plain), sha256=hashlib.sha256(plain).hexdigest()),
        refuse("empty", "MalformedInput", [0, 0]),
        refuse("header cut short", "MalformedInput", [0, 65]),
        refuse("header alone", "MalformedInput", start),
        refuse("last chunk missing", "WrongKey", start, *chunks[:2]),
        refuse("last byte missing", "WrongKey", [0, end - 1]),
        refuse("ends inside a tag", "MalformedInput", [0, head + step + 16]),
        refuse("first chunk missing", "WrongKey", start, *chunks[1:]),
        refuse("chunks exchanged", "WrongKey", start, chunks[1], chunks[0], chunks[2]),
        refuse("chunk repeated", "WrongKey", start, chunks[0], *chunks),
        refuse("last chunk repeated", "WrongKey", start, *chunks, chunks[2]),
        refuse("trailing byte", "WrongKey", append="00"),
        refuse("bit flipped at the head of the salt", "WrongKey", flip=2),
        refuse("bit flipped at the end of the salt", "WrongKey", flip=33),
        refuse("bit flipped in the commitment", "WrongKey", flip=34),
        refuse("bit flipped in the first chunk", "WrongKey", flip=head),
        refuse("bit flipped in the last tag", "WrongKey", flip=end - 1),
        refuse("version 0", "MalformedInput", flip=0),
        refuse("another kind", "MalformedInput", flip=1),
    ]
    cases += [
        case("another key", refused="WrongKey") | {"key": OTHER.export_secret().hex()},
        case("another context", refused="WrongKey") | {"context": ELSEWHERE.hex()},
    ]
    blobs = {"short": short, "long": long}
    return {"streams": {name: base64.b64encode(blob).decode() for name, blob in blobs.items()}, "cases": cases}


def make_signatures() -> dict[str, Any]:
    """Signatures, in the direction of verifying. `ed25519` is what the first half must be: it is not random."""
    message = vault.canonical({"record": "record-1", "version": 2})
    good = vault.sign(SIGNER, label=labels.DECISION_MANIFEST, message=message)
    other = vault.SigningKey(bytes(range(64, 128)))
    theirs = vault.sign(other, label=labels.DECISION_MANIFEST, message=message)
    usual = {"key": SIGNER.verifying().raw.hex(), "label": labels.DECISION_MANIFEST, "message": message.hex()}

    def case(name: str, signature: bytes, /, **other: object) -> Case:
        return {"name": name, **usual, "signature": base64.b64encode(signature).decode(), **other}

    def refuse(name: str, signature: bytes, /, **other: object) -> Case:
        return case(name, signature, refused="SignatureInvalid", **other)

    places = {"Ed25519 half": 2, "Ed25519 half's end": 65, "ML-DSA half": 66, "ML-DSA half's end": -1}
    cases = [case("both halves", good, ed25519=good[2:66].hex())]
    cases += [refuse(name, blob) for name, blob, _ in spoil(good, places=places)]
    cases += [
        refuse("cut short", good[:-1]),
        refuse("trailing byte", good + b"\x00"),
        refuse("Ed25519 half alone", good[:66]),
        refuse("ML-DSA half blank", good[:66] + bytes(3309)),
        refuse("Ed25519 half blank", good[:2] + bytes(64) + good[66:]),
        refuse("Ed25519 half of another signer", theirs[:66] + good[66:]),
        refuse("another signer", theirs),
        refuse("another message", good) | {"message": (message + b" ").hex()},
        refuse("another label", good) | {"label": labels.CONCERN_MANIFEST},
    ]
    note, text = NOTE, b"log.example.org/county\n1\nAAAA\n"
    signed = vault.sign_note(note, text)
    notes = [{"name": "note", "secret": note.export_secret().hex(), "text": text.decode(), "signature": signed.hex()}]
    for name, blob, words in [
        ("bit flipped", flip(signed, 0), text),
        ("cut short", signed[:-1], text),
        ("trailing byte", signed + b"\x00", text),
        ("another text", signed, text + b"\n"),
    ]:
        notes.append(
            {**notes[0], "name": name, "text": words.decode(), "signature": blob.hex(), "refused": "SignatureInvalid"}
        )
    return {"cases": cases, "notes": notes}


def make_canonical() -> dict[str, Any]:
    """Canonical JSON, commitments and derived keys."""
    good = [
        "{}",
        "[]",
        "null",
        '"é"',
        '{"a":1,"b":[true,null]}',
        '{"\u20ac":1,"\U0001f600":2,"\ufb33":3}',
        "9007199254740991",
        '"\\u000f\\n"',
    ]
    bad = {
        "not JSON": "{",
        "empty": "",
        "space": '{"a": 1}',
        "keys out of order": '{"b":1,"a":2}',
        "key twice": '{"a":1,"a":1}',
        "float": "1.5",
        "whole float": "1.0",
        "exponent": "1e2",
        "not a number": "NaN",
        "number too great": "9007199254740992",
        "needless escape": '"\\u0061"',
        "broken Unicode": '"\\ud800"',
        "leading nought": "01",
        "trailing line": "{}\n",
        "minus nought": "-0",
    }
    cases: list[Case] = [{"name": text, "written": text.encode().hex()} for text in good]
    cases += [{"name": n, "written": text.encode().hex(), "refused": "MalformedInput"} for n, text in bad.items()]
    cases.append({"name": "too deep", "written": (b"[" * 40 + b"]" * 40).hex(), "refused": "TooLarge"})
    cases.append({"name": "not UTF-8", "written": b'"\xff"'.hex(), "refused": "MalformedInput"})
    blind, data, label = bytes(range(32)), b"a part", labels.PART_COMMITMENT
    made = {
        "label": label,
        "blind": blind.hex(),
        "data": data.hex(),
        "commitment": vault.commit(label, blind, data).hex(),
    }
    derived = [
        {"kind": key.KIND, "key": key.export_secret().hex(), "label": label, "derived": vault.derive(key, label).hex()}
        for key in (RECORD, UNLOCK, LEAD)
        for label in (labels.REQUEST_MAC, labels.BLIND_INDEX)
    ]
    return {"cases": cases, "commitments": [made], "derived": derived}


def show(keys: vault.UnlockKeys) -> Case:
    """Return the three keys in hex."""
    three = keys.encryption.export_secret().hex(), keys.signing.export_secret().hex()
    return {"verifier": keys.verifier.hex(), "encryption": three[0], "signing": three[1]}


def make_stretched() -> dict[str, Any]:
    """Stretched passphrases and codes. A cost of null is the cheap one for tests."""
    salt, cheap = bytes(range(16)), vault.Cost.for_tests()
    typed = {
        "six words": "otter lamp violin gravel mint hat",
        "spaces as a phone adds them": " otter  lamp violin gravel mint hat ",
        "accent composed": "caf\u00e9 au lait",
        "accent apart": "cafe\u0301 au lait",
        "case matters": "Otter lamp violin gravel mint hat",
    }
    phrases: list[Case] = [
        {
            "name": n,
            "passphrase": p,
            "salt": salt.hex(),
            "cost": None,
            **show(vault.stretch_passphrase(p, salt=salt, cost=cheap)),
        }
        for n, p in typed.items()
    ]
    six = typed["six words"]
    standard = show(vault.stretch_passphrase(six, salt=salt, cost=vault.STANDARD))
    phrases.append({"name": "standard cost", "passphrase": six, "salt": salt.hex(), "cost": [65536, 3, 1], **standard})

    def refuse(name: str, why: str, **other: object) -> Case:
        return {"name": name, "passphrase": six, "salt": salt.hex(), "cost": None, "refused": why} | other

    phrases += [
        refuse("empty", "MalformedInput", passphrase=""),
        refuse("only spaces", "MalformedInput", passphrase=" \t "),
        refuse("control character", "MalformedInput", passphrase="otter\x00lamp"),
        refuse("broken Unicode", "MalformedInput", passphrase="otter\ud800"),
        refuse("unassigned character", "MalformedInput", passphrase="otter\U000e0fff"),
        refuse("too long", "TooLarge", passphrase="x" * 1025),
        refuse("too long in UTF-8", "TooLarge", passphrase="é" * 513),
        refuse("salt cut short", "MalformedInput", salt=salt[:15].hex()),
        refuse("salt too long", "MalformedInput", salt="00" * 17),
        refuse("too little memory", "WeakCost", cost=[65535, 3, 1]),
        refuse("too few passes", "WeakCost", cost=[65536, 2, 1]),
        refuse("no lanes", "WeakCost", cost=[65536, 3, 0]),
        refuse("too much memory", "TooLarge", cost=[1048577, 3, 1]),
        refuse("too many passes", "TooLarge", cost=[65536, 17, 1]),
        refuse("too many lanes", "TooLarge", cost=[65536, 3, 9]),
    ]
    codes: list[Case] = [
        {
            "name": label,
            "secret": bytes(range(20)).hex(),
            "label": label,
            **show(vault.stretch_code(bytes(range(20)), label=label)),
        }
        for label in (labels.RECOVERY_CODE, labels.API_TOKEN)
    ]
    codes.append({"name": "short", "secret": "00" * 15, "label": labels.API_TOKEN, "refused": "MalformedInput"})
    codes.append({"name": "long", "secret": "00" * 257, "label": labels.API_TOKEN, "refused": "TooLarge"})
    codes.append({"name": "label off grammar", "secret": "00" * 20, "label": "api-token", "refused": "MalformedInput"})
    return {"passphrases": phrases, "codes": codes}


def make_recovery_codes() -> list[Case]:
    """Recovery codes, in the direction of parsing."""
    secret = bytes(range(20))
    code = recovery.spell_recovery_code(secret)
    ones_secret = b"\x08\x42\x10\x84\x21" * 4
    ones = recovery.spell_recovery_code(ones_secret)
    good = {
        "as printed": code,
        "lower case": code.lower(),
        "no hyphens": code.replace("-", ""),
        "spaces": code.replace("-", " "),
        "O for nought": code.replace("0", "O"),
        "o for nought": code.replace("0", "o"),
        "hyphens anywhere": "-".join(code),
    }
    cases: list[Case] = [{"name": name, "code": typed, "secret": secret.hex()} for name, typed in good.items()]
    cases += [
        {"name": f"{letter} for one", "code": ones.replace("1", letter), "secret": ones_secret.hex()}
        for letter in "IiLl"
    ]
    last = code[-1]
    bad = {
        "empty": "",
        "cut short": code[:-1],
        "one more": code + "0",
        "U": "U" + code[1:],
        "wrong first symbol": "1" + code[1:],
        "wrong check": code[:-1] + ("1" if last != "1" else "2"),
        "two exchanged": swap_last(code),
        "check beyond the prime": code[:-4] + "ZZZ",
        "dash of a word processor": code.replace("-", "\u2013"),
        "dotless i for one": ones.replace("1", "\u0131"),
        "full width": code.replace("A", "\uff21") + "\uff10",
        "line break": code + "\n",
        "all noughts with a wrong check": "0" * 34 + "1",
    }
    cases += [{"name": name, "code": typed, "refused": "MalformedInput"} for name, typed in bad.items()]
    return [*cases, {"name": "oversized", "code": "0" * 129, "refused": "TooLarge"}]


def swap_last(code: str) -> str:
    """Return `code` with the last two unlike neighbours exchanged."""
    symbols = list(code)
    for place in reversed(range(1, len(symbols))):
        if symbols[place] != symbols[place - 1] and "-" not in (symbols[place], symbols[place - 1]):
            symbols[place], symbols[place - 1] = symbols[place - 1], symbols[place]
            break
    return "".join(symbols)


def main() -> None:
    """Write every file anew."""
    files: dict[str, list[Case] | dict[str, Any]] = {
        "context": make_contexts(),
        "keys": make_keys(),
        "wrapped-key": make_wrapped_keys(),
        "sealed-body": make_sealed(),
        "sealed-stream": make_streams(),
        "signature": make_signatures(),
        "canonical": make_canonical(),
        "stretch": make_stretched(),
        "recovery-code": make_recovery_codes(),
    }
    for name, made in files.items():
        whole = made if isinstance(made, dict) else {"cases": made}
        text = json.dumps({"format": f"docs/formats, {name}, version 1", **whole}, indent=1)
        (FOLDER / f"vault-{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
