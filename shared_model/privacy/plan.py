"""One plan drives sampler, clipping, noise and accounting of every round, so that they cannot disagree."""

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from scipy.special import bdtrc

from shared_model.errors import BadInput, Refused
from shared_model.privacy.coverage import HIDDEN_COHORTS_SHARE, own_epsilon, require_accountant
from shared_model.privacy.evaluation_share import MOST_EVALUATION_SHARE, quality_norm, vector_norm
from shared_model.privacy.matrix_factorisation import BandedFactorisation
from shared_model.privacy.spent import Relation, Sampling, Trust, Unit

SMALLEST_DELTA = 1e-12
CLIP_NORMS = (1e-12, 1e12)
"""Bounds on a clip norm: within them rounding to float32 cannot lift a clipped update above it."""


class Clipping(Enum):
    """How the bound on one device's update is found."""

    FLAT = "flat"  # the plan's clip norm, in every round
    ADAPTIVE = "adaptive"  # follows a quantile of the norms, by a private bit of each device


class Mechanism(Enum):
    """What is done to the sum of a cohort's updates."""

    GAUSSIAN = "gaussian"
    SKELLAM = "skellam"  # integer noise that devices add in shares, under secure aggregation
    MATRIX_FACTORISATION = "matrix-factorisation"  # noise that is correlated over rounds
    OFF = "off"  # nothing is clipped, no noise is added, and epsilon is infinite


