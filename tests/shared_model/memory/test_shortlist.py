from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.errors import BadInput
from shared_model.history import Tracks
from shared_model.memory.evidence import Evidence
from shared_model.memory.memory_paths import ALIKE_LISTENS, MemoryPaths
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.memory.shortlist import ALIKE_SHARPNESS, POPULAR, RETRIEVING
from simulations.datasets.dataset import Dataset

NOTHING = np.empty(0, np.int64)
Votes = NDArray[np.float64]


def bare(size: int, artist: NDArray[np.int64] | None = None, album: NDArray[np.int64] | None = None) -> Catalogue:
    unknown = np.full(size, UNKNOWN)
    return Catalogue(
        name="bare",
        track_ids=tuple(map(str, range(size))),
        artist=unknown if artist is None else artist,
        album=unknown if album is None else album,
        modalities={},
    )


def asked(catalogue: Catalogue, public: list[list[int]], own: list[int]) -> tuple[MemoryPaths, Evidence]:
    """The moment after all of the listener's plays."""
    statistics = fit_public_statistics([np.array(log, np.int64) for log in public], catalogue)
    paths, tracks = MemoryPaths.of(statistics, catalogue), np.array(own)
    return paths, paths.evidence(paths.around(tracks, counted=NOTHING), tracks, np.array([len(own)]))


def shared(weights: Votes) -> Votes:
    return weights / weights.sum() if weights.sum() else weights


def slow_votes(evidence: Evidence, catalogue: Catalogue, past: Tracks, row: int) -> Votes:
    """Of every track: each source shares out one vote, popularity a small one."""
    votes = sum((shared(evidence.public[name].toarray()[row].astype(float)) for name in RETRIEVING), np.zeros(50))
    own = np.zeros(50)
    own[evidence.around.tracks] = evidence.personal["own_recent"][row]
    votes += shared(own)
    for labels in (catalogue.artist, catalogue.album):
        label = labels[past[-1]]
        votes += shared(np.where((labels == label) & (label != UNKNOWN), 1 + evidence.around.plays, 0))
    for modality in catalogue.modalities.values():
        heard = np.zeros(modality.vectors.shape[1])
        lengths = np.linalg.norm(modality.vectors, axis=1)
        for track in past[-ALIKE_LISTENS:]:
            if modality.present[track]:
                heard += modality.vectors[track] / lengths[track] / ALIKE_LISTENS
        cosines = [
            vector @ heard / length if length else 0 for vector, length in zip(modality.vectors, lengths, strict=True)
        ]
        votes += shared(np.exp(ALIKE_SHARPNESS * np.array(cosines)))
    return votes + POPULAR * shared(evidence.around.plays.astype(float))


@pytest.mark.parametrize("listener", [0, 2, 4])
@pytest.mark.parametrize("size", [1, 7, 49, 50])
def test_the_tracks_with_most_votes_come_first(listener: int, size: int, dataset: Dataset, paths: MemoryPaths) -> None:
    tracks = dataset.private[listener].tracks
    positions = np.arange(1, len(tracks) + 1)
    evidence = paths.evidence(paths.around(tracks, counted=NOTHING), tracks, positions)
    listed = paths.retrieval.shortlist(evidence, size)
    assert listed.shape == (len(positions), size)
    for row, position in enumerate(positions):
        votes = slow_votes(evidence, dataset.catalogue, tracks[:position], row)
        assert len(set(listed[row].tolist())) == size
        given_votes = votes[listed[row]]
        assert (np.diff(given_votes) < 1e-5).all()
        left = np.delete(votes, listed[row])
        assert left.max(initial=0) < given_votes[-1] + 1e-5


