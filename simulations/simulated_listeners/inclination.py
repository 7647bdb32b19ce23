"""How mood moves choices: how readily a listener goes back to the own past, and what lyrics weigh against sound.

Lyrics weigh more for listeners whose mood varies and habit for steady ones (arXiv 2110.01001). That lyrics also weigh
more in low spirits and sound more when aroused is an assumption of ours.

Letters: L listeners, T plays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulations.simulated_listeners.mood import MOOD_SCALE, Moods, Temperament

_HABIT_SWAY = 0.7  # log-odds a deviation: where the typical listener goes back with .30, a steadier one does with .46
_LYRIC_SWAY = 0.6  # log-odds a deviation of variability, of valence and of arousal


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclinations:
    """repeat: (L,) probability to go back to the own past; lyric_share: (L, T) 0..1, the rest is sound's."""

    repeat: NDArray[np.float64]
    lyric_share: NDArray[np.float64]


def inclinations(
    own: tuple[Temperament, Moods], unseen: tuple[Temperament, Moods], *, mood_effect: float, repeat: float
) -> Inclinations:
    """What listeners incline to before each play.

    own: what check-ins record; unseen: an independent mood of the same distribution. Choices follow a mixture of both,
    in which the own mood has the weight mood_effect (0..1), its correlation with the mixture. So the effect changes
    what an answer tells about choices and leaves how choices are distributed. repeat: of the typical listener, 0..1.
    """
    rest = np.sqrt(1 - mood_effect**2)
    variability, valence, arousal = (
        mood_effect * mine + rest * other
        for mine, other in zip(_standardised(*own), _standardised(*unseen), strict=True)
    )
    return Inclinations(
        repeat=_logistic(np.log(repeat / (1 - repeat)) - _HABIT_SWAY * variability),
        lyric_share=_logistic(_LYRIC_SWAY * (variability[:, None] - valence - arousal)),
    )


def _standardised(temperament: Temperament, moods: Moods) -> tuple[NDArray[np.float64], ...]:
    return temperament.standardised_variability(), moods.valence / MOOD_SCALE, moods.arousal / MOOD_SCALE


def _logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    odds: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds))
    return odds