def default_delta(population: int) -> float:
    """N^-1.1 (McMahan et al. 2018)."""
    return float(population**-1.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPlan:
    """What every round of one run does, and what it may cost a device.

    population: a public constant N, never the number of connected devices. cohort: the *expected* number of devices in
    a round, which every sum is divided by. clip_norm: bound on what one device adds to the sum. noise_multiplier:
    standard deviation of the noise on the sum (with local trust, on each update) over `clip_norm`, whatever the
    relation; 0 where the mechanism is off.
    minimum_cohort: with fewer answers the round is aborted, which shows that few answered, and no epsilon counts that;
    0 never aborts, and a round without answers then releases its noise alone, as accounted. max_participations: how
    often one device may take part. device_cap: the un-amplified epsilon that one device may spend by its own count;
    None leaves it to `max_participations` and where the mechanism is off. bands: of the matrix factorisation, and how
    many rounds after one a device takes part again at the earliest; 1 without it. Adaptive clipping starts from
    `clip_norm`. honest: h, how many devices of every round that is released are honest and stay to its end: the noise
    of so many is counted, and each device adds one h-th of it; 0 but with distributed trust. evaluation_share: of what
    a round may tell (z^-2), how much is for the quality that devices report in the same noised vector; distributed
    trust alone.

    Raises BadInput where a number cannot be used, or where the expected participations exceed what a device allows;
    Refused where no accountant covers the combination.
    """

    population: int
    cohort: int
    rounds: int
    clip_norm: float
    noise_multiplier: float
    delta: float
    max_participations: int
    minimum_cohort: int = 0
    device_cap: float | None = None
    mechanism: Mechanism = Mechanism.GAUSSIAN
    bands: int = 1
    honest: int = 0
    evaluation_share: float = 0.0
    clipping: Clipping = Clipping.FLAT
    trust: Trust = Trust.CENTRAL
    sampling: Sampling = Sampling.POISSON
    unit: Unit = Unit.DEVICE
    relation: Relation = Relation.ADD_OR_REMOVE_ONE

    def __post_init__(self) -> None:
        _require_counts(self)
        _require_numbers(self)
        _require_noise(self)
        _require_an_accountant(self)
        _require_soundness(self)
        if self.expected_participations > self.participation_limit:
            raise BadInput(
                f"privacy plan: a device is expected to take part {self.expected_participations:g} times in "
                f"{self.rounds} rounds, and may take part {self.participation_limit} times (max_participations "
                f"{self.max_participations}, device_cap {self.device_cap}); plan fewer rounds, a smaller cohort or "
                "more noise, or raise max_participations or device_cap"
            )

    @property
    def sample_rate(self) -> float:
        """The chance q of each device to be in a round."""
        return self.cohort / self.population

    @property
    def expected_participations(self) -> float:
        """How often a device that never declines is in a cohort, on average."""
        return self.sample_rate * self.rounds

    @property
    def releases(self) -> int:
        """Rounds that count against a reader of releases: all, or one device's at most where cohorts are visible."""
        return min(self.rounds, self._most_participations) if self.sampling is Sampling.NONE else self.rounds

    @property
    def factorisation(self) -> BandedFactorisation:
        """Of the noise of all rounds. Raises BadInput where `bands` does not fit the rounds."""
        return BandedFactorisation(rounds=self.rounds, bands=self.bands)

    @property
    def _most_participations(self) -> int:
        """`max_participations`, or fewer where rounds have no room for the separation."""
        apart = self.bands > 1
        return self.factorisation.participations(self.max_participations) if apart else self.max_participations

    @property
    def device_relation(self) -> Relation:
        """The relation that a device counts under."""
        return self.relation.of_a_device

    @property
    def noise_standard_deviation(self) -> float:
        """Of each number of the noise on the sum of a cohort's clipped updates; with local trust, on each update; with
        distributed trust what is counted of it, but for rounding to integers."""
        return self.noise_multiplier * self.vector_norm

    @property
    def vector_norm(self) -> float:
        """Bound on the L2 norm of all that one device sends in a round: its update, and the quality beside it."""
        return vector_norm(self.clip_norm, evaluation_share=self.evaluation_share)

    @property
    def quality_norm(self) -> float:
        """Of the quality that a device reports, at most: its share of what a round may tell is `evaluation_share`."""
        return quality_norm(self.clip_norm, evaluation_share=self.evaluation_share)

    @property
    def largest_cohort(self) -> int:
        """Devices whose noise a sum of distributed trust always holds, whoever is missing, and that its integers have
        room for: the planned cohort, or, where cohorts are sampled, so many that in all rounds together a larger one
        has a chance of at most `HIDDEN_COHORTS_SHARE` of delta."""
        if self.sampling is not Sampling.POISSON:
            return self.cohort
        return largest_of_sampled(
            self.population, sample_rate=self.sample_rate, chance=HIDDEN_COHORTS_SHARE * self.delta / self.rounds
        )

    @property
    def participation_limit(self) -> int:
        """How often one device may take part, at most: `max_participations`, what `device_cap` pays for, and what
        rounds that lie `bands` apart have room for."""
        if self.device_cap is None:
            return self._most_participations
        return _participations_within(self)

    def may_participate(self, participations_so_far: int) -> bool:
        """Whether a device with this many participations accepts one more; else it declines."""
        return participations_so_far < self.participation_limit

    def without_privacy(self) -> "PrivacyPlan":
        """The same rounds with the mechanism off."""
        return replace(
            self,
            mechanism=Mechanism.OFF,
            noise_multiplier=0.0,
            device_cap=None,
            bands=1,
            clipping=Clipping.FLAT,
            trust=Trust.CENTRAL,
            honest=0,
            evaluation_share=0.0,
        )


def _require_counts(plan: PrivacyPlan) -> None:
    least = {"population": 1, "cohort": 1, "rounds": 1, "minimum_cohort": 0, "max_participations": 1}
    for name, bound in least.items():
        if getattr(plan, name) < bound:
            raise BadInput(f"privacy plan: {name} is {getattr(plan, name)}; it must be at least {bound}")
    if plan.cohort > plan.population:
        raise BadInput(
            f"privacy plan: a cohort of {plan.cohort} out of a population of {plan.population}; "
            f"set cohort to {plan.population} or fewer"
        )
    if plan.minimum_cohort > plan.cohort:
        raise BadInput(
            f"privacy plan: minimum_cohort {plan.minimum_cohort} is above the cohort of {plan.cohort}; lower it"
        )


def _require_numbers(plan: PrivacyPlan) -> None:
    if not SMALLEST_DELTA <= plan.delta < 1 / plan.population:  # NaN is refused too
        raise BadInput(
            f"privacy plan: delta is {plan.delta:g}; it must be at least {SMALLEST_DELTA:g} and below one over the "
            f"population, {1 / plan.population:g}; {default_delta(plan.population):.3g} is usual"
        )
    if not CLIP_NORMS[0] <= plan.clip_norm <= CLIP_NORMS[1]:
        raise BadInput(
            f"privacy plan: clip_norm is {plan.clip_norm:g}; it must lie between {CLIP_NORMS[0]:g} and "
            f"{CLIP_NORMS[1]:g}"
        )
    if plan.device_cap is not None and not 0 < plan.device_cap < math.inf:
        raise BadInput(
            f"privacy plan: device_cap is {plan.device_cap:g}; it must be above 0 and finite, "
            "or left out where max_participations is the only limit"
        )


def _require_noise(plan: PrivacyPlan) -> None:
    if plan.mechanism is Mechanism.OFF:
        if plan.noise_multiplier != 0 or plan.device_cap is not None:
            raise BadInput(
                f"privacy plan: mechanism off with noise_multiplier {plan.noise_multiplier:g} and device_cap "
                f"{plan.device_cap}; set the noise multiplier to 0 and leave the cap out, since epsilon is infinite"
            )
    elif not 0 < plan.noise_multiplier < math.inf:
        raise BadInput(
            f"privacy plan: noise_multiplier is {plan.noise_multiplier:g}; it must be above 0 and finite "
            "(privacy.mechanism=off trains without noise)"
        )


def _require_an_accountant(plan: PrivacyPlan) -> None:
    require_accountant(plan.sampling, plan.relation, trust=plan.trust)
    if plan.sampling is Sampling.FULL_PARTICIPATION and plan.cohort != plan.population:
        raise BadInput(
            f"privacy plan: full participation with a cohort of {plan.cohort} out of {plan.population}; "
            f"set cohort to {plan.population}, or use poisson sampling"
        )


def _require_soundness(plan: PrivacyPlan) -> None:
    """Raises Refused for combinations that no mechanism here gives (privacy requirements 6 and 17)."""
    gaussian = plan.mechanism is Mechanism.GAUSSIAN
    correlated = plan.mechanism is Mechanism.MATRIX_FACTORISATION
    local, distributed = plan.trust is Trust.LOCAL, plan.trust is Trust.DISTRIBUTED
    refusals = (
        (plan.unit is not Unit.DEVICE, f"no mechanism here has the unit {plan.unit.value} in rounds; use device"),
        (
            distributed is not (plan.mechanism is Mechanism.SKELLAM),
            f"{plan.trust.value} trust with mechanism {plan.mechanism.value}; under secure aggregation devices add "
            "integer noise that stays what it is when it is summed: use skellam with distributed trust, and only there",
        ),
        (
            distributed and plan.clipping is not Clipping.FLAT,
            f"distributed trust with {plan.clipping.value} clipping, whose modulus and rounding are planned for one "
            "norm; use flat clipping",
        ),
        (
            local and (plan.sampling is not Sampling.NONE or plan.relation is not Relation.REPLACE_ONE),
            f"local trust with sampling {plan.sampling.value} under {plan.relation.value}; the server sees who "
            "answers, and what is hidden is what: use sampling none and replace-one",
        ),
        (
            local and (not gaussian or plan.clipping is not Clipping.FLAT),
            f"local trust with mechanism {plan.mechanism.value} and {plan.clipping.value} clipping; each device adds "
            "noise of its own to an update of a fixed norm: use the mechanism gaussian and flat clipping",
        ),
        (
            plan.clipping is Clipping.ADAPTIVE and not gaussian,
            f"adaptive clipping with mechanism {plan.mechanism.value}; use flat clipping, or the mechanism gaussian",
        ),
        (
            correlated and plan.sampling is not Sampling.NONE,
            f"matrix factorisation with sampling {plan.sampling.value}, which would count an amplification that "
            "correlated noise does not have; use sampling none",
        ),
    )
    for unsound, what in refusals:
        if unsound:
            raise Refused(f"privacy plan: {what}")
    if (distributed and not 1 <= plan.honest <= plan.minimum_cohort) or plan.minimum_cohort < 2 * distributed:
        raise BadInput(
            f"privacy plan: honest {plan.honest} with a minimum_cohort of {plan.minimum_cohort}; with distributed "
            "trust a round needs at least 2 answers, and at least 1 and at most minimum_cohort devices to count on"
        )
    if not distributed and (plan.honest or plan.evaluation_share):
        raise BadInput(
            f"privacy plan: honest {plan.honest} and evaluation_share {plan.evaluation_share:g} with "
            f"{plan.trust.value} trust; leave both out, or use distributed trust"
        )
    if not 0 <= plan.evaluation_share <= MOST_EVALUATION_SHARE:
        raise BadInput(
            f"privacy plan: evaluation_share is {plan.evaluation_share:g}; it must lie between 0 and "
            f"{MOST_EVALUATION_SHARE:g}"
        )
    if plan.bands != 1 and not correlated:
        raise BadInput(
            f"privacy plan: {plan.bands} bands with mechanism {plan.mechanism.value}; "
            "leave bands out, or use matrix-factorisation"
        )


@lru_cache(maxsize=64)  # asked of every device in every round
def _participations_within(plan: PrivacyPlan) -> int:
    """The largest number of participations, at most the plan's, whose un-amplified epsilon is at most the cap."""
    assert plan.device_cap is not None
    fits, too_many = 0, plan._most_participations + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        spent = own_epsilon(
            middle,
            noise_multiplier=plan.noise_multiplier,
            delta=plan.delta,
            relation=plan.device_relation,
            trust=plan.trust,
        )
        fits, too_many = (middle, too_many) if spent <= plan.device_cap else (fits, middle)
    return fits


@lru_cache(maxsize=64)
def largest_of_sampled(population: int, *, sample_rate: float, chance: float) -> int:
    """The smallest n that a Binomial(population, sample_rate) exceeds with at most this chance."""
    return bisect_left(range(population), True, key=lambda size: bool(bdtrc(size, population, sample_rate) <= chance))
