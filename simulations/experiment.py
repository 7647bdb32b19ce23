"""Everything about a run that is fixed before its rounds: data, plan, examples, held-out moments, release 0.

Letters: U private listeners, E examples of each.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from shared_model.catalogue import Catalogue
from shared_model.errors import BadInput
from shared_model.head.adapter import adapt
from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.parameters import ParameterLayout
from shared_model.head.shape import HeadShape
from shared_model.history import Tracks
from shared_model.memory.counts import play_counts
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.privacy.example_account import ExampleAccount
from shared_model.privacy.matrix_factorisation import BandedFactorisation
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan, default_delta
from shared_model.privacy.solve import solve_plan
from shared_model.privacy.spent import Relation, Sampling, Trust
from shared_model.training.example_level import ExampleLevelTraining
from shared_model.training.examples import Examples, build_examples, by_listener
from shared_model.training.local_update import LocalTraining, Model
from simulations.datasets.dataset import Dataset
from simulations.engines.example_level import ExampleLevel
from simulations.evaluation.head_ranking import HeldOutMoments, held_out_moments
from simulations.evaluation.held_out import Target, held_out_targets, is_new, training_part
from simulations.evaluation.quality import Yardstick
from simulations.pretraining.release_0 import latest_positions
from simulations.scenario import Scenario
from simulations.scenario_sections import HeadSection

_UNKNOWN = 10**6
"""Stands for max_participations while the number of rounds is still being solved for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Private listeners' examples (U, E, ...) and held-out plays, with the memory paths that both are read by."""

    paths: MemoryPaths
    examples: Examples
    targets: tuple[Target, ...]
    held_out: HeldOutMoments
    yardstick: Yardstick


