"""A small log made in memory, for tests that need no database."""

from collections.abc import Sequence

import vault
from audit import checkpoint, leaf, merkle

SECRET = vault.NoteKey(bytes(range(32)))
KEY = checkpoint.LogKey("confer.example.org/log", SECRET.verifying())
PARTY = "team:00000000-0000-4000-8000-000000000001"


def make_leaves(records: Sequence[Sequence[str]]) -> list[leaf.Leaf]:
    """Return one leaf for each list of records, numbered as they must be."""
    heads: dict[str, tuple[int, int]] = {}
    leaves = []
    for index, concerned in enumerate(records):
        numbers = []
        for record in concerned:
            last, before = heads.get(record, (0, None))
            numbers.append((record, last + 1, before))
            heads[record] = (last + 1, index)
        leaves.append(
            leaf.Leaf(
                index=index,
                id=index + 1,
                at=1_795_000_000_000_000 + index,
                person="ada",
                team="",
                agency="",
                event="record:opened",
                outcome="done",
                records=tuple(concerned),
                parties=(PARTY,),
                detail="",
                nonce=bytes([index]) * 16,
                why=bytes(32) if index % 2 else None,
                request="",
                numbers=tuple(numbers),
            )
        )
    return leaves


def sign_state(leaves: Sequence[leaf.Leaf], size: int) -> str:
    """Return the checkpoint of the first `size` leaves."""
    root = merkle.find_root([leaf.hash_leaf(one) for one in leaves[:size]])
    return checkpoint.sign(size, root, origin=KEY.name, key=SECRET)
