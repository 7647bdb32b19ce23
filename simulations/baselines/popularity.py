"""The most played tracks, the same for everyone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.history import Tracks
from shared_model.memory.counts import play_counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Popularity:
    """share: (N,) float32, each track's part of all plays."""

    share: NDArray[np.float32]

    @classmethod
    def fit(cls, histories: Sequence[Tracks], catalogue_size: int) -> "Popularity":
        """Count the plays of `histories`, which must hold at least one."""
        counts = play_counts(histories, catalogue_size)
        return cls(share=counts / counts.sum())

    def score(self, contexts: Sequence[Tracks]) -> NDArray[np.float32]:
        """(B, N): the share of plays, whatever the context."""
        return np.tile(self.share, (len(contexts), 1))
