"""The trainings of a quality job, each kept in the run folder as soon as it is done."""

from pathlib import Path

from shared_model.catalogue import Catalogue
from shared_model.head.head import AttentiveFusionHead
from shared_model.training.examples import Examples
from simulations.pretraining.head_file import load_head, save_head
from simulations.quality.experiment import Bench, examples_of, train, untrained
from simulations.quality.scenario import QualityScenario
from simulations.run_folder import RunFolder
from simulations.stages import Advance, Stages


def train_all(
    scenario: QualityScenario, bench: Bench, folder: RunFolder, stages: Stages
) -> tuple[AttentiveFusionHead, ...]:
    """A head a seed, all from the same examples, which are built only where a head is missing."""
    examples = None
    if not all(folder.head(f"seed-{seed}").exists() for seed in scenario.seeds):
        with stages.stage("examples"):
            examples = examples_of(scenario, bench.learned, bench.paths, moments=scenario.pretraining.moments)
    heads = []
    for seed in scenario.seeds:
        with stages.stage(f"training, seed {seed}") as advance:
            path = folder.head(f"seed-{seed}")
            heads.append(trained(scenario, bench.catalogue, examples, path, seed=seed, advance=advance))
    return tuple(heads)


def trained(
    scenario: QualityScenario,
    catalogue: Catalogue,
    examples: Examples | None,
    path: Path,
    *,
    seed: int,
    advance: Advance,
) -> AttentiveFusionHead:
    """The head that lies at `path`, or one that is trained now and put there."""
    head = untrained(scenario, catalogue, seed=seed)
    if examples is None or path.exists():
        load_head(head, path)
    else:
        train(scenario, head, examples, catalogue, seed=seed, progress=advance)
        save_head(head, path)
    return head
