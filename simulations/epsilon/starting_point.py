"""Where a part of the table starts: some public listeners, release 0 of them, and what it foresees without rounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from shared_model.head.batch import Batch
from shared_model.head.head import AttentiveFusionHead
from shared_model.history import History, Tracks
from shared_model.memory.channels import CHANNELS, CHANNELS_OF, PERSONAL
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.public_statistics import PublicStatistics
from simulations.datasets.dataset import Dataset
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.head_ranking import held_out_moments
from simulations.quality.experiment import Bench, examples_of, rank_head, set_up_bench
from simulations.quality.scenario import QualityScenario
from simulations.quality.trainings import trained
from simulations.run_folder import RunFolder
from simulations.stages import Stages

KEPT_SEED = 0
"""Which public listeners are kept does not follow the scenario's seed, as the split does not."""

OF_THE_LISTENER = [place for place, name in enumerate(CHANNELS) for path in PERSONAL if name in CHANNELS_OF[path]]
"""Channels that read the listener's own past, and nobody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartingPoint:
    """head: release 0 with its personal paths; release_0_personal: what it foresees; release_0: what a head foresees
    that was trained without them."""

    bench: Bench
    head: AttentiveFusionHead
    release_0: FullRanking
    release_0_personal: FullRanking

    def ranked_with(self, statistics: PublicStatistics, *, counted: Sequence[Tracks] | None = None) -> FullRanking:
        """What `head` foresees with other statistics, of which `counted` are each scored listener's own; none by
        default."""
        bench = self.bench
        moments = held_out_moments(
            bench.scored,
            bench.targets,
            paths=MemoryPaths.of(statistics, bench.catalogue),
            counted=bench.counted if counted is None else counted,
        )
        return rank_head(self.head, bench.catalogue, moments)


def start(
    scenario: QualityScenario, dataset: Dataset, *, kept: float, folder: RunFolder, stages: Stages
) -> StartingPoint:
    """Release 0 of a share `kept` of the public listeners, trained or taken from the folder. Raises BadInput where
    nobody is left to learn from."""
    clear = replace(dataset, public=some_of(dataset.public, kept))
    with stages.stage(f"statistics of {kept:.0%}"):
        bench = set_up_bench(scenario, clear)
    paths = [folder.head(f"{name}-{kept:g}") for name in ("personal", "without")]
    heads: list[AttentiveFusionHead] = []
    examples = None
    if not all(path.exists() for path in paths):
        with stages.stage(f"examples of {kept:.0%}"):
            examples = examples_of(scenario, bench.learned, bench.paths, moments=scenario.pretraining.moments)
    for path, title in zip(paths, ("release 0", "release 0 without the listener's past"), strict=True):
        if examples is not None and heads:
            silence(examples.batch)  # in place: they take a gigabyte, and nobody else reads them
        with stages.stage(f"{title}, {kept:.0%}") as advance:
            heads.append(trained(scenario, bench.catalogue, examples, path, seed=scenario.seed, advance=advance))
    with stages.stage(f"ranking, {kept:.0%}"):
        personal = rank_head(heads[0], bench.catalogue, bench.held_out)
        silence(bench.held_out.batch)
        without = rank_head(heads[1], bench.catalogue, bench.held_out)
    return StartingPoint(bench=bench, head=heads[0], release_0=without, release_0_personal=personal)


def some_of(public: tuple[History, ...], kept: float) -> tuple[History, ...]:
    """A share of the public listeners, at least one, in their order; the same share is the same listeners."""
    count = max(1, round(kept * len(public)))
    chosen = np.sort(np.random.default_rng(KEPT_SEED).permutation(len(public))[:count])
    return tuple(public[place] for place in chosen)


@torch.no_grad()
def silence(batch: Batch) -> None:
    """Take out, in place, what the listener's own past says of candidates."""
    batch.evidence[:, OF_THE_LISTENER] = 0
    batch.record[:, OF_THE_LISTENER] = 0