@settings(deadline=None, max_examples=40)
@given(
    public=st.lists(st.lists(st.integers(0, 11), max_size=20), max_size=4),
    own=st.lists(st.integers(0, 11), min_size=1, max_size=20),
    size=st.integers(1, 30),
)
def test_every_track_is_listed_at_most_once(public: list[list[int]], own: list[int], size: int) -> None:
    catalogue = bare(12, artist=np.arange(12) // 3 - 1, album=np.arange(12) // 2 - 1)
    paths, evidence = asked(catalogue, public, own)
    (listed,) = paths.retrieval.shortlist(evidence, size)
    assert len(listed) == min(size, 12)
    assert len(set(listed.tolist())) == len(listed)
    assert set(listed.tolist()) <= set(range(12))


def test_own_tracks_and_those_of_the_latest_artist_and_album_are_brought() -> None:
    """Nobody else has played anything, and the catalogue is large."""
    artist, album = np.full(500, UNKNOWN), np.full(500, UNKNOWN)
    artist[[7, 100, 200]], album[[7, 300, 400]] = 0, 0
    paths, evidence = asked(bare(500, artist, album), [], [450, 451, 7])
    (listed,) = paths.retrieval.shortlist(evidence, 7)
    assert set(listed.tolist()) == {450, 451, 7, 100, 200, 300, 400}
    assert listed[0] == 7


def test_what_others_played_around_the_latest_track_is_brought() -> None:
    paths, evidence = asked(bare(500), [[300, 301, 7, 303, 304], [99] * 50], [450, 7])
    (listed,) = paths.retrieval.shortlist(evidence, 6)
    assert set(listed.tolist()) == {7, 450, 300, 301, 303, 304}


def test_where_nothing_speaks_the_popular_come_first() -> None:
    public = [[3] * 9, [5] * 7, [8] * 5, [1] * 2]
    paths, evidence = asked(bare(12), public, [11])
    (listed,) = paths.retrieval.shortlist(evidence, 5)
    assert listed.tolist() == [11, 3, 5, 8, 1]


def test_content_brings_tracks_that_nobody_has_played(dataset: Dataset) -> None:
    catalogue = dataset.catalogue
    lyrics = catalogue.modalities["lyrics"]
    heard, twin = np.flatnonzero(lyrics.present)[:2].tolist()
    vectors = lyrics.vectors.copy()
    vectors[twin] = 3 * vectors[heard]
    only = {"lyrics": replace(lyrics, vectors=vectors)}
    unlabelled = replace(catalogue, artist=np.full(50, UNKNOWN), album=np.full(50, UNKNOWN), modalities=only)
    paths, evidence = asked(unlabelled, [], [heard] * ALIKE_LISTENS)
    (listed,) = paths.retrieval.shortlist(evidence, 2)
    assert listed.tolist() == [heard, twin]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 60), share=st.sampled_from([0.0, 0.1, 0.6, 1.0]), seed=st.integers(0, 2**31))
def test_among_some_tracks_the_order_is_that_among_all(
    size: int, share: float, seed: int, dataset: Dataset, paths: MemoryPaths
) -> None:
    tracks = dataset.private[2].tracks
    evidence = paths.evidence(paths.around(tracks, counted=NOTHING), tracks, np.array([3, 20]))
    among = np.random.default_rng(seed).random(50) < share
    listed, votes = paths.retrieval.shortlist(evidence, size, among=among), paths.retrieval.votes(evidence)
    assert listed.shape == (2, min(size, among.sum()))
    for row in range(2):
        assert among[listed[row]].all()
        best = np.sort(votes[row, among])[::-1][:size]
        np.testing.assert_array_equal(votes[row, listed[row]], best)


def test_a_mask_of_another_shape_is_refused(dataset: Dataset, paths: MemoryPaths) -> None:
    tracks = dataset.private[2].tracks
    evidence = paths.evidence(paths.around(tracks, counted=NOTHING), tracks, np.array([3]))
    with pytest.raises(BadInput, match="a bool for each of 50 tracks"):
        paths.retrieval.shortlist(evidence, 5, among=np.ones(49, np.bool_))
