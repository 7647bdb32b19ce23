"""The data set that a scenario names, from the package or from the folder given by --data."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from shared_model.catalogue import Catalogue, Modality
from shared_model.errors import BadInput
from shared_model.history import History
from simulations.datasets.dataset import Dataset
from simulations.datasets.feature_table import with_features
from simulations.datasets.lastfm_1k import LASTFM_1K, read_lastfm_1k
from simulations.datasets.lieder import load_lieder
from simulations.datasets.listening import read_listening
from simulations.datasets.music4all_onion import read_music4all_onion
from simulations.datasets.populations import split_populations
from simulations.quality.scenario import QualityScenario
from simulations.scenario import AnyScenario
from simulations.simulated_listeners.population import SimulatedPopulation

SPLIT_SEED = 0
"""Which real listeners are public does not follow the scenario's seed: runs with other seeds can be compared."""
PUBLIC_PLAYS = 150.0
PUBLIC_LANGUAGES = {"de": 0.3, "en": 0.5, "fr": 0.15, "it": 0.05}
"""A public log is biased as real ones are: by listeners who play more, of other languages, whose moods nobody asked."""
NEEDS_DATA = {
    "listening": "the folder that holds sequences.tsv and tracks.tsv",
    "lastfm-1k": "the original file userid-timestamp-artid-artname-traid-traname.tsv",
    "lastfm-1k-features": "the folder that holds that file and the tables of features",
    "music4all-onion": "the folder that holds userid_trackid_timestamp.tsv.bz2 and the tables of features",
}
Reader = Callable[..., tuple[Catalogue, tuple[History, ...]]]

READERS: dict[str, Reader] = {
    "listening": read_listening,
    "lastfm-1k": read_lastfm_1k,
    "lastfm-1k-features": lambda folder, *, name: read_lastfm_1k(folder / LASTFM_1K, name=name),
    "music4all-onion": read_music4all_onion,
}
WITH_FEATURES = ("lastfm-1k-features", "music4all-onion")


def load_dataset(scenario: AnyScenario, *, data: Path | None) -> Dataset:
    """The scenario's listeners and catalogue, with what its model is not to see left out.

    Everyone is public, and nobody private, in a quality scenario whose public_share is 1.

    data: where real listening lies; for `lieder` a folder of `datasets build`, or None for the embedded one.
    Raises BadInput where it is missing or cannot be read.
    """
    dataset = _read(scenario, data)
    held = dataset.catalogue.modalities
    modalities: dict[str, Modality] = {name: held[name] for name in scenario.model.modalities if name in held}
    dataset = replace(dataset, catalogue=replace(dataset.catalogue, modalities=modalities))
    if isinstance(scenario, QualityScenario) or scenario.model.use_state:
        return dataset
    return replace(dataset, private=tuple(replace(history, states=None) for history in dataset.private))


def _read(scenario: AnyScenario, data: Path | None) -> Dataset:
    name, listeners = scenario.dataset.name, scenario.simulated_listeners
    if name == "lieder":
        return load_lieder(
            data,
            public=SimulatedPopulation(
                listeners=listeners.public, mean_plays=PUBLIC_PLAYS, checkin_rate=None, languages=PUBLIC_LANGUAGES
            ),
            private=SimulatedPopulation(
                listeners=listeners.private, mean_plays=listeners.mean_plays, mood_effect=listeners.mood_effect
            ),
            seed=scenario.seed,
        )
    if data is None:
        raise BadInput(f"data set {name}: say with --data where {NEEDS_DATA[name]} is")
    label = data.stem
    catalogue, histories = READERS[name](data, name=label)
    if name in WITH_FEATURES:
        section = scenario.dataset
        stems = {"lyrics": section.lyrics_features, "audio": section.audio_features}
        catalogue = with_features(catalogue, data, {key: stem for key, stem in stems.items() if stem})
    if isinstance(scenario, QualityScenario) and scenario.dataset.public_share == 1:
        return Dataset(name=label, catalogue=catalogue, public=histories, private=(), simulated=False)
    public, private = split_populations(histories, public_share=scenario.dataset.public_share, seed=SPLIT_SEED)
    return Dataset(name=label, catalogue=catalogue, public=public, private=private, simulated=False)
