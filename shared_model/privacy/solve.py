"""The plan that meets a budget: of epsilon, noise multiplier, rounds and cohort, three given and the fourth solved."""

import math
from collections.abc import Callable
from dataclasses import replace

from shared_model.errors import BadInput
from shared_model.privacy.coverage import account
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.spent import Relation, Sampling, Trust

NOISE_TOLERANCE = 1e-3
"""A solved noise multiplier is at most this much (relative) above the smallest that meets the target."""
LEAST_NOISE, MOST_NOISE = 2.0**-5, 2.0**10
MOST_ROUNDS = 100_000


def solve_plan(
    *,
    population: int,
    clip_norm: float,
    delta: float,
    max_participations: int,
    minimum_cohort: int = 0,
    device_cap: float | None = None,
    epsilon: float | None = None,
    noise_multiplier: float | None = None,
    rounds: int | None = None,
    cohort: int | None = None,
    sampling: Sampling = Sampling.POISSON,
    relation: Relation = Relation.ADD_OR_REMOVE_ONE,
    trust: Trust = Trust.CENTRAL,
    honest: int = 0,
) -> PrivacyPlan:
    """The plan for exactly three of `epsilon` (the population's), `noise_multiplier`, `rounds` and `cohort`: Gaussian,
    or with distributed trust Skellam.

    Local trust is asked for afterwards, since it changes no number and needs sampling none and replace-one.
    A solved noise multiplier is the smallest (to 1e-3), solved rounds and a solved cohort are the most whose epsilon
    stays at or below the target. Raises BadInput where not exactly three are given, where no value meets the target,
    and where `PrivacyPlan` does.
    """
    if [epsilon, noise_multiplier, rounds, cohort].count(None) != 1:
        raise BadInput(
            "privacy plan: give exactly three of epsilon, noise_multiplier, rounds and cohort; the fourth follows "
            f"(given: epsilon {epsilon}, noise_multiplier {noise_multiplier}, rounds {rounds}, cohort {cohort})"
        )
    if epsilon is not None and not 0 < epsilon < math.inf:
        raise BadInput(f"privacy plan: epsilon is {epsilon:g}; it must be above 0 and finite")
    # What is given is checked before anything is solved for; one round, one device, or a multiplier of 1 stands in
    given = PrivacyPlan(
        population=population,
        cohort=max(minimum_cohort, 1) if cohort is None else cohort,
        rounds=1 if rounds is None else rounds,
        clip_norm=clip_norm,
        noise_multiplier=1.0 if noise_multiplier is None else noise_multiplier,
        delta=delta,
        minimum_cohort=minimum_cohort,
        max_participations=max_participations,
        sampling=sampling,
        relation=relation,
        trust=trust,
        mechanism=Mechanism.SKELLAM if trust is Trust.DISTRIBUTED else Mechanism.GAUSSIAN,
        honest=honest,
    )
    if epsilon is None:
        solved = given
    elif rounds is None:
        solved = _most_rounds(epsilon, given)
    elif cohort is None:
        solved = _largest_cohort(epsilon, given)
    else:
        solved = _smallest_noise(epsilon, given)
    return replace(solved, device_cap=device_cap)


def _epsilon(
    plan: PrivacyPlan, *, noise_multiplier: float | None = None, rounds: int | None = None, cohort: int | None = None
) -> float:
    """The epsilon to quote with something else than the plan says, without the plan's own checks."""
    releases = plan.releases if rounds is None else rounds
    if plan.sampling is Sampling.NONE:
        releases = min(releases, plan.max_participations)
    return account(
        sampling=plan.sampling,
        relation=plan.relation,
        sample_rate=(cohort or plan.cohort) / plan.population,
        noise_multiplier=noise_multiplier or plan.noise_multiplier,
        rounds=releases,
        delta=plan.delta,
        trust=plan.trust,
    ).epsilon


