r"""The Merkle tree of RFC 9162, section 2.1: hashes, roots, a frontier to grow by, and proofs with their verification.

 root (7 leaves)           A tree of n leaves splits after the largest power of two below n. Its frontier is the
    /        \            roots of the complete subtrees at its left edge, one for each bit of n: here 4 + 2 + 1.
  4 leaves   (3)           Growing by one leaf, or finding the root, needs the frontier only, so numbering costs the
  / \        / \         same whatever the size of the log.
...  ...   2   1
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit import errors

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def hash_leaf(data: bytes) -> bytes:
    """Return the 32-byte hash of a leaf's bytes. The prefix keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of a node from its children's."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed to grow a tree: its size and the roots of its complete subtrees, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a frontier that cannot be: one 32-byte hash for each bit of the size."""
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError("A frontier has one hash for each bit of its size.")
        if any(len(one) != HASH_SIZE for one in self.hashes):
            raise ValueError("A frontier's hashes have 32 bytes each.")

    def append(self, leaf_hash: bytes) -> "Frontier":
        """Return the frontier after one more leaf."""
        hashes, joined = list(self.hashes), leaf_hash
        size = self.size
        while size & 1:
            joined = hash_children(hashes.pop(), joined)
            size >>= 1
        return Frontier(self.size + 1, (*hashes, joined))

    def root(self) -> bytes:
        """Return the tree's root."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for one in reversed(self.hashes[:-1]):
            root = hash_children(one, root)
        return root

    def dump(self) -> bytes:
        """Return the hashes one after another, as the checkpoint's row keeps them."""
        return b"".join(self.hashes)


def load_frontier(size: int, data: bytes) -> Frontier:
    """Return the frontier that `dump` wrote. Raises ValueError if it does not fit the size."""
    return Frontier(size, tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)))


def find_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.root()


def prove_inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the path that shows the leaf at this index to be in the tree (section 2.1.3.1). Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError("There is no such leaf.")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*prove_inclusion(leaves[:split], index), find_root(leaves[split:])]
    return [*prove_inclusion(leaves[split:], index - split), find_root(leaves[:split])]


def prove_consistency(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return the proof that the tree of the first `old_size` leaves is a beginning of this one (section 2.1.4.1)."""
    if not 0 < old_size <= len(leaves):
        raise IndexError("A consistency proof starts from a tree with leaves, no larger than this one.")
    return _prove_subtree(leaves, old_size, is_whole=True)


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ProofInvalid unless the path leads from the leaf hash at this index to the root (section 2.1.3.2)."""
    if not 0 <= index < size:
        raise errors.ProofInvalid("The leaf's index is not within the tree.")
    node, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise errors.ProofInvalid("The path is too long.")
        if node & 1 or node == last:
            found = hash_children(step, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = hash_children(found, step)
        node, last = node >> 1, last >> 1
    if last != 0 or found != root:
        raise errors.ProofInvalid("The path does not lead from this leaf to this root.")


def verify_consistency(  # noqa: C901 - the RFC's own steps, in its own order
    *, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofInvalid unless the proof shows the old tree to be a beginning of the new one (section 2.1.4.2)."""
    if not 0 < old_size <= size:
        raise errors.ProofInvalid("A consistency proof starts from a tree with leaves, no larger than the other.")
    if old_size == size:
        if proof or old_root != root:
            raise errors.ProofInvalid("Trees of one size must have one root, and need no proof.")
        return
    # A complete old tree is itself the first node, and the proof leaves it out.
    steps = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not steps:
        raise errors.ProofInvalid("The proof is empty.")
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_found = new_found = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise errors.ProofInvalid("The proof is too long.")
        if node & 1 or node == last:
            old_found, new_found = hash_children(step, old_found), hash_children(step, new_found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_found = hash_children(new_found, step)
        node, last = node >> 1, last >> 1
    if last != 0 or old_found != old_root or new_found != root:
        raise errors.ProofInvalid("The proof does not connect these two roots.")


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _prove_subtree(leaves: Sequence[bytes], old_size: int, *, is_whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        # The verifier knows the old root already, but not the root of a part of the old tree.
        return [] if is_whole else [find_root(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_prove_subtree(leaves[:split], old_size, is_whole=is_whole), find_root(leaves[split:])]
    return [*_prove_subtree(leaves[split:], old_size - split, is_whole=False), find_root(leaves[:split])]
