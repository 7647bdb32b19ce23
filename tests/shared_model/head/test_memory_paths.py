from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.head.memory_paths import (
    MEMORY_PATHS,
    NEIGHBOURS,
    _strongest,
    fit_public_statistics,
    memory_evidence,
)
from shared_model.head.statistics import item_knn

SIZE = 7
ARTISTS = (0, 0, 1, UNKNOWN, 2, 2, UNKNOWN)
plays = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=25).map(lambda tracks: np.array(tracks, dtype=np.int64))
logs = st.lists(plays, min_size=1, max_size=4)


def tiny_catalogue():
    return Catalogue(
        name="tiny",
        track_ids=tuple(map(str, range(SIZE))),
        artist=np.array(ARTISTS),
        album=np.full(SIZE, UNKNOWN),
        modalities={},
    )


def slow_weights(public, context):
    """What each path weighs every track with, by dictionaries and loops."""
    context, latest = context.tolist(), int(context[-1])
    played = [track for history in public for track in history.tolist()]
    followed, own, sequence = defaultdict(float), defaultdict(float), defaultdict(float)
    for history in public:
        for before, after in pairwise(history):
            followed[int(after)] += before == latest
    for place, track in enumerate(context):
        own[track] += (len(context) - place) ** -0.5
    for place in range(len(context) - 1):
        if context[place] == latest:
            sequence[context[place + 1]] += (len(context) - 1 - place) ** -0.5
    recent = [(track, 0.8**ago) for ago, track in enumerate(reversed(context[-20:]))]
    knn, by_artist = item_knn(public, SIZE).toarray(), defaultdict(float)
    near = {track: sum(weight * knn[heard, track] for heard, weight in recent) for track in range(SIZE)}
    for heard, weight in recent:
        others = [track for track in range(SIZE) if ARTISTS[track] == ARTISTS[heard] != UNKNOWN]
        liked = {track: played.count(track) / len(played) + 1 / SIZE for track in others}
        for track in others:
            by_artist[track] += weight * liked[track] / sum(liked.values())
    popular = {track: played.count(track) for track in range(SIZE)}
    return followed, near, popular, by_artist, own, sequence


@settings(deadline=None, max_examples=60)
@given(public=logs, contexts=logs)
def test_evidence_is_the_distribution_of_each_path(public, contexts):
    evidence = memory_evidence(contexts, fit_public_statistics(public, size=SIZE), tiny_catalogue())
    dense = evidence.dense(slice(None))
    assert dense.shape == (len(contexts), len(MEMORY_PATHS), SIZE)
    assert dense.dtype == np.float32
    for row, context in enumerate(contexts):
        for path, weights in enumerate(slow_weights(public, context)):
            values = np.array([weights.get(track, 0.0) for track in range(SIZE)])
            share = values / values.sum() if values.sum() else values
            np.testing.assert_allclose(dense[row, path], share, atol=2e-6)


@settings(deadline=None, max_examples=60)
@given(public=logs, contexts=logs)
def test_each_path_is_a_distribution_or_says_nothing(public, contexts):
    dense = memory_evidence(contexts, fit_public_statistics(public, size=SIZE), tiny_catalogue()).dense(slice(None))
    totals = dense.astype(np.float64).sum(axis=2)
    assert ((dense >= 0) & (dense <= 1 + 1e-6)).all()
    assert (np.isclose(totals, 1, atol=1e-4) | (totals == 0)).all()


@settings(deadline=None, max_examples=40)
@given(contexts=logs, one=logs, other=logs)
def test_personal_paths_come_from_the_listener_alone(contexts, one, other):
    personal = [MEMORY_PATHS.index("own_counts"), MEMORY_PATHS.index("own_sequence")]
    said = [
        memory_evidence(contexts, fit_public_statistics(public, size=SIZE), tiny_catalogue()).dense(slice(None))
        for public in (one, other)
    ]
    np.testing.assert_array_equal(said[0][:, personal], said[1][:, personal])


@settings(deadline=None, max_examples=40)
@given(contexts=logs, public=logs)
def test_a_listener_is_read_alone_whoever_else_is_asked_about(contexts, public):
    statistics = fit_public_statistics(public, size=SIZE)
    together = memory_evidence(contexts, statistics, tiny_catalogue()).dense(slice(None))
    for row, context in enumerate(contexts):
        alone = memory_evidence([context], statistics, tiny_catalogue()).dense(slice(None))[0]
        np.testing.assert_array_equal(together[row], alone)


def test_a_part_of_the_rows_is_that_part(dataset, statistics):
    contexts = [history.tracks for history in dataset.private]
    evidence = memory_evidence(contexts, statistics, dataset.catalogue)
    np.testing.assert_array_equal(evidence.dense(slice(2, 5)), evidence.dense(slice(None))[2:5])


def test_public_statistics_hold_a_bounded_number_of_neighbours_and_a_distribution():
    draw = np.random.default_rng(0)
    public = [draw.integers(300, size=3000) for _ in range(3)]
    statistics = fit_public_statistics(public, size=300)
    assert np.diff(statistics.item_knn.indptr).max() == NEIGHBOURS
    assert statistics.popularity.sum() == pytest.approx(1, abs=1e-5)
    assert statistics.popularity.dtype == np.float32


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_the_strongest_neighbours_are_kept_and_of_equals_the_first(seed, keep):
    draw = np.random.default_rng(seed)
    matrix = draw.integers(0, 4, size=(5, 6)).astype(np.float32)
    kept = _strongest(type(item_knn([np.array([0, 1])], 2))(matrix), keep).toarray()
    for row, values in enumerate(matrix):
        places = sorted(range(6), key=lambda place: (-values[place], place))[:keep]
        expected = [value if place in places else 0 for place, value in enumerate(values)]
        assert kept[row].tolist() == expected


def test_a_catalogue_without_any_artist_leaves_that_path_silent():
    nobody = replace(tiny_catalogue(), artist=np.full(SIZE, UNKNOWN))
    context = np.array([0, 1, 0])
    dense = memory_evidence([context], fit_public_statistics([context], size=SIZE), nobody).dense(slice(None))
    assert not dense[0, MEMORY_PATHS.index("artist")].any()
    assert dense[0, MEMORY_PATHS.index("own_counts")].any()
