"""The private release: how many devices played each pair, noised, and only what enough of them played.

Letters: L devices, R released pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.randomness import Randomness
from shared_model.private_transitions.own_pairs import Keys
from shared_model.private_transitions.transition_plan import TransitionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedPairs:
    """keys: (R,) ascending, as `own_pairs` has them; devices: (R,) float32, about how many played the pair; noise: what
    the noise was drawn from, as manifests name it: what can be drawn again is never promoted."""

    keys: Keys
    devices: NDArray[np.float32]
    noise: str


def counted_pairs(contributions: Sequence[Keys], *, most: int) -> tuple[Keys, NDArray[np.int64]]:
    """Every pair that any device contributed, and how many did. Raises BadInput where one brings more than `most`, or
    one twice: a count would be worth more than was planned."""
    for keys in contributions:
        if len(keys) > most or (np.diff(keys) <= 0).any():
            raise BadInput(
                f"private transitions: a device contributed {len(keys)} pairs, not at most {most} each once; its part "
                "is refused, and nothing was released"
            )
    everyone = np.concatenate([np.empty(0, np.int64), *contributions])
    keys, devices = np.unique(everyone, return_counts=True)
    return keys, devices.astype(np.int64)


def release_pairs(
    keys: Keys, devices: NDArray[np.int64], *, plan: TransitionPlan, randomness: Randomness, scale: float = 1.0
) -> ReleasedPairs:
    """Noise on every count, and what is then above the plan's threshold.

    scale: of an extrapolation, so many times as many devices as were counted, which played alike; 1 for what was
    really counted. The released counts are of the devices that were counted.
    """
    noise = gaussian_noise(len(keys), standard_deviation=plan.privacy.noise_standard_deviation, randomness=randomness)
    noised = devices * scale + noise
    kept = noised > plan.threshold
    return ReleasedPairs(keys=keys[kept], devices=(noised[kept] / scale).astype(np.float32), noise=randomness.label)
