import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.books.merkle import EMPTY_ROOT, Tree, extends, includes, leaf_hash, node_hash

# the leaves and roots of the Certificate Transparency reference implementation (merkletree tests)
KNOWN_LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = st.lists(st.binary(max_size=8), max_size=40)


def tree_of(leaves):
    return Tree(map(leaf_hash, leaves))


def slow_root(leaves):
    """MTH of RFC 9162, section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + slow_root(leaves[:k]) + slow_root(leaves[k:])).digest()


def slow_path(index, leaves):
    """PATH of section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if index < k:
        return [*slow_path(index, leaves[:k]), slow_root(leaves[k:])]
    return [*slow_path(index - k, leaves[k:]), slow_root(leaves[:k])]


def slow_consistency(m, leaves, whole=True):
    """SUBPROOF of section 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [slow_root(leaves)]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m <= k:
        return [*slow_consistency(m, leaves[:k], whole), slow_root(leaves[k:])]
    return [*slow_consistency(m - k, leaves[k:], False), slow_root(leaves[:k])]


def test_the_known_roots_of_the_known_leaves():
    tree = Tree()
    assert tree.root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for leaf, root in zip(KNOWN_LEAVES, KNOWN_ROOTS, strict=True):
        tree.append(leaf_hash(leaf))
        assert tree.root().hex() == root
    assert [tree.root(size).hex() for size in range(1, 9)] == KNOWN_ROOTS


@given(LEAVES)
def test_roots_are_those_of_the_definition(leaves):
    tree = tree_of(leaves)
    assert len(tree) == len(leaves)
    for size in range(len(leaves) + 1):
        assert tree.root(size) == slow_root(leaves[:size])


@given(LEAVES.filter(bool), st.data())
def test_an_inclusion_proof_is_that_of_the_definition_and_holds(leaves, data):
    tree = tree_of(leaves)
    size = data.draw(st.integers(1, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index, size)
    assert list(proof) == slow_path(index, leaves[:size])
    assert includes(leaves[index], proof, index=index, size=size, root=tree.root(size))


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40, unique=True), st.data())
def test_a_flipped_bit_anywhere_makes_an_inclusion_proof_fail(leaves, data):
    tree = tree_of(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    whole = [leaves[index], tree.root(), *tree.inclusion_proof(index, len(leaves))]
    part = data.draw(st.integers(0, len(whole) - 1).filter(lambda n: whole[n]))
    bit = data.draw(st.integers(0, 8 * len(whole[part]) - 1))
    flipped = bytearray(whole[part])
    flipped[bit // 8] ^= 1 << bit % 8
    whole[part] = bytes(flipped)
    leaf, root, *proof = whole
    assert not includes(leaf, proof, index=index, size=len(leaves), root=root)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40, unique=True), st.data())
def test_a_proof_for_another_place_or_of_another_length_fails(leaves, data):
    tree = tree_of(leaves)
    size, root = len(leaves), tree.root()
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index, size)
    other = data.draw(st.integers(-2, size + 2).filter(lambda n: n != index))
    assert not includes(leaves[index], proof, index=other, size=size, root=root)
    assert not includes(leaves[index], (*proof, bytes(32)), index=index, size=size, root=root)
    if proof:
        assert not includes(leaves[index], proof[:-1], index=index, size=size, root=root)


def test_every_tree_extends_every_smaller_one_and_the_proof_is_that_of_the_definition():
    leaves = [str(number).encode() for number in range(20)]
    tree = tree_of(leaves)
    for size in range(21):
        for old in range(size + 1):
            proof = tree.consistency_proof(old, size)
            sizes = {"old_size": old, "size": size}
            roots = {"old_root": tree.root(old), "root": tree.root(size)}
            assert list(proof) == (slow_consistency(old, leaves[:size]) if old else [])
            assert extends(proof, **sizes, **roots)
            assert not extends((*proof, bytes(32)), **sizes, **roots)
            assert not extends(proof, **sizes, **(roots | {"old_root": node_hash(b"", b"")}))
            assert not extends(proof, **sizes, **(roots | {"root": node_hash(b"", b"")})) or old == 0
            for place in range(len(proof)):
                flipped = (*proof[:place], bytes([proof[place][0] ^ 1]) + proof[place][1:], *proof[place + 1 :])
                assert not extends(flipped, **sizes, **roots)


@pytest.mark.parametrize("changed", range(7))
def test_a_log_in_which_an_old_leaf_was_changed_extends_nothing(changed):
    leaves = [str(number).encode() for number in range(11)]
    honest, rewritten = tree_of(leaves), tree_of([*leaves[:changed], b"another", *leaves[changed + 1 :]])
    proof = rewritten.consistency_proof(7, 11)
    assert not extends(proof, old_size=7, old_root=honest.root(7), size=11, root=rewritten.root())


@given(st.integers(-1, 40), st.integers(-1, 40), st.lists(st.binary(min_size=32, max_size=32), max_size=8), st.binary())
def test_no_proof_whatever_crashes_a_verifier(one, two, proof, leaf):
    assert not includes(leaf, proof, index=one, size=two, root=b"\x00" * 32)
    extends(proof, old_size=one, old_root=b"\x01" * 32, size=two, root=b"\x00" * 32)


def test_beyond_the_tree_there_is_no_proof():
    tree = tree_of(KNOWN_LEAVES)
    for ask in (
        lambda: tree.root(9),
        lambda: tree.inclusion_proof(8, 8),
        lambda: tree.inclusion_proof(0, 9),
        lambda: tree.consistency_proof(5, 4),
        lambda: tree.consistency_proof(-1, 4),
    ):
        with pytest.raises(IndexError, match="8 leaves"):
            ask()
