"""The listener's own most played tracks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.history import Tracks
from simulations.baselines.popularity import Popularity

TIE_BREAK = np.float32(1e-3)
"""Weight of everyone's popularity: below one play, it only orders tracks that the listener played equally often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalPopularity:
    """Plays in the context, then everyone's popularity."""

    popularity: Popularity

    @classmethod
    def fit(cls, histories: Sequence[Tracks], catalogue_size: int) -> "PersonalPopularity":
        """Count the plays of `histories` for the ties."""
        return cls(popularity=Popularity.fit(histories, catalogue_size))

    def score(self, contexts: Sequence[Tracks]) -> NDArray[np.float32]:
        """(B, N): plays in the context plus popularity times `TIE_BREAK`."""
        scores = self.popularity.score(contexts) * TIE_BREAK
        for row, context in zip(scores, contexts, strict=True):
            np.add.at(row, context, np.float32(1))
        return scores
