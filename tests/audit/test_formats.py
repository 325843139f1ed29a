"""What the format documents show is what the code reads and writes."""

import re
from pathlib import Path

from audit import checkpoint, leaf, merkle, verify
from tests.audit import chain

FORMATS = Path(__file__).resolve().parents[2] / "docs" / "formats"
LEAVES = chain.make_leaves([["C-1", "C-2"], ["C-2"]])


def read_block(document: str, language: str) -> str:
    """Return the last block of this language in a format's document."""
    text = (FORMATS / f"{document}.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return blocks[-1]


def test_the_leaves_shown_are_leaves_with_the_hashes_shown() -> None:
    lines = read_block("leaf", "json").encode().splitlines()
    assert [leaf.decode(line) for line in lines] == LEAVES
    hashes = (FORMATS / "leaf.md").read_text(encoding="utf-8").rpartition("have the hashes")[2].split()
    assert hashes[1:3] == [merkle.hash_leaf(line).hex() for line in lines]


def test_the_checkpoint_shown_is_of_those_leaves() -> None:
    key = checkpoint.parse_key(read_block("checkpoint", "key"))
    held = verify.read_held([read_block("checkpoint", "note")])
    found = verify.verify_lines([leaf.encode(one) for one in LEAVES], key=key, held=held)
    assert (found.size, found.held) == (2, 1)
    assert read_block("checkpoint", "note") == chain.sign_state(LEAVES, 2)
