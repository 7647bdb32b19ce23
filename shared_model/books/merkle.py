"""The Merkle tree of RFC 9162, section 2.1 (the same as RFC 6962): roots, proofs, and what checks them.

A `Tree` is the coordinator's or an auditor's; `includes` and `extends` take only what a device has.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """Leaf hashes and the roots of all perfect subtrees that are complete: an append and a proof cost O(log n)."""

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for each in leaf_hashes:
            self.append(each)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, hashed: bytes) -> None:
        """Add one leaf by its `leaf_hash`."""
        height = 0
        self._levels[0].append(hashed)
        while len(self._levels[height]) % 2 == 0:
            left, right = self._levels[height][-2:]
            height += 1
            if height == len(self._levels):
                self._levels.append([])
            self._levels[height].append(node_hash(left, right))

    def root(self, size: int | None = None) -> bytes:
        """Of the first `size` leaves, all by default. Raises IndexError beyond them."""
        size = len(self) if size is None else size
        self._require(0 <= size <= len(self))
        return self._root(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        """PATH(index, D[0:size]) of section 2.1.3. Raises IndexError unless 0 <= index < size <= len(self)."""
        self._require(0 <= index < size <= len(self))
        path: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._root(middle, high))
                high = middle
            else:
                path.append(self._root(low, middle))
                low = middle
        return tuple(reversed(path))

    def consistency_proof(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """PROOF(old_size, D[0:size]) of section 2.1.4; empty from no leaves and from all of them.

        Raises IndexError unless 0 <= old_size <= size <= len(self).
        """
        self._require(0 <= old_size <= size <= len(self))
        if old_size in (0, size):
            return ()
        path: list[bytes] = []
        low, high = 0, size
        while high != old_size:
            middle = low + _split(high - low)
            if old_size <= middle:
                path.append(self._root(middle, high))
                high = middle
            else:
                path.append(self._root(low, middle))
                low = middle
        if low:  # else the verifier has this root: it is the old one
            path.append(self._root(low, high))
        return tuple(reversed(path))

    def _root(self, low: int, high: int) -> bytes:
        """Of the leaves low to high - 1, where `low` is a multiple of the largest power of two that fits."""
        width = high - low
        if width & (width - 1) == 0:
            height = width.bit_length() - 1
            return self._levels[height][low >> height]
        middle = low + _split(width)
        return node_hash(self._root(low, middle), self._root(middle, high))

    def _require(self, within: bool) -> None:
        if not within:
            raise IndexError(f"the tree has {len(self)} leaves")


def includes(leaf: bytes, proof: Sequence[bytes], *, index: int, size: int, root: bytes) -> bool:
    """Whether `proof` shows `leaf` at `index` of the `size` leaves below `root` (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, second, hashed = index, size - 1, leaf_hash(leaf)
    for step in proof:
        if second == 0:
            return False
        if first & 1 or first == second:
            hashed = node_hash(step, hashed)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            hashed = node_hash(hashed, step)
        first, second = first >> 1, second >> 1
    return second == 0 and hashed == root


def extends(proof: Sequence[bytes], *, old_size: int, old_root: bytes, size: int, root: bytes) -> bool:
    """Whether `proof` shows that the tree under `root` begins with the one under `old_root` (section 2.1.4.2)."""
    if not 0 <= old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    first, second = old_size - 1, size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    old, new = path[0], path[0]
    for step in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            old, new = node_hash(step, old), node_hash(step, new)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            new = node_hash(new, step)
        first, second = first >> 1, second >> 1
    return second == 0 and old == old_root and new == root


def _split(width: int) -> int:
    """The largest power of two below `width` >= 2."""
    return int(1 << (width - 1).bit_length() - 1)
