"""G0: does the code that clips, sums and adds noise do what is claimed of it? By experiment, one device in or out.

Letters: K devices, d numbers, n trials.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.auditing.mechanism_bound import MechanismBound, bound_mechanism
from shared_model.privacy.gaussian import gaussian_epsilon, sensitivity
from shared_model.privacy.spent import Relation
from simulations.auditing.mechanisms import AuditedMechanism

OTHERS = 7
"""Devices beside the canary: their updates are the same in every trial, so that more would say nothing more."""
EXCESS = 1000.0
"""The canary sends an update this many clip norms long: what is not clipped is seen."""
CLAIMED_EXAMPLES = 10_000
"""It also claims to have learned from so many examples, where the others claim one."""
AT_ONCE = 4_000_000
"""Numbers of releases that are in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismClaim:
    """noise_multiplier: standard deviation of the noise over `clip_norm`; relation: how the canary comes and goes."""

    noise_multiplier: float
    clip_norm: float
    relation: Relation

    @property
    def mu(self) -> float:
        """Of one release, in the terms of Gaussian differential privacy."""
        return sensitivity(self.relation) / self.noise_multiplier

    def epsilon(self, delta: float) -> float:
        """Of one release."""
        return gaussian_epsilon(delta, mu=self.mu)


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismVerdict:
    """What an audit found. size: d; trials: n, of either kind."""

    claim: MechanismClaim
    bound: MechanismBound
    size: int
    trials: int

    @property
    def passes(self) -> bool:
        """Whether the claim stands: no proof that it is true, only none that it is false."""
        return self.bound.mu_lower <= self.claim.mu

    @property
    def noise_multiplier_upper(self) -> float:
        """The noise is at most this, with the bound's confidence; infinite where nothing was seen."""
        lower = self.bound.mu_lower
        return sensitivity(self.claim.relation) / lower if lower else float("inf")

    def epsilon_lower(self, delta: float) -> float:
        """One release has at least this epsilon at `delta`, with the bound's confidence."""
        return gaussian_epsilon(delta, mu=self.bound.mu_lower)


def audit_mechanism(
    mechanism: AuditedMechanism,
    claim: MechanismClaim,
    *,
    size: int,
    trials: int,
    false_alarms: float,
    seed: int,
    progress: Callable[[float], None],
) -> MechanismVerdict:
    """Release n sums of d = `size` numbers with a canary and n without, and try to tell them apart.

    false_alarms: chance that a true claim fails; seed: of the updates, never of the noise; progress: called with the
    share done.
    """
    draw = np.random.default_rng(seed)
    direction = draw.standard_normal(size)
    direction /= np.linalg.norm(direction)
    others = draw.standard_normal((OTHERS, size)) * claim.clip_norm * draw.uniform(0, 2, (OTHERS, 1)) / np.sqrt(size)
    canary = EXCESS * claim.clip_norm * direction
    there = np.concatenate([others, canary[None]])
    instead = np.concatenate([others, -canary[None]]) if claim.relation is Relation.REPLACE_ONE else others
    scores: list[NDArray[np.float64]] = []
    for updates in (instead, there):
        counts = np.where(np.arange(len(updates)) < OTHERS, 1, CLAIMED_EXAMPLES)
        parts, done = [], 0
        while done < trials:
            some = min(max(AT_ONCE // size, 1), trials - done)
            released = mechanism.release(torch.from_numpy(updates).float(), counts, trials=some)
            parts.append(released @ direction / claim.clip_norm)
            done += some
            progress((len(scores) + done / trials) / 2)
        scores.append(np.concatenate(parts))
    bound = bound_mechanism(without=scores[0], with_device=scores[1], false_alarms=false_alarms)
    return MechanismVerdict(claim=claim, bound=bound, size=size, trials=trials)


def repeats_when_seeded(mechanism: AuditedMechanism, *, size: int) -> bool:
    """Whether its noise can be had again by seeding the generators that every program shares."""
    updates, counts = torch.zeros(1, size), np.ones(1, np.int64)
    released = []
    python, legacy, of_torch = random.getstate(), np.random.get_state(), torch.get_rng_state()
    for _ in range(2):
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)
        released.append(mechanism.release(updates, counts, trials=2))
    random.setstate(python)
    np.random.set_state(legacy)
    torch.set_rng_state(of_torch)
    return bool((released[0] == released[1]).all())
