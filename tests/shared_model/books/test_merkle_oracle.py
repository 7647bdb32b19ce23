"""Against pymerkle, an independent implementation (GPL, so that only tests use it)."""

import pymerkle
import pytest
from pymerkle.hasher import MerkleHasher

from shared_model.books.merkle import Tree, extends, includes, leaf_hash

LEAVES = [f"leaf {number}".encode() for number in range(21)]


@pytest.fixture(scope="module")
def theirs():
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in LEAVES:
        tree.append_entry(leaf)
    return tree


def test_leaf_hashes_and_roots_agree(theirs):
    ours, hasher = Tree(map(leaf_hash, LEAVES)), MerkleHasher("sha256", security=True)
    for size in range(1, len(LEAVES) + 1):
        assert leaf_hash(LEAVES[size - 1]) == hasher.hash_buff(LEAVES[size - 1])
        assert ours.root(size) == theirs.get_root(size)


def test_their_verifier_takes_our_roots_for_their_proofs(theirs):
    ours = Tree(map(leaf_hash, LEAVES))
    for size in range(2, len(LEAVES) + 1):
        for index in range(size):
            proof = theirs.prove_inclusion(index + 1, size)
            pymerkle.verify_inclusion(leaf_hash(LEAVES[index]), ours.root(size), proof)
            assert includes(
                LEAVES[index], ours.inclusion_proof(index, size), index=index, size=size, root=theirs.get_root(size)
            )


def test_our_verifier_takes_our_proofs_for_their_roots(theirs):
    ours = Tree(map(leaf_hash, LEAVES))
    for size in range(2, len(LEAVES) + 1):
        for old in range(1, size):
            pymerkle.verify_consistency(ours.root(old), ours.root(size), theirs.prove_consistency(old, size))
            proof = ours.consistency_proof(old, size)
            roots = {"old_root": theirs.get_root(old), "root": theirs.get_root(size)}
            assert extends(proof, old_size=old, size=size, **roots)
