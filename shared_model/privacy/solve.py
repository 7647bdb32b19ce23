"""The plan that meets a budget: epsilon, noise multiplier and rounds, two given and the third solved for."""

import math
from dataclasses import replace

from shared_model.errors import BadInput
from shared_model.privacy.accounting import pld_epsilon
from shared_model.privacy.plan import PrivacyPlan

NOISE_TOLERANCE = 1e-3
"""A solved noise multiplier is at most this much (relative) above the smallest that meets the target."""
_LEAST_NOISE, _MOST_NOISE = 2.0**-5, 2.0**10
_MOST_ROUNDS = 100_000


def solve_plan(
    *,
    population: int,
    cohort: int,
    clip_norm: float,
    delta: float,
    max_participations: int,
    minimum_cohort: int = 0,
    device_cap: float | None = None,
    epsilon: float | None = None,
    noise_multiplier: float | None = None,
    rounds: int | None = None,
) -> PrivacyPlan:
    """The Gaussian plan for exactly two of `epsilon` (the population's, by PLD), `noise_multiplier` and `rounds`.

    A solved noise multiplier is the smallest (to 1e-3) and solved rounds are the most whose epsilon stays at or below
    the target. Raises BadInput where not exactly two are given, where no value meets the target, and where
    `PrivacyPlan` does.
    """
    if [epsilon, noise_multiplier, rounds].count(None) != 1:
        raise BadInput(
            "privacy plan: give exactly two of epsilon, noise_multiplier and rounds; the third follows from them "
            f"(given: epsilon {epsilon}, noise_multiplier {noise_multiplier}, rounds {rounds})"
        )
    if epsilon is not None and not 0 < epsilon < math.inf:
        raise BadInput(f"privacy plan: epsilon is {epsilon:g}; it must be above 0 and finite")
    # What is given is checked before anything is solved for; one round, or a multiplier of 1, stands in for the unknown
    given = PrivacyPlan(
        population=population,
        cohort=cohort,
        rounds=1 if rounds is None else rounds,
        clip_norm=clip_norm,
        noise_multiplier=1.0 if noise_multiplier is None else noise_multiplier,
        delta=delta,
        minimum_cohort=minimum_cohort,
        max_participations=max_participations,
    )
    if epsilon is None:
        solved = given
    elif rounds is None:
        solved = replace(given, rounds=_most_rounds(epsilon, given))
    else:
        solved = replace(given, noise_multiplier=_smallest_noise(epsilon, given))
    return replace(solved, device_cap=device_cap)


def _epsilon(plan: PrivacyPlan, *, noise_multiplier: float, rounds: int) -> float:
    return pld_epsilon(sample_rate=plan.sample_rate, noise_multiplier=noise_multiplier, rounds=rounds, delta=plan.delta)


def _smallest_noise(target: float, plan: PrivacyPlan) -> float:
    """By bisection of the logarithm: epsilon falls as noise grows."""

    def meets(noise_multiplier: float) -> bool:
        return _epsilon(plan, noise_multiplier=noise_multiplier, rounds=plan.rounds) <= target

    enough = 1.0
    while not meets(enough):
        enough *= 2
        if enough > _MOST_NOISE:
            raise BadInput(
                f"privacy plan: epsilon {target:g} cannot be kept over {plan.rounds} rounds of {plan.cohort} out of "
                f"{plan.population} with a noise multiplier up to {_MOST_NOISE:g}; raise epsilon or plan fewer rounds"
            )
    too_little = enough / 2
    while meets(too_little):
        enough, too_little = too_little, too_little / 2
        if too_little < _LEAST_NOISE:
            raise BadInput(
                f"privacy plan: epsilon {target:g} asks for a noise multiplier below {_LEAST_NOISE:g}, which protects "
                "nobody; lower epsilon, or set privacy.mechanism=off"
            )
    while enough > too_little * (1 + NOISE_TOLERANCE):
        middle = math.sqrt(enough * too_little)
        enough, too_little = (middle, too_little) if meets(middle) else (enough, middle)
    return enough


def _most_rounds(target: float, plan: PrivacyPlan) -> int:
    """By doubling, then bisection: epsilon grows with rounds."""

    def meets(rounds: int) -> bool:
        return _epsilon(plan, noise_multiplier=plan.noise_multiplier, rounds=rounds) <= target

    if not meets(1):
        raise BadInput(
            f"privacy plan: one round already costs more than epsilon {target:g}; raise epsilon or noise_multiplier"
        )
    fits, too_many = 1, 2
    while meets(too_many):
        fits, too_many = too_many, too_many * 2
        if too_many > _MOST_ROUNDS:
            raise BadInput(
                f"privacy plan: epsilon {target:g} lasts for more than {_MOST_ROUNDS} rounds at noise multiplier "
                f"{plan.noise_multiplier:g}; give the rounds instead, or lower epsilon or noise_multiplier"
            )
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fits, too_many = (middle, too_many) if meets(middle) else (fits, middle)
    return fits
