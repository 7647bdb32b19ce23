"""An epsilon job over a tiny invented log of the real shape."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from simulations.epsilon.result_schema import EpsilonResult
from simulations.epsilon.run import EpsilonJob, run_epsilon
from simulations.epsilon.scenario import EpsilonScenario
from simulations.stages import Stages

LISTENERS, TRACKS = 16, 40
MANY = 10**8


@pytest.fixture(scope="session")
def plays() -> list[list[int]]:
    """Each listener walks through the tracks in order, now and then going back to a favourite."""
    draw = np.random.default_rng(7)
    everyone = []
    for _ in range(LISTENERS):
        favourites, at, own = draw.permutation(TRACKS)[:6], 0, []
        for _ in range(int(draw.integers(60, 90))):
            at = int(draw.choice(favourites)) if draw.random() < 0.3 else (at + int(draw.integers(1, 3))) % TRACKS
            if not own or own[-1] != at:  # the reader joins repeats
                own.append(at)
        everyone.append(own)
    return everyone


@pytest.fixture(scope="session")
def write_log() -> Callable[[Path, list[list[int]]], Path]:
    """Both tables, the tracks in the order of their numbers."""

    def write(folder: Path, plays: list[list[int]]) -> Path:
        folder.mkdir()
        rows = [f"l{listener}\t{' '.join(f't{track:02}' for track in own)}" for listener, own in enumerate(plays)]
        (folder / "sequences.tsv").write_text("\n".join(["listener\ttracks", *rows]) + "\n")
        rows = [f"t{track:02}\t{track % 7}\t-1" for track in range(TRACKS)]
        (folder / "tracks.tsv").write_text("\n".join(["track\tartist\talbum", *rows]) + "\n")
        return folder

    return write


@pytest.fixture(scope="session")
def scenario() -> EpsilonScenario:
    return EpsilonScenario.model_validate(
        {
            "kind": "epsilon",
            "title": "invented",
            "public_kept": (1.0, 0.25),
            "dataset": {"name": "listening", "public_share": 0.5},
            "transitions": {"pairs": 15, "epsilons": (0.25, 8.0), "extrapolated_to": (MANY,), "noise_seeds": 2},
            "pretraining": {"epochs": 1, "batch_size": 64, "candidates": 44, "max_examples": 20},
            "evaluation": {"resamples": 20},
        }
    )


@pytest.fixture(scope="session")
def data(plays, write_log, tmp_path_factory) -> Path:
    return write_log(tmp_path_factory.mktemp("epsilon") / "log", plays)


@pytest.fixture(scope="session")
def run_job(scenario) -> Callable[..., EpsilonResult]:
    def run(data: Path, folder: Path, *, resume: bool = False) -> EpsilonResult:
        job = EpsilonJob(scenario=scenario, name="tiny", data=data)
        return run_epsilon(job, folder, resume=resume, stages=Stages(Console(quiet=True)))

    return run


@pytest.fixture(scope="session")
def done(run_job, data, tmp_path_factory) -> tuple[Path, EpsilonResult]:
    folder = tmp_path_factory.mktemp("epsilon-runs") / "run"
    return folder, run_job(data, folder)
