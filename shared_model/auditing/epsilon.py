"""Epsilon from the numbers of a plan, or the noise or the rounds that keep one: what `sottovoce-audit epsilon` says."""

from dataclasses import dataclass, replace

from shared_model.errors import BadInput
from shared_model.privacy.coverage import Accounted, account
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.plan import SMALLEST_DELTA
from shared_model.privacy.solve import LEAST_NOISE, MOST_NOISE, MOST_ROUNDS, most, smallest_noise
from shared_model.privacy.spent import Relation, Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Gaussian releases that are asked about. One of noise_multiplier and rounds may be None, to be solved for.

    sample_rate: chance of a device to be in a round, 0 < q <= 1; rounds: those that count, where cohorts are visible
    the ones of one device.
    """

    sample_rate: float
    noise_multiplier: float | None
    rounds: int | None
    delta: float
    relation: Relation
    sampling: Sampling

    def __post_init__(self) -> None:
        if not 0 < self.sample_rate <= 1:
            raise BadInput(f"epsilon: the sample rate is {self.sample_rate:g}; it must lie above 0 and be at most 1")
        if self.noise_multiplier is not None and not 1e-3 <= self.noise_multiplier <= 1e6:
            raise BadInput(
                f"epsilon: the noise multiplier is {self.noise_multiplier:g}; it must lie between 0.001 and 1e6 "
                "(without noise epsilon is infinite)"
            )
        if self.rounds is not None and not 0 <= self.rounds <= 10**7:
            raise BadInput(f"epsilon: {self.rounds} rounds; give 0 to 1e7")
        if not SMALLEST_DELTA <= self.delta < 1:
            raise BadInput(f"epsilon: delta is {self.delta:g}; it must be at least {SMALLEST_DELTA:g} and below 1")


def answer(question: Question) -> Accounted:
    """Its epsilon. Raises Refused where no accountant covers it; every number of the question must be given."""
    assert question.noise_multiplier is not None
    assert question.rounds is not None
    return account(
        sampling=question.sampling,
        relation=question.relation,
        sample_rate=question.sample_rate,
        noise_multiplier=question.noise_multiplier,
        rounds=question.rounds,
        delta=question.delta,
    )


def solved(question: Question, *, epsilon: float) -> Question:
    """The question with the smallest noise, or the most rounds, at which its answer is at most `epsilon`.

    Raises BadInput where not exactly one of both is open, or where nothing keeps that epsilon.
    """
    if (question.noise_multiplier is None) == (question.rounds is None):
        raise BadInput("epsilon: with --epsilon, give either --noise-multiplier or --rounds; the other is solved for")
    if not epsilon > 0:
        raise BadInput(f"epsilon: the target is {epsilon:g}; it must be above 0")
    if question.noise_multiplier is None:
        noise = smallest_noise(lambda noise: answer(replace(question, noise_multiplier=noise)).epsilon <= epsilon)
        if not LEAST_NOISE <= noise <= MOST_NOISE:
            raise BadInput(
                f"epsilon: no noise multiplier between {LEAST_NOISE:g} and {MOST_NOISE:g} is the smallest that keeps "
                f"epsilon {epsilon:g}; ask for another epsilon, or other rounds"
            )
        return replace(question, noise_multiplier=noise)
    if answer(replace(question, rounds=1)).epsilon > epsilon:
        raise BadInput(f"epsilon: one round already costs more than {epsilon:g}; raise the noise or the target")
    rounds = most(lambda rounds: answer(replace(question, rounds=rounds)).epsilon <= epsilon, MOST_ROUNDS)
    return replace(question, rounds=rounds)


def own_epsilon(question: Question) -> float:
    """What a device that takes part in all of these rounds has spent by its own count: not amplified by sampling."""
    assert question.noise_multiplier is not None
    assert question.rounds is not None
    return device_epsilon(
        question.rounds,
        noise_multiplier=question.noise_multiplier,
        delta=question.delta,
        relation=question.relation.of_a_device,
    )
