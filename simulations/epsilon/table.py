"""The rows of the table: private transitions at one epsilon and population, measured on everyone's held-out plays."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.history import Tracks
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.privacy.plan import default_delta
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.private_transitions.merged import with_pairs
from shared_model.private_transitions.own_pairs import Keys, own_pairs
from shared_model.private_transitions.released_pairs import ReleasedPairs, counted_pairs, release_pairs
from shared_model.private_transitions.transition_plan import TransitionPlan, plan_transitions
from simulations.epsilon.scenario import TransitionsSection
from simulations.epsilon.starting_point import StartingPoint
from simulations.evaluation.bootstrap import interval
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.held_out import training_part
from simulations.evaluation.quality import GAINS, Yardstick, mean_gain

COMPARED = ("hr_at_10", "mrr_at_20", "new_hr_at_10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributed:
    """What private listeners played before the targets: pairs, and how many of the listeners said each."""

    keys: Keys
    devices: NDArray[np.int64]
    listeners: int
    histories: tuple[Tracks, ...]


def contributed(start: StartingPoint, *, pairs: int) -> Contributed:
    """Of every private listener, at most so many pairs."""
    histories = tuple(training_part(history).tracks for history in start.bench.scored)
    size = len(start.bench.catalogue)
    keys, devices = counted_pairs(
        [own_pairs(tracks, catalogue_size=size, most=pairs) for tracks in histories], most=pairs
    )
    return Contributed(keys=keys, devices=devices, listeners=len(histories), histories=histories)


def without_noise(start: StartingPoint, heard: Contributed) -> FullRanking:
    """The same pairs, gathered in the clear: epsilon is infinite."""
    released = ReleasedPairs(keys=heard.keys, devices=heard.devices.astype(np.float32), noise="none")
    return start.ranked_with(with_pairs(start.bench.paths.statistics, released))


def everyone(start: StartingPoint, heard: Contributed) -> FullRanking:
    """All that all listeners played before the targets in all tables, each without the own part: a ceiling."""
    learned = [history.tracks for history in start.bench.learned]
    statistics = fit_public_statistics([*learned, *heard.histories], start.bench.catalogue)
    return start.ranked_with(statistics, counted=heard.histories)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """listeners: the population that the plan is of; scale: so many times as many as were really counted."""

    plan: TransitionPlan
    epsilon: float
    listeners: int
    scale: float


def planned_rows(section: TransitionsSection, *, listeners: int) -> Iterator[PlannedRow]:
    """At the real number of private listeners first. Raises BadInput or Refused where a row cannot be planned."""
    for population in (listeners, *section.extrapolated_to):
        for epsilon in section.epsilons:
            plan = plan_transitions(
                population=population, pairs=section.pairs, epsilon=epsilon, delta=default_delta(population)
            )
            yield PlannedRow(plan=plan, epsilon=epsilon, listeners=population, scale=population / listeners)


def releases(row: PlannedRow, heard: Contributed, *, seed: int, count: int) -> Iterator[ReleasedPairs]:
    """`count` draws of the row's noise, from a keyed stream: such a release is never promoted."""
    for draw in range(count):
        stream = KeyedRandomness(
            key=key_from_seed(seed), purpose=f"private transitions {row.listeners} {row.epsilon:g}", round=draw
        )
        yield release_pairs(heard.keys, heard.devices, plan=row.plan, randomness=stream, scale=row.scale)


def measure_row(
    start: StartingPoint, made: Sequence[ReleasedPairs], *, advance: Callable[[float], None]
) -> list[FullRanking]:
    """A ranking for each release; one of nothing is what was there before."""
    rankings = []
    for place, released in enumerate(made, start=1):
        nothing = not len(released.keys)
        rankings.append(
            start.release_0_personal
            if nothing
            else start.ranked_with(with_pairs(start.bench.paths.statistics, released))
        )
        advance(place / len(made))
    return rankings


def ahead(
    yardstick: Yardstick, metric: str, ours: Sequence[FullRanking], other: FullRanking
) -> tuple[float, float, float]:
    """By how much the mean of `ours` is above `other`, target by target: mean, and its interval by listener."""
    gain = GAINS[metric.removeprefix("new_")]
    chosen = yardstick.new if metric.startswith("new_") else np.ones_like(yardstick.new)
    difference = (mean_gain(gain, ours) - mean_gain(gain, [other]))[chosen]
    low, high = interval(difference, yardstick.listener[chosen], resamples=yardstick.resamples, seed=0)
    return float(difference.mean()), low, high
