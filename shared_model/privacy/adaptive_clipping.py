"""A clip norm that follows a quantile of the devices' update norms, privately (Andrew et al. 2021, arXiv 1905.03871).

Each device says in one bit whether its update was within the clip norm C; the next C is C exp(-rate (share of ones -
quantile)): it falls while more updates than the quantile are within it, and rises while fewer are. The bit is one more
number of the vector that is summed and noised, so that one Gaussian covers both, and nothing travels beside it.

Not for distributed trust, whose modulus and rounding are planned for one fixed norm, and not for matrix factorisation,
whose noise of one round takes away noise of earlier ones at the same C (privacy requirement 17).
Letters: K devices, d released numbers.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.privacy.clipping import clip_rows, row_norms
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import CLIP_NORMS, PrivacyPlan
from shared_model.privacy.randomness import Randomness

BIT_NOISE_SHARE = 0.05
"""Wished for deviation of the estimated share of ones (Andrew et al. 2021, section 3.1: a twentieth of the cohort)."""
MOST_OF_THE_BUDGET = 0.1
"""The bit takes no more of z^-2 than this, however small the cohort: the noise on the update grows by 5.4 % at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveClipping:
    """How C follows the norms, and how the noise is split between update and bit.

    noise_multiplier: z of the whole round, as accounted; cohort: the planned one, which sums are divided by.
    quantile: share of updates that are to be within C; learning_rate: of the logarithm of C.

    A device's contribution is [update clipped to C / C | (b - 1/2) * bit_scale] with b = 1 where its norm is <= C.
    Sensitivity: `sensitivity` = sqrt(1 + bit_scale^2 / 4), add-or-remove-one or zero-out, whatever C is. One Gaussian
    of deviation z * sensitivity on each number is `update_noise_multiplier` on the update and `bit_noise` on the sum of
    the bits, and update_noise_multiplier^-2 + (2 bit_noise)^-2 = z^-2 (theorem 1 there).

    Raises BadInput for numbers that cannot be used.
    """

    noise_multiplier: float
    cohort: int
    quantile: float = 0.5
    learning_rate: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.noise_multiplier < math.inf or self.cohort < 1:
            raise BadInput(
                f"adaptive clipping: noise_multiplier {self.noise_multiplier:g} with a cohort of {self.cohort}; "
                "the first must be above 0 and finite, the second at least 1"
            )
        if not 0 < self.quantile < 1 or not 0 < self.learning_rate <= 1:
            raise BadInput(
                f"adaptive clipping: quantile {self.quantile:g} and learning rate {self.learning_rate:g}; "
                "the first must lie between 0 and 1, the second above 0 and at most 1"
            )

    @classmethod
    def of(cls, plan: PrivacyPlan) -> "AdaptiveClipping":
        """Towards the median, as fast as Andrew et al. found good for every task (section 3.1)."""
        return cls(noise_multiplier=plan.noise_multiplier, cohort=plan.cohort)

    @property
    def bit_noise(self) -> float:
        """Standard deviation of the noise on the sum of the bits."""
        least = self.noise_multiplier / (2 * math.sqrt(MOST_OF_THE_BUDGET))
        return max(BIT_NOISE_SHARE * self.cohort, least)

    @property
    def update_noise_multiplier(self) -> float:
        """Standard deviation of the noise on the sum of the clipped updates, over C: somewhat above z."""
        return 1 / math.sqrt(self.noise_multiplier**-2 - (2 * self.bit_noise) ** -2)

    @property
    def bit_scale(self) -> float:
        """What a bit is multiplied by, so that the noise on an update of norm 1 is right for it too."""
        return self.update_noise_multiplier / self.bit_noise

    @property
    def sensitivity(self) -> float:
        """Of the sum of contributions, to one device."""
        return math.sqrt(1 + self.bit_scale**2 / 4)


@torch.no_grad()
def contributions(updates: Tensor, *, clip_norm: float, clipping: AdaptiveClipping) -> Tensor:
    """What K devices send, (K, d + 1) float32, from their updates (K, d).

    Guarantee: the norm of each row is <= `clipping.sensitivity` for any input. Edges, as in `clip_rows`: a zero update
    is within any C; NaN or infinite anywhere in an update -> the whole row is zero, its bit too, which is neither of
    a bit's two values and moves no quantile. Raises BadInput for a clip norm outside `CLIP_NORMS`.
    """
    norms = row_norms(updates)
    within = torch.where(norms <= clip_norm, 0.5, -0.5).to(torch.float64)
    # `clip_rows` left 2^-20 of room below C, which covers this rounding too
    scaled = clip_rows(updates, clip_norm=clip_norm).double() / clip_norm
    rows = torch.cat([scaled, clipping.bit_scale * within[:, None]], dim=1)
    return clip_rows(torch.where(norms.isfinite()[:, None], rows, 0.0), clip_norm=clipping.sensitivity)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptedRound:
    """mean: (d,) float32, the noised mean update; next_clip_norm: C of the next round."""

    mean: Tensor
    next_clip_norm: float


def adapted_average(
    total: Tensor, *, clip_norm: float, clipping: AdaptiveClipping, randomness: Randomness
) -> AdaptedRound:
    """Noise a sum of contributions, and read both the mean update and the next clip norm from it.

    total: (d + 1,) float64; clip_norm: the C that clipped them, which scales their noise too, never the next one.

    Both are divided by the planned cohort m. Where fewer answer, A of them, the share of ones is read as
    1/2 + (A / m)(true share - 1/2): drawn towards 1/2. At the quantile 1/2 that moves nothing. At another, C settles
    further out, at the share 1/2 + (m / A)(quantile - 1/2), and where that is no share (A < m |2 quantile - 1|) it
    goes on rising, or falling below 1/2, to the ends of `CLIP_NORMS`: the median is what forgives missing answers.
    """
    deviation = clipping.noise_multiplier * clipping.sensitivity
    noise = gaussian_noise(len(total), standard_deviation=deviation, randomness=randomness)
    average = (total.double() + torch.from_numpy(noise)) / clipping.cohort
    share_within = float(average[-1]) / clipping.bit_scale + 0.5
    return AdaptedRound(
        mean=(average[:-1] * clip_norm).float(),
        next_clip_norm=next_clip_norm(clip_norm, share_within=share_within, clipping=clipping),
    )


def next_clip_norm(clip_norm: float, *, share_within: float, clipping: AdaptiveClipping) -> float:
    """C exp(-rate (share_within - quantile)), kept within `CLIP_NORMS`.

    share_within: the noised share of updates within C, which noise may carry outside [0, 1]; it is used as it is, since
    cutting it off would bias the quantile.
    """
    moved = clip_norm * math.exp(-clipping.learning_rate * (share_within - clipping.quantile))
    return min(max(moved, CLIP_NORMS[0]), CLIP_NORMS[1])
