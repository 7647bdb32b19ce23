"""What a release of private pairs costs: the noise's plan, and the chance that a pair of one device alone is seen."""

import math
from dataclasses import dataclass, replace

from scipy.special import ndtri

from shared_model.errors import BadInput
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.solve import solve_plan
from shared_model.privacy.spending import device_spent, population_spent
from shared_model.privacy.spent import PrivacySpent, Sampling, Trust

UNSEEN_SHARE = 0.5
"""Of delta, what the threshold takes; the noise has the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionPlan:
    """privacy: of the noise on the counts, its clip norm sqrt(pairs), its delta without what the threshold takes;
    pairs: P that a device contributes at most, fixed before anything is read; unseen_delta: the chance, in one round,
    that any pair is released which one device alone contributed.

    Under central trust, since whoever adds the noise sees who contributed what. Raises BadInput where the numbers do
    not belong together.
    """

    privacy: PrivacyPlan
    pairs: int
    unseen_delta: float

    def __post_init__(self) -> None:
        if self.pairs < 1 or not math.isclose(self.privacy.clip_norm, math.sqrt(self.pairs), rel_tol=1e-12):
            raise BadInput(
                f"private transitions: a clip norm of {self.privacy.clip_norm:g} is not the root of {self.pairs} pairs"
            )
        if not 0 < self.unseen_delta < 1:
            raise BadInput(f"private transitions: unseen_delta is {self.unseen_delta:g}; it must be between 0 and 1")
        whole = self.privacy.delta + self.privacy.rounds * self.unseen_delta
        if not whole < 1 / self.privacy.population:
            raise BadInput(
                f"private transitions: delta is {whole:g} with the threshold's part; it must be below one over the "
                f"population, {1 / self.privacy.population:g}"
            )
        if self.privacy.trust is not Trust.CENTRAL:
            raise BadInput("private transitions: a threshold on counts needs central trust")

    @property
    def threshold(self) -> float:
        """What a noised count must be above to be released.

        A pair of one device alone has a count of 1, and such a device brings at most `pairs` of them: none of them is
        above 1 + s q with s the noise's deviation and Phi(q)^pairs = 1 - unseen_delta. Pairs that nobody contributed
        are not noised and never released (Gopi et al. 2020, arXiv:2002.09745, for counts that all weigh one).
        """
        # 1 - (1 - delta)^(1 / pairs), with all digits where delta is small
        each = -math.expm1(math.log1p(-self.unseen_delta) / self.pairs)
        return 1.0 - self.privacy.noise_standard_deviation * float(ndtri(each))

    def spent(self, *, rounds: int) -> PrivacySpent:
        """Against a reader of all releases; the threshold's delta is in it, once a round and not amplified."""
        return self._with_unseen(population_spent(self.privacy, rounds=rounds).quoted, rounds)

    def device_spent(self, *, participations: int) -> PrivacySpent:
        """What a device counts for itself."""
        return self._with_unseen(device_spent(self.privacy, participations=participations), participations)

    def _with_unseen(self, spent: PrivacySpent, rounds: int) -> PrivacySpent:
        mechanism = f"{spent.mechanism}, counts above a threshold"
        return replace(spent, delta=spent.delta + rounds * self.unseen_delta, mechanism=mechanism)


def plan_transitions(
    *, population: int, pairs: int, epsilon: float, delta: float, rounds: int = 1, cohort: int | None = None
) -> TransitionPlan:
    """The least noise that keeps (epsilon, delta), the threshold's part of delta included, after all rounds.

    cohort: devices of a round, drawn independently; None asks every device, once, in the one round.
    Raises BadInput or Refused where there is no such plan.
    """
    whole = cohort is None
    if whole and rounds != 1:
        raise BadInput("private transitions: where every device is asked there is one round; name a cohort for more")
    size = population if cohort is None else cohort
    privacy = solve_plan(
        population=population,
        clip_norm=math.sqrt(pairs),
        delta=(1 - UNSEEN_SHARE) * delta,
        max_participations=1 if whole else rounds,
        epsilon=epsilon,
        rounds=rounds,
        cohort=size,
        sampling=Sampling.FULL_PARTICIPATION if whole else Sampling.POISSON,
    )
    return TransitionPlan(privacy=privacy, pairs=pairs, unseen_delta=UNSEEN_SHARE * delta / rounds)
