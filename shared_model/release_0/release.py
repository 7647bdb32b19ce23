"""What release 0 holds when it ships to devices.

Letters: N tracks, A artists, B albums, D numbers of a modality's vector.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.head.inference import FrozenHead
from shared_model.memory.public_statistics import PublicStatistics
from shared_model.release_0.strings import Strings


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedTracks:
    """Who made what. The empty string stands for "not known".

    ids, titles, recording_mbids, isrcs: N each, an id once; artist, album: (N,) int64, labels or `UNKNOWN`;
    artist_names: A, and album_names: B, by label, A and B being one more than the largest label, at least 1.
    """

    ids: Strings
    titles: Strings
    recording_mbids: Strings
    isrcs: Strings
    artist: NDArray[np.int64]
    album: NDArray[np.int64]
    artist_names: Strings
    album_names: Strings

    def __post_init__(self) -> None:
        size = len(self.ids)
        for name in ("titles", "recording_mbids", "isrcs", "artist", "album"):
            if len(getattr(self, name)) != size:
                raise BadInput(f"release 0: {len(getattr(self, name))} {name} for {size} tracks; fetch the file again")
        for kind, labels, names in (
            ("artist", self.artist, self.artist_names),
            ("album", self.album, self.album_names),
        ):
            if labels.min(initial=0) < -1 or len(names) != labels.max(initial=0) + 1:
                raise BadInput(f"release 0: {kind} labels do not fit {len(names)} {kind} names; fetch the file again")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedModality:
    """Frozen vectors of every track. vectors: (N, D) float16 or float32, centred, of unit length, 0 where absent;

    present: (N,) bool; mean: (D,) float32, what was subtracted; encoder: what made them, by name or hash.
    """

    vectors: NDArray[np.floating]
    present: NDArray[np.bool_]
    mean: NDArray[np.float32]
    encoder: str

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.present.shape != self.vectors.shape[:1]:
            raise BadInput("release 0: vectors and present do not describe the same tracks; fetch the file again")
        if self.mean.shape != self.vectors.shape[1:] or not np.isfinite(self.mean).all():
            raise BadInput("release 0: a mean does not fit its vectors; fetch the file again")


class File(Protocol):
    """Where a release was read from."""

    def sha256(self) -> str:
        """Of what was read, hexadecimal."""

    def forget(self) -> None:
        """Let the system take back memory of what was read."""


@dataclass(frozen=True, kw_only=True)
class Release0:
    """Head, catalogue and statistics. simulated: whether the public listeners were.

    modalities: by name, those of the head's shape in their order; file: None for one that was not read from any.
    """

    name: str
    simulated: bool
    head: FrozenHead
    tracks: ReleasedTracks
    modalities: Mapping[str, ReleasedModality]
    statistics: PublicStatistics
    file: File | None = None

    def __post_init__(self) -> None:
        held = tuple((name, modality.vectors.shape[1]) for name, modality in self.modalities.items())
        if held != self.head.shape.modalities:
            raise BadInput(f"release 0 {self.name}: the head reads {self.head.shape.modalities}, and it holds {held}")
        if any(len(modality.present) != len(self.tracks) for modality in self.modalities.values()):
            raise BadInput(f"release 0 {self.name}: vectors are not of its {len(self.tracks)} tracks")

    @cached_property
    def sha256(self) -> str:
        """Of the file, hexadecimal; reads all of it when first asked for. Raises BadInput where it has no file."""
        if self.file is None:
            raise BadInput(f"release 0 {self.name}: it has no file yet; write it first")
        return self.file.sha256()

    def forget(self) -> None:
        """Let the system take back memory of what was read of the file; it is read again where it is needed."""
        if self.file is not None:
            self.file.forget()
