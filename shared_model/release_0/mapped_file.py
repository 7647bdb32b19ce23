"""A safetensors file whose arrays stay on disk until they are read: mapped, bounds-checked, without any tensor library.

The format: 8 bytes of little-endian length, a JSON header, the numbers (github.com/huggingface/safetensors). The
library itself copies every array into memory when it reads for numpy.
"""

import hashlib
import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput

_KINDS: Final[dict[str, np.dtype[Any]]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "U8": np.dtype("u1"),
    "U16": np.dtype("<u2"),
}
_LONGEST_HEADER: Final = 100_000_000
"""Bytes; safetensors' own limit."""
_HASHED_AT_ONCE: Final = 2**22


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedFile:
    """arrays: read-only, by name; metadata: of the header; they stay valid when the path is replaced."""

    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, str]
    mapped: mmap.mmap

    def sha256(self) -> str:
        """Of the whole file as it was mapped, hexadecimal."""
        digest = hashlib.sha256()
        for start in range(0, len(self.mapped), _HASHED_AT_ONCE):
            digest.update(self.mapped[start : start + _HASHED_AT_ONCE])
            self.forget()
        return digest.hexdigest()

    def forget(self) -> None:
        """Let the system take back what was read, which then counts no more as this process's memory."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self.mapped.madvise(mmap.MADV_DONTNEED)


def map_file(path: Path) -> MappedFile:
    """Raises BadInput where it cannot be read, is cut off, has anything beside its arrays, or is of another kind."""
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        length = int.from_bytes(mapped[:8], "little")
        if not 2 <= length <= min(len(mapped) - 8, _LONGEST_HEADER):
            raise ValueError("no header")
        header = json.loads(mapped[8 : 8 + length])
        metadata = header.pop("__metadata__", {})
        if not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("metadata is no text")
        arrays = _arrays(header, mapped, start=8 + length)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"release 0: {path} is no whole safetensors file ({error}); fetch it again") from error
    return MappedFile(arrays=arrays, metadata=metadata, mapped=mapped)


def _arrays(header: dict[str, Any], mapped: mmap.mmap, *, start: int) -> dict[str, NDArray[Any]]:
    """Each array as the header has it; they lie one after the other up to the end of the file."""
    arrays: dict[str, NDArray[Any]] = {}
    end = 0
    for name, about in sorted(header.items(), key=lambda item: tuple(item[1]["data_offsets"])):
        kind, shape, (first, last) = _KINDS[about["dtype"]], tuple(about["shape"]), about["data_offsets"]
        if not all(type(size) is int and size >= 0 for size in (*shape, first, last)):
            raise ValueError(f"{name} has no shape")
        count = prod(shape)
        if first != end or last - first != count * kind.itemsize or start + last > len(mapped):
            raise ValueError(f"{name} is not where it should be")
        array = np.frombuffer(mapped, kind, count=count, offset=start + first).reshape(shape)
        arrays[name] = array if array.flags.aligned else array.copy()
        end = last
    if start + end != len(mapped):
        raise ValueError("something follows the last array")
    return arrays
