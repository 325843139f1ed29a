"""A checkpoint is a signed note any C2SP reader knows, read in one way only."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import vault
from audit import checkpoint, errors, merkle

SECRET = vault.NoteKey(bytes(range(32)))
KEY = checkpoint.LogKey("confer.example.org/log", SECRET.verifying())
ROOT = merkle.hash_leaf(b"root")
NOTE = checkpoint.sign(7, ROOT, origin=KEY.name, key=SECRET)


def test_a_checkpoint_says_what_was_signed() -> None:
    one = checkpoint.parse(NOTE)
    checkpoint.verify(one, KEY)
    assert (one.origin, one.size, one.root) == (KEY.name, 7, ROOT)


def test_a_checkpoint_is_the_note_of_the_specification() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [KEY.name, "7", base64.b64encode(ROOT).decode(), ""]
    dash, name, encoded = lines[4].split(" ")
    assert (dash, name, lines[5:]) == ("\u2014", KEY.name, [""])
    signature = base64.b64decode(encoded)[4:]
    # Another implementation of Ed25519's own call, over the text up to and with its last line end.
    Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().verify(
        signature, "\n".join([*lines[:3], ""]).encode()
    )


def test_a_key_survives_its_line() -> None:
    assert checkpoint.parse_key(KEY.format() + "\n").format() == KEY.format()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "confer.example.org/log",
        KEY.format().replace("confer.example.org", "confer.example.com"),
        KEY.format()[:-4],
        KEY.format() + "AAAA",
        "two words" + KEY.format(),
    ],
)
def test_a_line_that_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(errors.NoteMalformed):
        checkpoint.parse_key(line)


def test_any_changed_character_is_refused() -> None:
    for place in range(len(NOTE)):
        changed = NOTE[:place] + chr(ord(NOTE[place]) ^ 1) + NOTE[place + 1 :]
        with pytest.raises((errors.NoteMalformed, errors.ProofInvalid)):
            checkpoint.verify(checkpoint.parse(changed), KEY)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        NOTE[:-1],
        NOTE.replace("\n7\n", "\n07\n"),
        NOTE.replace("\n7\n", "\n-7\n"),
        NOTE.replace("\n7\n", "\n\u0667\n"),
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("\n", "\r\n"),
        NOTE + "\n",
        NOTE + "a line that signs nothing\n",
        NOTE * 700,
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(errors.NoteMalformed):
        checkpoint.parse(note)


def test_a_witness_may_add_its_line() -> None:
    line = f"\u2014 witness.example.org {base64.b64encode(bytes(76)).decode()}\n"
    for note in (NOTE + line, NOTE.replace("\n\n", f"\n\n{line}")):
        checkpoint.verify(checkpoint.parse(note), KEY)


def test_another_logs_checkpoint_is_refused() -> None:
    other = vault.make_note_key()
    for note, reason in [
        (checkpoint.sign(7, ROOT, origin=KEY.name, key=other), "not signed by this log"),
        (checkpoint.sign(7, ROOT, origin="other.example.org/log", key=SECRET), "another log"),
    ]:
        with pytest.raises(errors.ProofInvalid, match=reason):
            checkpoint.verify(checkpoint.parse(note), KEY)


def test_notes_are_told_apart_in_one_text() -> None:
    other = checkpoint.sign(9, ROOT, origin=KEY.name, key=SECRET)
    for text in (NOTE + "\n" + other + "\n", NOTE + other, "\n" + NOTE + "\n\n" + other):
        assert [checkpoint.parse(note).size for note in checkpoint.split_notes(text)] == [7, 9]