def _smallest_noise(target: float, plan: PrivacyPlan) -> PrivacyPlan:
    noise = smallest_noise(lambda noise_multiplier: _epsilon(plan, noise_multiplier=noise_multiplier) <= target)
    if noise == math.inf:
        raise BadInput(
            f"privacy plan: epsilon {target:g} cannot be kept over {plan.rounds} rounds of {plan.cohort} out of "
            f"{plan.population} with a noise multiplier up to {MOST_NOISE:g}; raise epsilon or plan fewer rounds"
        )
    if noise == 0:
        raise BadInput(
            f"privacy plan: epsilon {target:g} asks for a noise multiplier below {LEAST_NOISE:g}, which protects "
            "nobody; lower epsilon, or set privacy.mechanism=off"
        )
    return replace(plan, noise_multiplier=noise)


def smallest_noise(meets: Callable[[float], bool]) -> float:
    """The smallest noise multiplier that `meets` a target, to 1e-3 above it, by bisection of the logarithm.

    meets: false up to some noise, true from there on. 0 where less than `LEAST_NOISE` would do, infinite where more
    than `MOST_NOISE` is needed.
    """
    enough = 1.0
    while not meets(enough):
        enough *= 2
        if enough > MOST_NOISE:
            return math.inf
    too_little = enough / 2
    while meets(too_little):
        enough, too_little = too_little, too_little / 2
        if too_little < LEAST_NOISE:
            return 0.0
    while enough > too_little * (1 + NOISE_TOLERANCE):
        middle = math.sqrt(enough * too_little)
        enough, too_little = (middle, too_little) if meets(middle) else (enough, middle)
    return enough


def _most_rounds(target: float, plan: PrivacyPlan) -> PrivacyPlan:
    """Epsilon grows with rounds."""

    def meets(rounds: int) -> bool:
        return _epsilon(plan, rounds=rounds) <= target

    if not meets(1):
        raise BadInput(
            f"privacy plan: one round already costs more than epsilon {target:g}; raise epsilon or noise_multiplier"
        )
    if plan.sampling is Sampling.NONE and meets(plan.max_participations):
        raise BadInput(
            f"privacy plan: {plan.max_participations} participations of a device stay within epsilon {target:g} "
            "however many rounds there are; give the rounds instead"
        )
    rounds = most(meets, MOST_ROUNDS)
    if rounds == MOST_ROUNDS:
        raise BadInput(
            f"privacy plan: epsilon {target:g} lasts for {MOST_ROUNDS} rounds and more at noise multiplier "
            f"{plan.noise_multiplier:g}; give the rounds instead, or lower epsilon or noise_multiplier"
        )
    return replace(plan, rounds=rounds)


def _largest_cohort(target: float, plan: PrivacyPlan) -> PrivacyPlan:
    """Epsilon grows with the cohort where it is sampled."""
    if plan.sampling not in (Sampling.POISSON, Sampling.FIXED_SIZE):
        raise BadInput(
            f"privacy plan: with sampling {plan.sampling.value} the cohort has no say in epsilon; give the cohort, and "
            "leave out noise_multiplier or rounds"
        )

    def meets(cohort: int) -> bool:
        return _epsilon(plan, cohort=cohort) <= target

    if not meets(plan.cohort):
        raise BadInput(
            f"privacy plan: a cohort of {plan.cohort} already costs more than epsilon {target:g} in {plan.rounds} "
            "rounds; raise epsilon or noise_multiplier, or plan fewer rounds"
        )
    return replace(plan, cohort=most(meets, plan.population, start=plan.cohort))


def most(meets: Callable[[int], bool], limit: int, *, start: int = 1) -> int:
    """The largest number from `start`, which meets, to `limit`: by doubling, then bisection."""
    fits, too_many = start, min(2 * start, limit + 1)
    while too_many <= limit and meets(too_many):
        fits, too_many = too_many, min(too_many * 2, limit + 1)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fits, too_many = (middle, too_many) if meets(middle) else (fits, middle)
    return fits
