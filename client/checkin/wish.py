"""How a listener wants their mood to count: matched, shifted to another one, or left out."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from shared_model.head.psychological_state import STATE_FEATURES

_VALENCE, _AROUSAL = STATE_FEATURES.index("valence"), STATE_FEATURES.index("arousal")


class MoodUse(StrEnum):
    """The choice. It is the listener's alone: no score ever changes it."""

    MATCH = "match"
    SHIFT = "shift"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """valence, arousal: where to shift to, -1..1; None leaves that slider as answered. ValueError unless it is SHIFT
    that has one."""

    use: MoodUse = MoodUse.MATCH
    valence: float | None = None
    arousal: float | None = None

    def __post_init__(self) -> None:
        wished = [value for value in (self.valence, self.arousal) if value is not None]
        if bool(wished) != (self.use is MoodUse.SHIFT):
            raise ValueError("a valence or an arousal belongs to a shift, and only to a shift")
        if not all(-1 <= value <= 1 for value in wished):
            raise ValueError("valence and arousal are from -1 to 1")


def state_for(state: NDArray[np.float32], wish: Wish) -> NDArray[np.float32]:
    """The state that the head is given; `state` itself is not changed.

    state: (..., S) as answered, NaN where unanswered. MATCH: the same. SHIFT: the wished sliders in place of the
    answered ones, everything else as answered. IGNORE: NaN throughout.
    """
    if wish.use is MoodUse.IGNORE:
        return np.full_like(state, np.nan)
    found = state.copy()
    if wish.valence is not None:
        found[..., _VALENCE] = wish.valence
    if wish.arousal is not None:
        found[..., _AROUSAL] = wish.arousal
    return found
