from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.history import Tracks
from shared_model.memory.channels import CHANNELS, CHANNELS_OF, strength
from shared_model.memory.evidence import LOG_PLAYS, Evidence
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.public_statistics import fit_public_statistics
from simulations.datasets.dataset import Dataset

POSITIONS = np.array([1, 2, 9, 30, 40])
NOTHING = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def tracks(dataset: Dataset) -> Tracks:
    """40 plays of a listener who added nothing to the statistics."""
    return dataset.private[0].tracks


@pytest.fixture(scope="module")
def evidence(paths: MemoryPaths, tracks: Tracks) -> Evidence:
    return paths.evidence(paths.around(tracks, counted=NOTHING), tracks, POSITIONS)


def everything(evidence: Evidence) -> NDArray[np.float32]:
    """Evidence (M, E, N) for the whole catalogue."""
    size = len(evidence.catalogue)
    return evidence.read(np.broadcast_to(np.arange(size), (len(evidence.recent), size)))


def test_it_is_read_in_the_order_of_the_channels(evidence: Evidence, catalogue: Catalogue) -> None:
    said = everything(evidence)
    assert said.shape == (len(POSITIONS), len(CHANNELS), len(catalogue))
    assert said.dtype == np.float32
    assert np.isfinite(said).all()
    assert (said >= 0).all()
    assert set(evidence.public) | set(evidence.personal) | set(evidence.by_artist) | set(evidence.by_album) <= set(
        CHANNELS
    )
    for name, weights in evidence.public.items():
        np.testing.assert_allclose(said[:, CHANNELS.index(name)], strength(weights.toarray()), rtol=1e-5)


def test_what_the_listener_did_is_read_at_the_listeners_tracks_and_nowhere_else(evidence: Evidence) -> None:
    said, mine = everything(evidence), evidence.around.tracks
    for name, own in evidence.personal.items():
        channel = said[:, CHANNELS.index(name)]
        np.testing.assert_array_equal(channel[:, mine], own)
        assert not np.delete(channel, mine, axis=1).any()


def test_what_is_said_of_an_artist_or_album_is_said_of_its_tracks(evidence: Evidence, catalogue: Catalogue) -> None:
    said = everything(evidence)
    for labels, channels in ((catalogue.artist, evidence.by_artist), (catalogue.album, evidence.by_album)):
        assert (labels == UNKNOWN).any()
        for name, by_label in channels.items():
            dense = by_label.toarray()
            for track, label in enumerate(labels):
                expected = dense[:, label] if label != UNKNOWN else np.zeros(len(POSITIONS))
                np.testing.assert_array_equal(said[:, CHANNELS.index(name), track], expected)


def test_counts_are_read_as_counts(evidence: Evidence, dataset: Dataset, tracks: Tracks) -> None:
    """Plays of public listeners, and how often they went on from the latest track, by loops."""
    said, artist = everything(evidence), dataset.catalogue.artist
    public = [history.tracks.tolist() for history in dataset.public]
    played = [sum(log.count(track) for log in public) for track in range(50)]
    by_artist = [sum(count for track, count in enumerate(played) if artist[track] == one) for one in range(12)]
    of_artist = [by_artist[one] if one != UNKNOWN else 0 for one in artist]
    expected: dict[str, list[list[int]]] = {
        "popularity": [played] * len(POSITIONS),
        "artist_popularity": [of_artist] * len(POSITIONS),
        "next_plays": [
            [
                sum(pair == (tracks[at - 1], track) for log in public for pair in zip(log, log[1:], strict=False))  # noqa: RUF007
                for track in range(50)
            ]
            for at in POSITIONS
        ],
    }
    for name in expected.keys() & set(CHANNELS):
        counts = np.array(expected[name])
        np.testing.assert_allclose(said[:, CHANNELS.index(name)], np.log1p(counts) / LOG_PLAYS, rtol=1e-4, atol=1e-5)


def test_a_candidate_is_read_alike_wherever_it_stands(evidence: Evidence) -> None:
    whole = everything(evidence)
    candidates = np.random.default_rng(0).integers(50, size=(len(POSITIONS), 9))
    expected = np.take_along_axis(whole, candidates[:, None], axis=2)
    np.testing.assert_array_equal(evidence.read(candidates), expected)


def test_some_of_the_moments_say_what_they_said_among_all(evidence: Evidence) -> None:
    rows = np.array([3, 0])
    np.testing.assert_array_equal(everything(evidence.rows(rows)), everything(evidence)[rows])


def test_a_catalogue_without_artists_or_albums_leaves_those_paths_silent(dataset: Dataset, tracks: Tracks) -> None:
    """As logs of third parties are."""
    nobody = np.full(50, UNKNOWN)
    bare = replace(dataset.catalogue, artist=nobody, album=nobody, modalities={})
    public = [history.tracks for history in dataset.public]
    paths = MemoryPaths.of(fit_public_statistics(public, bare), bare)
    said = everything(paths.evidence(paths.around(tracks, counted=NOTHING), tracks, POSITIONS))
    known = np.isin(CHANNELS, [*CHANNELS_OF["artist"], *CHANNELS_OF["album"], "artist_popularity"])
    known |= np.isin(CHANNELS, CHANNELS_OF["own_artists"])
    assert not said[:, known].any()
    assert said[:, ~known].any((0, 2)).all()
