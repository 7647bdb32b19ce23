"""One proof of several leaves, against the single proofs of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.books.merkle import Tree, includes, leaf_hash
from shared_model.books.multiproof import includes_all, multiproof, multiproof_hashes

SIZES = st.integers(1, 40)


def leaf(index: int) -> bytes:
    return b"leaf %d" % index


def tree_of(size: int) -> Tree:
    return Tree(leaf_hash(leaf(index)) for index in range(size))


def proved(size: int, indices: set[int]) -> tuple[dict[int, bytes], tuple[bytes, ...], bytes]:
    tree = tree_of(size)
    paths = {index: tree.inclusion_proof(index, size) for index in indices}
    return {index: leaf(index) for index in indices}, multiproof(paths, size=size), tree.root()


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, set[int]]:
    size = draw(SIZES)
    return size, draw(st.sets(st.integers(0, size - 1), min_size=1))


@given(cases())
def test_every_set_of_leaves_is_proved_and_by_no_more_hashes_than_one_by_one(case: tuple[int, set[int]]) -> None:
    size, indices = case
    leaves, proof, root = proved(size, indices)
    assert includes_all(leaves, proof, size=size, root=root)
    assert len(proof) == multiproof_hashes(indices, size=size)
    tree = tree_of(size)
    assert len(set(proof)) == len(proof) <= sum(len(tree.inclusion_proof(index, size)) for index in indices)


@given(SIZES, st.data())
def test_of_one_leaf_it_holds_where_the_single_proof_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves, proof, root = proved(size, {index})
    single = tree_of(size).inclusion_proof(index, size)
    assert sorted(proof) == sorted(single)
    assert includes(leaf(index), single, index=index, size=size, root=root)
    assert includes_all(leaves, proof, size=size, root=root)


def test_of_all_leaves_nothing_is_left_to_say() -> None:
    leaves, proof, root = proved(13, set(range(13)))
    assert proof == ()
    assert includes_all(leaves, (), size=13, root=root)


@given(cases(), st.data())
def test_a_flipped_bit_anywhere_makes_it_fail(case: tuple[int, set[int]], data: st.DataObject) -> None:
    size, indices = case
    leaves, proof, root = proved(size, indices)
    whole = [*leaves.values(), *proof, root]
    part = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 8 * len(whole[part]) - 1))
    flipped = bytearray(whole[part])
    flipped[bit // 8] ^= 1 << bit % 8
    whole[part] = bytes(flipped)
    changed = dict(zip(leaves, whole, strict=False))
    assert not includes_all(changed, whole[len(leaves) : -1], size=size, root=whole[-1])


@given(cases(), st.data())
def test_another_leaf_in_a_place_is_not_included(case: tuple[int, set[int]], data: st.DataObject) -> None:
    size, indices = case
    leaves, proof, root = proved(size, indices)
    index = data.draw(st.sampled_from(sorted(indices)))
    for other in (leaf(size), leaf((index + 1) % size) if size > 1 else b""):
        assert not includes_all(leaves | {index: other}, proof, size=size, root=root)


@given(cases())
def test_a_proof_of_another_length_or_order_fails(case: tuple[int, set[int]]) -> None:
    size, indices = case
    leaves, proof, root = proved(size, indices)
    assert not includes_all(leaves, (*proof, bytes(32)), size=size, root=root)
    if proof:
        assert not includes_all(leaves, proof[:-1], size=size, root=root)
    if len(proof) > 1:
        assert not includes_all(leaves, proof[::-1], size=size, root=root)


@pytest.mark.parametrize("indices", [[], [5], [-1]])
def test_no_leaf_and_leaves_beyond_the_tree_are_not_included(indices: list[int]) -> None:
    tree = tree_of(5)
    assert not includes_all({index: leaf(index) for index in indices}, (), size=5, root=tree.root())
