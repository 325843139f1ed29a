"""The tree is the RFC's, whatever its size, and no proof can be bent."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import errors, merkle

LEAVES = [merkle.hash_leaf(bytes([n])) for n in range(70)]


def naive_root(leaves: list[bytes]) -> bytes:
    """Section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


@given(st.lists(st.binary(max_size=40), max_size=90))
def test_growing_leaf_by_leaf_gives_the_recursive_root(data: list[bytes]) -> None:
    leaves = [merkle.hash_leaf(one) for one in data]
    assert merkle.find_root(leaves) == naive_root(leaves)


@given(st.integers(0, 70))
def test_a_frontier_survives_its_row(size: int) -> None:
    frontier = merkle.Frontier()
    for leaf in LEAVES[:size]:
        frontier = frontier.append(leaf)
    assert merkle.load_frontier(size, frontier.dump()) == frontier


@pytest.mark.parametrize(("size", "length"), [(3, 32), (4, 64), (0, 32), (1, 31)])
def test_a_frontier_of_another_size_is_refused(size: int, length: int) -> None:
    with pytest.raises(ValueError, match="frontier"):
        merkle.load_frontier(size, bytes(length))


def test_a_node_is_never_taken_for_a_leaf() -> None:
    left, right = LEAVES[:2]
    assert merkle.hash_leaf(left + right) != merkle.hash_children(left, right)


@given(st.data())
def test_every_leaf_is_proved_and_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    root, path = naive_root(leaves), merkle.prove_inclusion(leaves, index)
    merkle.verify_inclusion(leaf=leaves[index], index=index, size=size, path=path, root=root)
    for bent in _bend(path):
        with pytest.raises(errors.ProofInvalid):
            merkle.verify_inclusion(leaf=leaves[index], index=index, size=size, path=bent, root=root)
    for other in {index - 1, index + 1, size}:
        with pytest.raises(errors.ProofInvalid):
            merkle.verify_inclusion(leaf=leaves[index], index=other, size=size, path=path, root=root)
    with pytest.raises(errors.ProofInvalid):
        merkle.verify_inclusion(leaf=merkle.hash_leaf(b"other"), index=index, size=size, path=path, root=root)


@given(st.data())
def test_a_later_tree_is_proved_to_go_on_from_an_earlier_one(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    old_size = data.draw(st.integers(1, size))
    leaves = LEAVES[:size]
    old_root, root = naive_root(leaves[:old_size]), naive_root(leaves)
    proof = merkle.prove_consistency(leaves, old_size)
    merkle.verify_consistency(old_size=old_size, old_root=old_root, size=size, root=root, proof=proof)
    forged = merkle.hash_leaf(b"forged")
    for bent in _bend(proof):
        with pytest.raises(errors.ProofInvalid):
            merkle.verify_consistency(old_size=old_size, old_root=old_root, size=size, root=root, proof=bent)
    with pytest.raises(errors.ProofInvalid):
        merkle.verify_consistency(old_size=old_size, old_root=forged, size=size, root=root, proof=proof)
    with pytest.raises(errors.ProofInvalid):
        merkle.verify_consistency(old_size=old_size, old_root=old_root, size=size, root=forged, proof=proof)


def test_a_rewritten_tree_is_not_proved_to_go_on() -> None:
    rewritten = [merkle.hash_leaf(b"rewritten"), *LEAVES[1:12]]
    proof = merkle.prove_consistency(rewritten, 7)
    with pytest.raises(errors.ProofInvalid):
        merkle.verify_consistency(
            old_size=7, old_root=naive_root(LEAVES[:7]), size=12, root=naive_root(rewritten), proof=proof
        )


def test_there_is_no_proof_from_nothing_or_from_the_future() -> None:
    for old_size in (0, 4):
        with pytest.raises(IndexError):
            merkle.prove_consistency(LEAVES[:3], old_size)
        with pytest.raises(errors.ProofInvalid):
            merkle.verify_consistency(old_size=old_size, old_root=b"", size=3, root=b"", proof=[])
    with pytest.raises(IndexError):
        merkle.prove_inclusion(LEAVES[:3], 3)


def _bend(path: list[bytes]) -> list[list[bytes]]:
    """Every proof a step short, a step long, or with one step changed."""
    bent = [[*path, LEAVES[0]]]
    if path:
        bent.append(path[:-1])
        bent.extend([*path[:n], merkle.hash_leaf(step), *path[n + 1 :]] for n, step in enumerate(path))
    return bent
