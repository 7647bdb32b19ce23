"""What one listener has played, oldest first, as the model reads it.

Letters: T plays, S features of the psychological state.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.head.psychological_state import STATE_FEATURES

Tracks = NDArray[np.int64]
"""Catalogue indices in play order, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One listener's plays.

    listener: the id in the data set; tracks: (T,) int64 catalogue indices;
    started_at_s: (T,) float64 unix seconds, or None where the log has no times;
    states: (T, S) float32 measured *before* each play, NaN where unanswered, or None where the log has no moods.
    """

    listener: str
    tracks: Tracks
    started_at_s: NDArray[np.float64] | None = None
    states: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        plays = len(self.tracks)
        if self.started_at_s is not None and len(self.started_at_s) != plays:
            raise BadInput(f"listener {self.listener}: {len(self.started_at_s)} times for {plays} plays")
        if self.states is not None and self.states.shape != (plays, len(STATE_FEATURES)):
            raise BadInput(f"listener {self.listener}: states have shape {self.states.shape} for {plays} plays")

    def __len__(self) -> int:
        return len(self.tracks)

    def before(self, position: int) -> "History":
        """The plays before `position` (0 <= position <= T)."""
        return History(
            listener=self.listener,
            tracks=self.tracks[:position],
            started_at_s=None if self.started_at_s is None else self.started_at_s[:position],
            states=None if self.states is None else self.states[:position],
        )