def plan_of(scenario: Scenario, *, population: int) -> PrivacyPlan:
    """The scenario's plan with its unknown solved for. Raises BadInput where it cannot be met."""
    privacy = scenario.privacy
    delta = default_delta(population) if privacy.delta is None else privacy.delta
    if privacy.mechanism == "off":
        assert scenario.rounds is not None
        return PrivacyPlan(
            population=population,
            cohort=scenario.cohort,
            rounds=scenario.rounds,
            clip_norm=privacy.clip_norm,
            noise_multiplier=0.0,
            delta=delta,
            minimum_cohort=privacy.minimum_cohort,
            max_participations=scenario.rounds,
            mechanism=Mechanism.OFF,
        )
    expected = None if scenario.rounds is None else scenario.cohort / population * scenario.rounds
    most = privacy.max_participations or (_UNKNOWN if expected is None else _usual_limit(expected))
    if privacy.bands > 1 and scenario.rounds is not None:
        most = BandedFactorisation(rounds=scenario.rounds, bands=privacy.bands).participations(most)
    distributed = privacy.trust == "distributed"
    honest = (privacy.honest or max(scenario.cohort // 2, 1)) if distributed else 0
    plan = solve_plan(
        population=population,
        cohort=scenario.cohort,
        rounds=scenario.rounds,
        epsilon=privacy.epsilon,
        noise_multiplier=privacy.noise_multiplier,
        clip_norm=privacy.clip_norm,
        delta=delta,
        minimum_cohort=privacy.minimum_cohort or (max(honest, 2) if distributed else 0),
        max_participations=most,
        device_cap=privacy.device_cap,
        sampling=Sampling(privacy.sampling),
        relation=Relation(privacy.relation),
        trust=Trust.DISTRIBUTED if distributed else Trust.CENTRAL,
        honest=honest,
    )
    # none of these changes what a release costs: the solved numbers hold for all of them
    plan = replace(
        plan,
        mechanism=Mechanism.SKELLAM if distributed else Mechanism(privacy.mechanism),
        bands=privacy.bands,
        evaluation_share=privacy.evaluation_share,
        clipping=Clipping(privacy.clipping),
        trust=Trust(privacy.trust),
    )
    if privacy.max_participations is not None or expected is not None:
        return plan
    return replace(plan, max_participations=_usual_limit(plan.expected_participations))


def _usual_limit(expected: float) -> int:
    return int(np.ceil(max(2 * expected, expected + 2)))


def local_training(scenario: Scenario) -> LocalTraining:
    """What each client computes."""
    training = scenario.training
    return LocalTraining(learning_rate=training.learning_rate, batch_size=training.batch_size, epochs=training.epochs)


def example_level_of(scenario: Scenario) -> ExampleLevel | None:
    """Example-level training by the scenario, with accounts that nothing was taken from; None where it has none.

    Raises BadInput for numbers that cannot be used, and for a cap that lets nobody train once.
    """
    section = scenario.privacy.example_level
    if section is None:
        return None
    training = ExampleLevelTraining(
        learning_rate=section.learning_rate,
        steps=section.steps,
        clip_norm=section.clip_norm,
        batch_size=section.batch_size,
        dataset_size=scenario.training.examples,
    )
    account = ExampleAccount(
        sample_rate=training.sample_rate,
        noise_multiplier=section.noise_multiplier,
        delta=section.delta,
        epsilon_cap=section.epsilon_cap,
    )
    level = ExampleLevel(training=training, account=account)
    if not level.may_train(0):
        raise BadInput(
            f"privacy.example_level: one round of a device costs {level.account_after(1).spent()}, above epsilon_cap "
            f"{section.epsilon_cap:g}, so that no device would ever train; raise the cap or noise_multiplier"
        )
    return level


def new_head(section: HeadSection, catalogue: Catalogue, *, seed: int, dense: bool = False) -> AttentiveFusionHead:
    """An untrained head for this catalogue, fixed by `seed`. dense: one weight row per track, as in the paper."""
    shape = HeadShape(
        modalities=tuple((name, modality.vectors.shape[1]) for name, modality in catalogue.modalities.items()),
        width=section.width,
        attention_width=section.attention_width,
        dense_tracks=len(catalogue) if dense else None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AttentiveFusionHead(shape)


def tables_of(catalogue: Catalogue) -> Tables:
    """The catalogue's vectors as the untouched head reads them."""
    modalities = catalogue.modalities.values()
    vectors = tuple(torch.from_numpy(modality.vectors) for modality in modalities)
    return Tables(
        history=vectors,
        candidates=vectors,
        present=tuple(torch.from_numpy(modality.present) for modality in modalities),
    )


def trainable_model(scenario: Scenario, head: AttentiveFusionHead, tables: Tables) -> Model:
    """Release 0 as rounds train it: through the adapter, or whole but for rows per track."""
    if scenario.model.trainable == "adapter":
        head, tables, names = adapt(head, tables, rank=scenario.model.rank, seed=scenario.seed)
    else:
        unused = ("dense.", "outward.") if head.shape.dense_tracks else ("dense.",)
        names = tuple(name for name, _ in head.named_parameters() if not name.startswith(unused))
    return Model(head=head, tables=tables, layout=ParameterLayout.of(head, names))


def set_up_bench(scenario: Scenario, dataset: Dataset) -> Bench:
    """Count public statistics, build every private listener's examples, and gather the held-out moments."""
    paths = public_paths(dataset)
    drawn = held_out_targets(dataset.private, limit=scenario.dataset.max_targets)
    targets = tuple(sorted(drawn, key=lambda target: (target.listener, target.position)))
    held_out = held_out_moments(dataset.private, targets, paths=paths, counted=_none_counted(dataset))
    before = [history.tracks for history in (*dataset.public, *map(training_part, dataset.private))]
    return Bench(
        paths=paths,
        examples=private_examples(scenario, dataset, paths),
        targets=targets,
        held_out=held_out,
        yardstick=Yardstick(
            listener=held_out.listener,
            new=np.array([is_new(dataset.private[target.listener], target.position) for target in targets]),
            play_counts=play_counts(before, len(dataset.catalogue)),
            resamples=scenario.evaluation.resamples,
        ),
    )


def public_paths(dataset: Dataset) -> MemoryPaths:
    """Counted on the public listeners alone."""
    public = [history.tracks for history in dataset.public]
    return MemoryPaths.of(fit_public_statistics(public, dataset.catalogue), dataset.catalogue)


def private_examples(scenario: Scenario, dataset: Dataset, paths: MemoryPaths) -> Examples:
    """What every private listener's device trains on, (U, E, ...)."""
    training = scenario.training
    learned_from = [training_part(history) for history in dataset.private]
    examples, counts = build_examples(
        learned_from,
        [latest_positions(history, training.examples) for history in learned_from],
        paths=paths,
        counted=_none_counted(dataset),
        candidates=training.candidates,
        generator=np.random.default_rng(scenario.seed),
    )
    return by_listener(examples, counts, nominal=training.examples)


def _none_counted(dataset: Dataset) -> list[Tracks]:
    """No private play is in the statistics."""
    return [np.empty(0, np.int64) for _ in dataset.private]
