"""Rules for every test, and a federation small enough for a unit test, on an invented catalogue."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from server.round import ServerStep
from shared_model.catalogue import Catalogue, Modality
from shared_model.head.adapter import adapt
from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead, HeadShape
from shared_model.head.parameters import ParameterLayout
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.history import History, Tracks
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.privacy.plan import PrivacyPlan
from shared_model.training.examples import Examples, build_examples, by_listener
from shared_model.training.local_update import LocalTraining, Model
from simulations.datasets.dataset import Dataset
from simulations.engines.federation import Federation
from simulations.evaluation.held_out import training_part
from simulations.pretraining.release_0 import latest_positions

TRACKS, DEVICES, ROUNDS, NOMINAL = 60, 12, 3, 8


def pytest_configure() -> None:
    """One thread, as the commands have: over small matrices threads wait for each other, and more so beside others."""
    torch.set_num_threads(int(os.environ.setdefault("OMP_NUM_THREADS", "1")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only integration tests may open sockets (pyproject.toml: --disable-socket)."""
    for item in items:
        if item.get_closest_marker("integration"):
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture
def tiny_federation() -> Federation:
    """12 devices over 60 tracks with lyrics and audio, 6 of them a round on average, 3 rounds, with privacy."""
    draw = np.random.default_rng(5)
    sizes = {"lyrics": 10, "audio": 6}
    modalities = {}
    for name, size in sizes.items():
        present = draw.random(TRACKS) < 0.8
        vectors = draw.normal(size=(TRACKS, size)).astype(np.float32) * present[:, None]
        modalities[name] = Modality(vectors=vectors, present=present)
    catalogue = Catalogue(
        name="invented",
        track_ids=tuple(map(str, range(TRACKS))),
        artist=draw.integers(9, size=TRACKS),
        album=draw.integers(20, size=TRACKS),
        modalities=modalities,
    )
    histories = [
        History(
            listener=str(device),
            tracks=draw.integers(TRACKS, size=plays),
            started_at_s=np.cumsum(draw.exponential(3600, size=plays)),
            states=draw.uniform(-1, 1, size=(plays, len(STATE_FEATURES))).astype(np.float32),
        )
        for device, plays in enumerate(draw.integers(5, 30, size=DEVICES))
    ]
    positions = [np.arange(1, len(history))[-NOMINAL:] for history in histories]
    plays = [history.tracks for history in histories]
    examples, counts = build_examples(
        histories,
        positions,
        paths=MemoryPaths.of(fit_public_statistics(plays, catalogue), catalogue),
        counted=plays,
        candidates=50,
        generator=draw,
    )
    vectors = tuple(torch.from_numpy(modality.vectors) for modality in modalities.values())
    present = tuple(torch.from_numpy(modality.present) for modality in modalities.values())
    tables = Tables(history=vectors, candidates=vectors, present=present)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        whole = AttentiveFusionHead(HeadShape(modalities=tuple(sizes.items()), width=6, attention_width=4))
    head, tables, released = adapt(whole, tables, rank=2, seed=5)
    return Federation(
        model=Model(head=head, tables=tables, layout=ParameterLayout.of(head, released)),
        examples=by_listener(examples, counts, nominal=NOMINAL),
        training=LocalTraining(learning_rate=0.05, batch_size=4, epochs=2),
        plan=PrivacyPlan(
            population=DEVICES,
            cohort=6,
            rounds=ROUNDS,
            clip_norm=0.3,
            noise_multiplier=0.8,
            delta=0.01,
            max_participations=2,
        ),
        step=ServerStep(learning_rate=1.0, momentum=0.9),
        seed=11,
    )


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """50 tracks by 12 artists or by nobody known; some lack lyrics, some audio, some both."""
    draw = np.random.default_rng(1)
    modalities = {}
    for name, size, share in (("lyrics", 12, 0.7), ("audio", 7, 0.8)):
        present = draw.random(50) < share
        vectors = draw.normal(size=(50, size)).astype(np.float32) * present[:, None]
        modalities[name] = Modality(vectors=vectors, present=present)
    return Catalogue(
        name="invented",
        track_ids=tuple(f"t{track}" for track in range(50)),
        artist=draw.integers(-1, 12, size=50),
        album=draw.integers(-1, 20, size=50),
        modalities=modalities,
    )


def invented_history(listener: str, plays: int, draw: np.random.Generator) -> History:
    """Plays that repeat and follow each other, pauses from minutes to weeks, and answers of which many are missing."""
    favourites = draw.permutation(50)[:15]
    states = draw.uniform(-1, 1, size=(plays, len(STATE_FEATURES))).astype(np.float32)
    states[draw.random(states.shape) < 0.4] = np.nan
    return History(
        listener=listener,
        tracks=favourites[np.minimum(draw.geometric(0.2, size=plays) - 1, 14)],
        started_at_s=1.6e9 + np.cumsum(draw.lognormal(7, 2.5, size=plays)),
        states=states,
    )


