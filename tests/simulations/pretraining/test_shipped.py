from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from shared_model.errors import BadInput
from shared_model.release_0.release import Release0
from simulations.datasets.load import load_dataset
from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.experiment import new_head, set_up_bench, tables_of
from simulations.pretraining.release_0 import pretraining_of, public_examples, train_release_0
from simulations.pretraining.shipped import train_shipped
from simulations.scenario import AnyScenario, read_scenario
from simulations.stages import Stages

SMALL = [
    *("simulated_listeners.public=12", "simulated_listeners.private=4", "pretraining.epochs=1"),
    *("pretraining.max_examples=8", "pretraining.batch_size=32"),
]


def shipped(scenario: AnyScenario, data: Path | None = None) -> Release0:
    return train_shipped(scenario, name="small", data=data, stages=Stages(Console(quiet=True)))


@pytest.fixture(scope="module")
def lieder() -> Release0:
    return shipped(read_scenario("quick", SMALL))


def test_its_head_is_the_one_that_a_run_s_rounds_start_from(lieder: Release0) -> None:
    scenario = read_scenario("quick", SMALL)
    dataset = load_dataset(scenario, data=None)
    head, pretraining = new_head(scenario.model, dataset.catalogue, seed=0), pretraining_of(scenario.pretraining)
    paths = set_up_bench(scenario, dataset).paths
    examples = public_examples(dataset.public, paths=paths, pretraining=pretraining, seed=0)
    tables = tables_of(dataset.catalogue)
    train_release_0(head, tables, examples, pretraining=pretraining, seed=0, progress=lambda _: None)
    for name, numbers in head.state_dict().items():
        assert torch.equal(torch.from_numpy(lieder.head.parameters[name]), numbers)
    np.testing.assert_array_equal(lieder.statistics.plays, paths.statistics.plays)
    assert lieder.statistics.plays.sum() == sum(map(len, dataset.public))


def test_songs_have_titles_and_composers_and_say_that_listeners_were_simulated(lieder: Release0) -> None:
    facts, tracks = load_song_facts(EMBEDDED), lieder.tracks
    assert lieder.simulated
    assert list(tracks.titles) == [song.title for song in facts]
    assert [tracks.artist_names[int(artist)] for artist in tracks.artist] == [song.composer for song in facts]
    assert set(tracks.isrcs) == {""}
    for held in lieder.modalities.values():
        assert held.encoder
        assert held.mean.any()


def test_where_a_data_set_has_no_names_ids_stand_for_titles(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    rows = [f"l{one}\t{' '.join(f't{track}' for track in draw.integers(20, size=40))}" for one in range(8)]
    (tmp_path / "sequences.tsv").write_text("\n".join(["listener\ttracks", *rows]) + "\n")
    (tmp_path / "tracks.tsv").write_text(
        "\n".join(["track\tartist\talbum", *(f"t{n}\t{n % 3}\t-1" for n in range(20))])
    )
    made = shipped(read_scenario("lastfm", ["pretraining.epochs=1"]), tmp_path)
    assert list(made.tracks.titles) == list(made.tracks.ids)
    assert set(made.tracks.artist_names) == {""}
    assert not made.simulated
    assert not made.modalities


def test_a_dense_output_is_refused() -> None:
    with pytest.raises(BadInput, match=r"model\.output=catalogue"):
        shipped(read_scenario("quick", [*SMALL, "model.output=dense"]))
