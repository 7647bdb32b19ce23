"""What most often follows the last play."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shared_model.history import Tracks
from shared_model.memory.counts import following
from simulations.baselines.nearness import recent_plays
from simulations.baselines.popularity import Popularity

TIE_BREAK = np.float32(1e-3)
"""Weight of popularity: below one transition, it only orders tracks that followed equally often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bigram:
    """transitions: (N, N) float32 counts, what came directly after what."""

    transitions: csr_array
    popularity: Popularity

    @classmethod
    def fit(cls, histories: Sequence[Tracks], catalogue_size: int) -> "Bigram":
        """Count the transitions and the plays of `histories`."""
        return cls(
            transitions=following(histories, catalogue_size, lag=1),
            popularity=Popularity.fit(histories, catalogue_size),
        )

    def score(self, contexts: Sequence[Tracks]) -> NDArray[np.float32]:
        """(B, N): transitions from the context's last play plus popularity times `TIE_BREAK`."""
        last_play = recent_plays(contexts, len(self.popularity.share), last=1, decay=1.0)
        scores: NDArray[np.float32] = (last_play @ self.transitions).toarray()
        scores += self.popularity.share * TIE_BREAK
        return scores
