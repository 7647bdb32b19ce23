"""What is played near the last plays (item-based nearest neighbours over sequences)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shared_model.history import Tracks
from simulations.baselines.nearness import item_knn, recent_plays
from simulations.baselines.popularity import Popularity

RECENT_PLAYS = 20
DECAY = 0.8
TIE_BREAK = np.float32(1e-6)
"""Weight of popularity: it only orders tracks without a neighbour in the context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemKNN:
    """similarity: (N, N) float32 of `simulations.baselines.nearness.item_knn`."""

    similarity: csr_array
    popularity: Popularity

    @classmethod
    def fit(cls, histories: Sequence[Tracks], catalogue_size: int) -> "ItemKNN":
        """Count which tracks of `histories` are played near each other."""
        return cls(similarity=item_knn(histories, catalogue_size), popularity=Popularity.fit(histories, catalogue_size))

    def score(self, contexts: Sequence[Tracks]) -> NDArray[np.float32]:
        """(B, N): similarity to the last plays, the newest weighing most, plus popularity times `TIE_BREAK`."""
        recent = recent_plays(contexts, len(self.popularity.share), last=RECENT_PLAYS, decay=DECAY)
        scores: NDArray[np.float32] = (recent @ self.similarity).toarray()
        scores += self.popularity.share * TIE_BREAK
        return scores
