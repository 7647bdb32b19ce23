"""Everything of a quality job that calls the model's own code: who learns, examples, trainings, rankings, explanation.

Letters: T targets, N tracks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.catalogue import Catalogue
from shared_model.head.explain import path_shares
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.parameters import ParameterLayout
from shared_model.history import History, Tracks
from shared_model.memory.counts import play_counts
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.training.examples import Examples
from shared_model.training.local_update import Model
from simulations.datasets.dataset import Dataset
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.head_ranking import HeldOutMoments, held_out_moments, output, rank
from simulations.evaluation.held_out import Target, held_out_targets, is_new, training_part
from simulations.evaluation.quality import Yardstick
from simulations.experiment import new_head, tables_of
from simulations.pretraining.release_0 import pretraining_of, public_examples, train_release_0
from simulations.quality.scenario import QualityScenario

EXPLAINED = 2_000
"""Moments whose first recommendation is explained, about: the mean of more would say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all trainings of a job are measured on.

    learned: histories as training and statistics see them; scored: whole histories, whose last plays are `targets`;
    counted: of each scored history, the plays that the statistics of `paths` hold.
    """

    catalogue: Catalogue
    learned: tuple[History, ...]
    scored: tuple[History, ...]
    paths: MemoryPaths
    counted: tuple[Tracks, ...]
    targets: tuple[Target, ...]
    held_out: HeldOutMoments
    yardstick: Yardstick


def learned_part(dataset: Dataset) -> tuple[History, ...]:
    """What release 0 may learn from: public listeners' plays, without the held-out ones where all are public."""
    return tuple(map(training_part, dataset.public)) if is_central(dataset) else dataset.public


def is_central(dataset: Dataset) -> bool:
    """Whether everyone trains and everyone is scored."""
    return not dataset.private


def set_up_bench(scenario: QualityScenario, dataset: Dataset) -> Bench:
    """Count the statistics and gather the held-out moments. Raises BadInput where a history is too short."""
    catalogue, learned, scored = dataset.catalogue, learned_part(dataset), dataset.private or dataset.public
    drawn = held_out_targets(scored, limit=scenario.dataset.max_targets)
    targets = tuple(sorted(drawn, key=lambda target: (target.listener, target.position)))
    paths = paths_of(learned, catalogue)
    counted = counted_of(dataset, learned)
    held_out = held_out_moments(scored, targets, paths=paths, counted=counted)
    before = [*learned, *map(training_part, dataset.private)]
    return Bench(
        catalogue=catalogue,
        learned=learned,
        scored=scored,
        paths=paths,
        counted=counted,
        targets=targets,
        held_out=held_out,
        yardstick=Yardstick(
            listener=held_out.listener,
            new=np.array([is_new(scored[target.listener], target.position) for target in targets]),
            play_counts=play_counts([history.tracks for history in before], len(catalogue)),
            resamples=scenario.evaluation.resamples,
        ),
    )


def paths_of(learned: Sequence[History], catalogue: Catalogue) -> MemoryPaths:
    """What is counted, never trained."""
    return MemoryPaths.of(fit_public_statistics([history.tracks for history in learned], catalogue), catalogue)


def counted_of(dataset: Dataset, learned: Sequence[History]) -> tuple[Tracks, ...]:
    """Of each scored listener, the plays that are in the statistics: none of a private one."""
    if is_central(dataset):
        return tuple(history.tracks for history in learned)
    return tuple(np.empty(0, np.int64) for _ in dataset.private)


def examples_of(scenario: QualityScenario, learned: Sequence[History], paths: MemoryPaths, *, moments: int) -> Examples:
    """The examples that the trainings of every seed share. Raises BadInput where there is nothing to learn from."""
    pretraining = replace(pretraining_of(scenario.pretraining), moments=moments)
    return public_examples(learned, paths=paths, pretraining=pretraining, seed=scenario.seed)


def untrained(scenario: QualityScenario, catalogue: Catalogue, *, seed: int) -> AttentiveFusionHead:
    """The head that a training starts from."""
    return new_head(scenario.model, catalogue, seed=seed)


def train(
    scenario: QualityScenario,
    head: AttentiveFusionHead,
    examples: Examples,
    catalogue: Catalogue,
    *,
    seed: int,
    progress: Callable[[float], None],
) -> None:
    """Train all of `head` in place."""
    tables, pretraining = tables_of(catalogue), pretraining_of(scenario.pretraining)
    train_release_0(head, tables, examples, pretraining=pretraining, seed=seed, progress=progress)


def rank_head(head: AttentiveFusionHead, catalogue: Catalogue, held_out: HeldOutMoments) -> FullRanking:
    """Rank every target among all tracks."""
    model = _model(head, catalogue)
    return rank(model, model.vector(), held_out)


def mean_shares(head: AttentiveFusionHead, catalogue: Catalogue, held_out: HeldOutMoments) -> dict[str, float]:
    """The share of each path in the first recommendation, mean over about `EXPLAINED` moments of all listeners."""
    model = _model(head, catalogue)
    batches = list(held_out.batches(range(len(held_out.played))))
    shares = []
    for rows in batches[:: max(len(held_out.played) // EXPLAINED, 1)]:
        said = output(model, model.vector(), held_out.rows(rows))
        shares.append(path_shares(said.contributions.numpy(), said.logits.argmax(1).numpy()))
    mean: NDArray[np.float32] = torch.from_numpy(np.concatenate(shares)).mean(0).numpy()
    return {path: float(share) for path, share in zip(head.shape.paths, mean, strict=True)}


def _model(head: AttentiveFusionHead, catalogue: Catalogue) -> Model:
    names = tuple(name for name, _ in head.named_parameters())
    return Model(head=head, tables=tables_of(catalogue), layout=ParameterLayout.of(head, names))
