"""The tracks that can be recommended, with one frozen vector per track and modality.

Letters: N tracks, D numbers in a modality's vector.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput

UNKNOWN = -1
"""Artist or album of a track whose artist or album is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modality:
    """Frozen embeddings of every track in one modality.

    vectors: (N, D) float32; present: (N,) bool, False where a track has no lyrics or no audio.
    The vectors of absent tracks are zero and are never read as evidence.
    """

    vectors: NDArray[np.float32]
    present: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.present.shape != self.vectors.shape[:1]:
            raise BadInput(
                f"modality: vectors {self.vectors.shape} and present {self.present.shape} do not describe the same "
                "tracks; rebuild the catalogue with `sottovoce-simulate datasets build`"
            )
        # largest and smallest are NaN where one is, and need no memory beside the vectors
        if not np.isfinite([self.vectors.max(initial=0), self.vectors.min(initial=0)]).all():
            raise BadInput("modality: a vector holds NaN or infinity; rebuild the catalogue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Tracks in index order. A track's index is its place here; its id is what the data set calls it.

    track_ids: N strings; artist, album: (N,) int64, `UNKNOWN` where not known; modalities: by name, may be empty.
    """

    name: str
    track_ids: Sequence[str]
    artist: NDArray[np.int64]
    album: NDArray[np.int64]
    modalities: Mapping[str, Modality]

    def __post_init__(self) -> None:
        for label, size in [
            ("artist", len(self.artist)),
            ("album", len(self.album)),
            *((name, len(modality.present)) for name, modality in self.modalities.items()),
        ]:
            if size != len(self.track_ids):
                raise BadInput(f"catalogue {self.name}: {label} has {size} rows for {len(self.track_ids)} tracks")

    def __len__(self) -> int:
        return len(self.track_ids)
