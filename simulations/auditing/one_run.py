"""G1: canaries among the listeners of one whole run, found again, or not, in the models that it released.

They go through the code of every client and of the server, and what they are scored by is public.
Letters: U listeners, m canaries, d released numbers, T rounds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.round import RoundState, run_round
from shared_model.errors import Refused
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan, default_delta
from shared_model.privacy.spent import Relation, Sampling, Trust
from shared_model.training.examples import take
from shared_model.training.local_update import clipped_updates
from simulations.auditing.canaries import draw_canaries, released_sums, round_scores
from simulations.auditing.mechanism_gate import EXCESS
from simulations.auditing.one_run_verdict import RunClaim
from simulations.engines.federation import Federation
from simulations.engines.in_process import side_by_side
from simulations.engines.participation import accept


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRun:
    """plan: the scenario's, for a population with canaries in it; included: (m,) bool, who of them answered; found:
    (T, m), how much of each canary is in what each round released."""

    plan: PrivacyPlan
    included: NDArray[np.bool_]
    found: NDArray[np.float64]

    @property
    def claim(self) -> RunClaim:
        """What the plan promises a reader of its releases."""
        plan = self.plan
        return RunClaim(
            sample_rate=plan.sample_rate, noise_multiplier=plan.noise_multiplier, rounds=plan.rounds, delta=plan.delta
        )


def plan_with_canaries(plan: PrivacyPlan, *, canaries: int) -> PrivacyPlan:
    """The same chance to be in a round and the same noise, for a population of canaries and listeners."""
    population = plan.population + canaries
    return replace(
        plan,
        population=population,
        cohort=max(round(plan.sample_rate * population), 1),
        minimum_cohort=0,
        delta=min(plan.delta, default_delta(population)),
    )


def run_with_canaries(
    federation: Federation, *, canaries: int, seed: int, progress: Callable[[float], None]
) -> AuditedRun:
    """Every round of `federation`, m = `canaries` registered after its U listeners; a fair coin each decides who of
    them answers at all. Raises Refused for a plan whose releases these scores do not fit."""
    _require_plain(federation.plan)
    plan = plan_with_canaries(federation.plan, canaries=canaries)
    start = federation.model.vector()
    drawn = draw_canaries(canaries, drift=_mean_update(federation, start), seed=seed)
    listeners = federation.plan.population
    taken_part = np.zeros(plan.population, dtype=np.int64)

    def collect(_: int, vector: Tensor, cohort: NDArray[np.int64]) -> Iterator[Tensor]:
        accepting = accept(taken_part, cohort, plan)
        yield from _updates(federation, vector, torch.from_numpy(accepting[accepting < listeners]))
        present = accepting[accepting >= listeners] - listeners
        for some in torch.split(torch.from_numpy(present[drawn.included[present]]), side_by_side(len(vector))):
            yield clip_rows(EXCESS * plan.clip_norm * drawn.directions[some], clip_norm=plan.clip_norm)

    state = RoundState.start(start)
    models = [state.vector]
    while state.round < plan.rounds:
        state = run_round(state, plan=plan, step=federation.step, randomness=federation.randomness, collect=collect)
        models.append(state.vector)
        progress(state.round / plan.rounds)
    sums = released_sums(models, plan=plan, step=federation.step)  # from here on, nothing but what was released
    return AuditedRun(plan=plan, included=drawn.included, found=round_scores(sums, drawn, plan=plan))


def _require_plain(plan: PrivacyPlan) -> None:
    plain = (Mechanism.GAUSSIAN, Clipping.FLAT, Trust.CENTRAL, Sampling.POISSON, Relation.ADD_OR_REMOVE_ONE)
    if (plan.mechanism, plan.clipping, plan.trust, plan.sampling, plan.relation) != plain:
        raise Refused(
            "audit: gate G1 scores releases of independent noise on Poisson-sampled sums with flat clipping and "
            "central trust, under add-or-remove-one; audit the mechanism of this scenario by `mechanism` instead"
        )


def _mean_update(federation: Federation, vector: Tensor) -> Tensor:
    """(d,) of all listeners before the first round."""
    everyone = _updates(federation, vector, torch.arange(federation.plan.population))
    return sum((updates.sum(0) for updates in everyone), torch.zeros(len(vector))) / federation.plan.population


def _updates(federation: Federation, vector: Tensor, listeners: Tensor) -> Iterator[Tensor]:
    """What leaves their devices, (K, d), some at a time."""
    for some in torch.split(listeners, side_by_side(len(vector))):
        if len(some):
            examples, training = take(federation.examples, some), federation.training
            yield clipped_updates(federation.model, vector, examples, training=training, plan=federation.plan)