@pytest.fixture(scope="session")
def dataset(catalogue: Catalogue) -> Dataset:
    """6 public listeners without moods; 8 private ones, of whom two have nothing to learn from, one has no times, one
    no moods, and one answered nothing."""
    draw = np.random.default_rng(2)
    public = [replace(invented_history(f"public {n}", 50, draw), states=None) for n in range(6)]
    lengths = (40, 16, 60, 35, 17, 28, 50, 16)
    private = [invented_history(f"private {n}", plays, draw) for n, plays in enumerate(lengths)]
    private[3] = replace(private[3], started_at_s=None)
    private[5] = replace(private[5], states=None)
    private[6] = replace(private[6], states=np.full_like(private[6].states, np.nan))
    return Dataset(name="invented", catalogue=catalogue, public=tuple(public), private=tuple(private), simulated=True)


@pytest.fixture(scope="session")
def paths(dataset: Dataset) -> MemoryPaths:
    """Counted on the public listeners."""
    public = [history.tracks for history in dataset.public]
    return MemoryPaths.of(fit_public_statistics(public, dataset.catalogue), dataset.catalogue)


@pytest.fixture(scope="session")
def counted(dataset: Dataset) -> tuple[Tracks, ...]:
    """Of each private listener, the plays that `paths` hold: none."""
    return tuple(np.empty(0, np.int64) for _ in dataset.private)


@pytest.fixture(scope="session")
def examples(dataset: Dataset, paths: MemoryPaths, counted: tuple[Tracks, ...]) -> Examples:
    """The private listeners' examples, (8, 12, ...), 44 candidates each."""
    learned_from = [training_part(history) for history in dataset.private]
    positions = [latest_positions(history, 12) for history in learned_from]
    flat, counts = build_examples(
        learned_from,
        positions,
        paths=paths,
        counted=counted,
        candidates=44,
        generator=np.random.default_rng(3),
    )
    return by_listener(flat, counts, nominal=12)


@pytest.fixture(scope="session")
def tables(catalogue: Catalogue) -> Tables:
    """The catalogue as an unadapted head reads it."""
    vectors = tuple(torch.from_numpy(modality.vectors) for modality in catalogue.modalities.values())
    present = tuple(torch.from_numpy(modality.present) for modality in catalogue.modalities.values())
    return Tables(history=vectors, candidates=vectors, present=present)


@pytest.fixture(scope="session")
def heads() -> dict[str, AttentiveFusionHead]:
    """`plain`, `dense` and `no modalities`, with no weight left at its start, so that every part has a say."""
    both = (("lyrics", 12), ("audio", 7))
    shapes = {
        "plain": HeadShape(modalities=both, width=6, attention_width=4),
        "dense": HeadShape(modalities=both, width=6, attention_width=4, dense_tracks=50),
        "no modalities": HeadShape(modalities=()),
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        made = {name: AttentiveFusionHead(shape) for name, shape in shapes.items()}
        with torch.no_grad():
            for head in made.values():
                for parameter in head.parameters():
                    parameter += 0.3 * torch.randn(parameter.shape)
    return made


@pytest.fixture(scope="session")
def models(heads: dict[str, AttentiveFusionHead], tables: Tables) -> dict[str, Model]:
    """What rounds may train: the adapter or all of each head. `adapter` has learned something already."""
    nothing = Tables(history=(), candidates=(), present=())
    made = {
        name: Model(
            head=head,
            tables=tables if head.shape.modalities else nothing,
            layout=ParameterLayout.of(head, tuple(parameter for parameter, _ in head.named_parameters())),
        )
        for name, head in heads.items()
    }
    adapted, its_tables, released = adapt(heads["plain"], tables, rank=2, seed=5)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if name in released:
                parameter += 0.2 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name)))
    made["adapter"] = Model(head=adapted, tables=its_tables, layout=ParameterLayout.of(adapted, released))
    return made


Heard = Callable[[History, NDArray[np.int64], Sequence[History]], NDArray[np.int64]]


@pytest.fixture(scope="session")
def heard() -> Heard:
    """The positions of a history whose play an earlier one, or somebody else's, holds: what is learned from."""

    def positions(history: History, at: NDArray[np.int64], others: Sequence[History]) -> NDArray[np.int64]:
        known = {int(track) for other in others for track in other.tracks}
        own = [set(history.tracks[:place].tolist()) for place in at]
        return np.array([place for place, past in zip(at, own, strict=True) if history.tracks[place] in known | past])

    return positions
