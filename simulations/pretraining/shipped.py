"""Release 0 of a scenario as it ships to devices: trained in the clear, with the catalogue and statistics it reads."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shared_model.catalogue import Catalogue
from shared_model.errors import BadInput
from shared_model.head.inference import FrozenHead
from shared_model.release_0.release import Release0, ReleasedModality, ReleasedTracks
from shared_model.release_0.strings import Strings
from simulations.datasets.dataset import Dataset
from simulations.datasets.lieder_vectors import load_centring
from simulations.datasets.load import load_dataset
from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.experiment import new_head, tables_of
from simulations.pretraining.release_0 import pretraining_of, public_examples, train_release_0
from simulations.quality.experiment import learned_part, paths_of
from simulations.scenario import AnyScenario, Scenario
from simulations.stages import Stages


def train_shipped(scenario: AnyScenario, *, name: str, data: Path | None, stages: Stages) -> Release0:
    """Train the release that a run of `scenario` starts from; of a quality scenario that of its first seed.

    name: what the release is called; data: see `load_dataset`. Raises BadInput where the data cannot be read, nobody
    public has plays to learn from, or the head has a dense output.
    """
    if isinstance(scenario, Scenario) and scenario.model.output == "dense":
        raise BadInput("release 0: a dense output knows only tracks it was trained on; set model.output=catalogue")
    with stages.stage("data"):
        dataset = load_dataset(scenario, data=data)
        learned = learned_part(dataset)
        paths = paths_of(learned, dataset.catalogue)
    with stages.stage("examples"):
        pretraining = pretraining_of(scenario.pretraining)
        examples = public_examples(learned, paths=paths, pretraining=pretraining, seed=scenario.seed)
    with stages.stage("release 0") as advance:
        head, tables = new_head(scenario.model, dataset.catalogue, seed=scenario.seed), tables_of(dataset.catalogue)
        train_release_0(head, tables, examples, pretraining=pretraining, seed=scenario.seed, progress=advance)
    songs = (EMBEDDED.parent if data is None else data) if dataset.name == "lieder" else None
    return Release0(
        name=name,
        simulated=dataset.simulated,
        head=FrozenHead(
            shape=head.shape, parameters={key: numbers.numpy() for key, numbers in head.state_dict().items()}
        ),
        tracks=_tracks(dataset, songs),
        modalities={} if songs is None else _modalities(dataset.catalogue, songs / "vectors.safetensors"),
        statistics=paths.statistics,
    )


def _tracks(dataset: Dataset, songs: Path | None) -> ReleasedTracks:
    """Ids stand for titles, and nothing for names, where the data set has none. songs: the folder of songs.json."""
    catalogue = dataset.catalogue
    titles: Sequence[str] = catalogue.track_ids
    artists = [""] * (int(catalogue.artist.max(initial=0)) + 1)
    if songs is not None:
        facts = load_song_facts(songs / "songs.json")
        titles = [song.title for song in facts]
        for song, artist in zip(facts, catalogue.artist, strict=True):
            artists[artist] = song.composer
    unknown = Strings.of([""] * len(catalogue))
    return ReleasedTracks(
        ids=Strings.of(catalogue.track_ids),
        titles=Strings.of(titles),
        recording_mbids=unknown,
        isrcs=unknown,
        artist=catalogue.artist,
        album=catalogue.album,
        artist_names=Strings.of(artists),
        album_names=Strings.of([""] * (int(catalogue.album.max(initial=0)) + 1)),
    )


def _modalities(catalogue: Catalogue, vectors: Path) -> dict[str, ReleasedModality]:
    centring = load_centring(vectors)
    return {
        name: ReleasedModality(
            vectors=modality.vectors,
            present=modality.present,
            mean=centring[name][1].astype(np.float32),
            encoder=centring[name][0],
        )
        for name, modality in catalogue.modalities.items()
    }
