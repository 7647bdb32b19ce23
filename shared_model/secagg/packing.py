"""Numbers below 2^b on the wire: b bits each, the lowest first, without a gap. Letters: d numbers, b bits."""

import numpy as np
from numpy.typing import NDArray


def packed_bytes(size: int, bits: int) -> int:
    """How many bytes d numbers take."""
    return -(-size * bits // 8)


def pack(numbers: NDArray[np.uint64], *, bits: int) -> bytes:
    """numbers: (d,) uint64, below 2^b."""
    octets = numbers.astype("<u8").view(np.uint8).reshape(len(numbers), 8)[:, : -(-bits // 8)]
    return np.packbits(np.unpackbits(octets, axis=1, bitorder="little")[:, :bits], bitorder="little").tobytes()


def unpack(content: bytes, size: int, *, bits: int) -> NDArray[np.uint64]:
    """The inverse of `pack`, (d,) uint64. Raises ValueError for another length, or for bits set after the last one."""
    if len(content) != packed_bytes(size, bits):
        raise ValueError(
            f"{len(content)} bytes came where {size} numbers of {bits} bits take {packed_bytes(size, bits)}"
        )
    flat = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    if flat[size * bits :].any():
        raise ValueError("there are bits after the last number")
    octets = np.zeros((size, 8), np.uint8)
    rows = np.packbits(flat[: size * bits].reshape(size, bits), axis=1, bitorder="little")
    octets[:, : rows.shape[1]] = rows
    return octets.view("<u8").reshape(size).astype(np.uint64, copy=False)
