"""Canaries: devices whose update is known, so that a released model can be asked whether they took part.

Letters: m canaries, d released numbers, T rounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.round import ServerStep
from shared_model.privacy.plan import PrivacyPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """directions: (m, d) float32 of length 1, uniform but for one direction; included: (m,) bool, a fair coin each."""

    directions: Tensor
    included: NDArray[np.bool_]


def draw_canaries(count: int, *, drift: Tensor, seed: int) -> Canaries:
    """m = `count` canaries at right angles to `drift` (d,), in which the listeners' updates go, round after round.

    A canary that looked like them would be harder to find, and would test less. seed: the auditor's, never that of the
    noise.
    """
    draw = torch.Generator().manual_seed(seed)
    directions = torch.randn(count, len(drift), generator=draw)
    along = drift / drift.norm().clamp(min=1e-30)
    directions -= (directions @ along)[:, None] * along
    directions /= directions.norm(dim=1, keepdim=True)
    return Canaries(directions=directions, included=torch.rand(count, generator=draw).numpy() < 0.5)


def released_sums(models: Sequence[Tensor], *, plan: PrivacyPlan, step: ServerStep) -> Tensor:
    """(T, d) float64: the noised sum behind each of T + 1 released models (d,), of which the first is the start.

    The public transformation is undone: server rate, momentum and the division by the planned cohort.
    """
    velocities = torch.diff(torch.stack(list(models)).double(), dim=0) / step.learning_rate
    before = torch.cat([torch.zeros_like(velocities[:1]), velocities[:-1]])
    return (velocities - step.momentum * before) * plan.cohort


def round_scores(sums: Tensor, canaries: Canaries, *, plan: PrivacyPlan) -> NDArray[np.float64]:
    """(T, m): the part of each round's sum (T, d) that points in the canary's direction, in clip norms."""
    return (sums.float() @ canaries.directions.T).double().numpy() / plan.clip_norm


def likelihood_scores(
    found: NDArray[np.float64], *, sample_rate: float, noise_multiplier: float
) -> NDArray[np.float64]:
    """(m,) log-likelihood ratio of having taken part: sum over rounds of log(1 - q + q exp((s - 1/2) / z^2)).

    found: (T, m) as `round_scores` gives them. Each round is a Gaussian of standard deviation z, around 1 with chance
    q where the canary takes part, around 0 else.
    """
    exponent = (found - 0.5) / noise_multiplier**2
    ratios = np.logaddexp(np.log1p(-min(sample_rate, 1 - 1e-12)), np.log(sample_rate) + exponent)
    total: NDArray[np.float64] = ratios.sum(0)
    return total
