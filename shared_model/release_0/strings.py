"""Many strings as one UTF-8 text with offsets: nothing is decoded until it is asked for.

Letters: N strings.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput


@dataclass(frozen=True, slots=True, eq=False)
class Strings(Sequence[str]):
    """N strings; the empty one stands for "not known".

    text: (bytes,) uint8, UTF-8; offsets: (N + 1,) int64, where each string begins. Both may be mapped.
    Raises BadInput where the offsets do not cut up the text.
    """

    text: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        offsets = self.offsets
        ascending = len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == len(self.text)
        if not ascending or not (offsets[1:] >= offsets[:-1]).all():
            raise BadInput("strings: the offsets do not fit the text; fetch the file again")

    @classmethod
    def of(cls, strings: Iterable[str | None]) -> "Strings":
        """Those strings, None as the empty one."""
        encoded = [(string or "").encode() for string in strings]
        lengths = np.array([0, *map(len, encoded)], np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), np.cumsum(lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        return self.text[self.offsets[place] : self.offsets[place + 1]].tobytes().decode(errors="replace")

    def __iter__(self) -> Iterator[str]:
        text, ends = self.text.tobytes(), self.offsets.tolist()
        return (text[first:last].decode(errors="replace") for first, last in pairwise(ends))

    def and_(self, more: Iterable[str | None]) -> "Strings":
        """These and then `more`."""
        others = Strings.of(more)
        offsets = np.concatenate([self.offsets, others.offsets[1:] + len(self.text)])
        return Strings(np.concatenate([self.text, others.text]), offsets)

    def places(self, wanted: Iterable[str]) -> dict[str, int]:
        """Where each of `wanted` stands that is among them, the first where it stands twice; "" is nowhere."""
        missing, found = set(wanted) - {""}, dict[str, int]()
        for place, string in enumerate(self):
            if string in missing:
                found[string] = place
                missing.remove(string)
        return found
