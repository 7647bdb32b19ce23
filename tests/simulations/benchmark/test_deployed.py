"""What the benchmark of a deployed round counts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared_model.release_0.release_file import read_release_0
from shared_model.release_0.starter import STARTER
from simulations.benchmark.deployed.listening import write_listening
from simulations.benchmark.measure import Measured

MOST_BYTES = 100_000
"""What an adapter's update may have."""


def cost_of_replies(number: int, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "simulations.benchmark.deployed.replies", str(number), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.integration
def test_the_servers_memory_does_not_grow_with_the_cohort_and_an_update_is_small(tmp_path: Path) -> None:
    few, many = (cost_of_replies(number, tmp_path / str(number)) for number in (50, 500))
    assert many["peak_mib"] / few["peak_mib"] < 1.05
    assert many["grown_mib"] - few["grown_mib"] < 450 * many["bytes_up"] / 2**20 / 2  # kept, they would take it all
    for found in (few, many):
        assert 4 * 7_000 < found["bytes_up"] < MOST_BYTES  # float32, and more than seven thousand of them
        assert found["bytes_up"] < found["bytes_down"] < MOST_BYTES


def test_the_plays_are_of_tracks_that_the_release_holds(tmp_path: Path) -> None:
    write_listening(tmp_path / "listening.json", plays=300, seed=1)
    played = json.loads((tmp_path / "listening.json").read_text())
    tracks = read_release_0(STARTER).tracks
    titles = set(tracks.titles)
    assert len(played) == 300
    assert {play["master_metadata_track_name"] for play in played} <= titles
    assert len({play["ts"] for play in played}) == 300


def test_what_was_measured_is_told_in_words_and_by_keys() -> None:
    names = ("round_s", "in_process_s", "training_s", "beyond_training_s", "bytes_down", "bytes_up")
    sizes = ("peak_mib_few", "peak_mib_many", "peak_ratio", "grown_mib_few", "grown_mib_many")
    measured = Measured(deployed=dict.fromkeys((*names, *sizes), 1.5))
    assert set(measured.as_json()["deployed"]) == {*names, *sizes}
    assert len(measured.lines()) == len(names) + len(sizes)
