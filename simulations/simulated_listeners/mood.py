"""Valence and arousal as they wander around each listener's own mean.

A first-order autoregression in continuous time, the usual model of everyday affect (Kuppens, Oravecz and Tuerlinckx,
JPSP 99, 2010): people differ in mean and in variability, and moods fade within hours.

Letters: L listeners, T plays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FADES_IN_S = 8 * 3_600.0
_MEAN_SPREAD = 0.30  # standard deviation of the long-run means over listeners
_TYPICAL_VARIABILITY = 0.30
_VARIABILITY_SPREAD = 0.45  # standard deviation of the logarithm of variability over listeners


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperament:
    """What a listener's moods do in the long run.

    valence, arousal: (L,) means, about -1..1; variability: (L,) standard deviation of both around them, above 0.
    """

    valence: NDArray[np.float64]
    arousal: NDArray[np.float64]
    variability: NDArray[np.float64]

    def standardised_variability(self) -> NDArray[np.float64]:
        """(L,) standard normal over listeners: 1 is one deviation more variable than the typical listener."""
        scores: NDArray[np.float64] = np.log(self.variability / _TYPICAL_VARIABILITY) / _VARIABILITY_SPREAD
        return scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Moods:
    """valence, arousal: (L, T), -1..1, at the moment before each play."""

    valence: NDArray[np.float64]
    arousal: NDArray[np.float64]


MOOD_SCALE = float(np.hypot(_MEAN_SPREAD, _TYPICAL_VARIABILITY))
"""About the standard deviation of valence and of arousal over all listeners and plays."""


def draw_temperaments(listeners: int, *, rng: np.random.Generator) -> Temperament:
    """Draw long-run means, a little above neutral for valence as most people report, and variability."""
    return Temperament(
        valence=rng.normal(0.10, _MEAN_SPREAD, listeners).clip(-0.8, 0.8),
        arousal=rng.normal(0.0, _MEAN_SPREAD, listeners).clip(-0.8, 0.8),
        variability=_TYPICAL_VARIABILITY * np.exp(_VARIABILITY_SPREAD * rng.standard_normal(listeners)),
    )


def draw_moods(temperament: Temperament, started_at_s: NDArray[np.float64], *, rng: np.random.Generator) -> Moods:
    """Let moods wander. started_at_s: (L, T) increasing."""
    shocks = rng.standard_normal((2, *started_at_s.shape))
    kept = np.exp(-np.diff(started_at_s, axis=1) / _FADES_IN_S)
    deviation = shocks.copy()
    for play in range(1, started_at_s.shape[1]):
        phi = kept[:, play - 1]
        deviation[..., play] = phi * deviation[..., play - 1] + np.sqrt(1 - phi**2) * shocks[..., play]
    deviation *= temperament.variability[:, None]
    return Moods(
        valence=(temperament.valence[:, None] + deviation[0]).clip(-1, 1),
        arousal=(temperament.arousal[:, None] + deviation[1]).clip(-1, 1),
    )
