"""One proof of several leaves of the Merkle tree of RFC 9162: each hash above them stands in it once, if at all.

What two paths share is left out, and what follows from the leaves, too. The hashes that are left come in the order in
which the tree is walked, left before right, and how many they are follows from positions and size: a proof is of one
length and has one spelling.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from shared_model.books.merkle import leaf_hash, node_hash


def multiproof(paths: Mapping[int, Sequence[bytes]], *, size: int) -> tuple[bytes, ...]:
    """The proof of all leaves whose single proofs (`Tree.inclusion_proof`, for `size` leaves) are `paths`, by index."""

    def walk(low: int, high: int, within: list[int], depth: int) -> Iterator[bytes]:
        if high - low == 1:
            return
        for start, end, inside, others in _halves(low, high, within):
            if inside:
                yield from walk(start, end, inside, depth + 1)
            else:  # it is what the path of any leaf beside it has at this depth; paths begin at the leaf
                yield paths[others[0]][-1 - depth]

    return tuple(walk(0, size, sorted(paths), 0))


def multiproof_hashes(indices: Collection[int], *, size: int) -> int:
    """How many hashes a proof of these distinct leaves, in any order, has. Each is from 0 to below `size`."""

    def count(low: int, high: int, within: list[int]) -> int:
        if not within:
            return 1
        if high - low == 1:
            return 0
        return sum(count(start, end, inside) for start, end, inside, _ in _halves(low, high, within))

    return count(0, size, sorted(indices))


def includes_all(leaves: Mapping[int, bytes], proof: Sequence[bytes], *, size: int, root: bytes) -> bool:
    """Whether `proof` shows all of `leaves`, by index, among the `size` leaves below `root`; some leaf is asked for."""
    if not leaves or not all(0 <= index < size for index in leaves):
        return False
    if len(proof) != multiproof_hashes(leaves.keys(), size=size):
        return False
    left = iter(proof)

    def rebuilt(low: int, high: int, within: list[int]) -> bytes:
        if not within:
            return next(left)
        if high - low == 1:
            return leaf_hash(leaves[low])
        first, second = (rebuilt(start, end, inside) for start, end, inside, _ in _halves(low, high, within))
        return node_hash(first, second)

    return rebuilt(0, size, sorted(leaves)) == root


def _halves(low: int, high: int, within: list[int]) -> Iterator[tuple[int, int, list[int], list[int]]]:
    """Both subtrees below the one of leaves low to high - 1, with what of `within` is in them, and what is not."""
    middle = low + (1 << (high - low - 1).bit_length() - 1)
    left, right = [each for each in within if each < middle], [each for each in within if each >= middle]
    yield low, middle, left, right
    yield middle, high, right, left
