from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.memory.public_statistics import LAGS, PublicStatistics, fit_public_statistics, pair_rows

SIZE = 6
ARTISTS = (0, 0, 1, UNKNOWN, 2, UNKNOWN)
logs = st.lists(st.lists(st.integers(0, SIZE - 1), max_size=15), max_size=5)


def tiny_catalogue(artists: tuple[int, ...] = ARTISTS) -> Catalogue:
    return Catalogue(
        name="tiny",
        track_ids=tuple(map(str, range(SIZE))),
        artist=np.array(artists),
        album=np.full(SIZE, UNKNOWN),
        modalities={},
    )


def fit(log: list[list[int]], artists: tuple[int, ...] = ARTISTS) -> PublicStatistics:
    return fit_public_statistics([np.array(plays, dtype=np.int64) for plays in log], tiny_catalogue(artists))


def counted(pairs: Counter[tuple[int, int]], size: int) -> NDArray[np.float64]:
    dense = np.zeros((size, size))
    for (row, column), count in pairs.items():
        dense[row, column] = count
    return dense


@settings(deadline=None, max_examples=50)
@given(logs)
def test_what_follows_and_precedes_is_counted_at_every_lag(log: list[list[int]]) -> None:
    statistics = fit(log)
    assert len(statistics.follows) == len(statistics.precedes) == LAGS
    for lag, (follows, precedes) in enumerate(zip(statistics.follows, statistics.precedes, strict=True), start=1):
        pairs = Counter(pair for plays in log for pair in zip(plays, plays[lag:], strict=False))
        np.testing.assert_array_equal(follows.toarray(), counted(pairs, SIZE))
        np.testing.assert_array_equal(precedes.toarray(), counted(pairs, SIZE).T)
    np.testing.assert_array_equal(statistics.plays, [sum(plays.count(track) for plays in log) for track in range(SIZE)])


@settings(deadline=None, max_examples=50)
@given(logs)
def test_every_pair_knows_what_came_after_it(log: list[list[int]]) -> None:
    statistics = fit(log)
    triples = Counter(triple for plays in log for triple in zip(plays, plays[1:], plays[2:], strict=False))
    first, second = (axis.ravel() for axis in np.indices((SIZE, SIZE)))
    found = statistics.after_pair[pair_rows(statistics, first, second)].toarray()
    for row, (one, two) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        assert found[row].tolist() == [triples[one, two, track] for track in range(SIZE)]
    assert not statistics.after_pair[[-1]].nnz
    assert (np.diff(statistics.pair_keys) > 0).all()


@settings(deadline=None, max_examples=50)
@given(logs)
def test_artists_follow_each_other_over_tracks_by_nobody_known(log: list[list[int]]) -> None:
    statistics = fit(log)
    heard = [[ARTISTS[track] for track in plays if ARTISTS[track] != UNKNOWN] for plays in log]
    pairs = Counter(pair for artists in heard for pair in pairwise(artists))
    np.testing.assert_array_equal(statistics.artist_follows.toarray(), counted(pairs, 3))
    np.testing.assert_array_equal(statistics.artist_precedes.toarray(), counted(pairs, 3).T)
    np.testing.assert_array_equal(
        statistics.artist_plays, [sum(artists.count(artist) for artists in heard) for artist in range(3)]
    )


@settings(deadline=None, max_examples=30)
@given(logs, logs)
def test_what_two_groups_of_listeners_played_adds_up(one: list[list[int]], other: list[list[int]]) -> None:
    """What a listener added can only be taken out of a sum."""
    parts, whole = (fit(one), fit(other)), fit(one + other)
    for lag in range(LAGS):
        together = sum(part.follows[lag].toarray() for part in parts)
        np.testing.assert_array_equal(whole.follows[lag].toarray(), together)
    np.testing.assert_array_equal(whole.artist_follows.toarray(), sum(part.artist_follows.toarray() for part in parts))
    np.testing.assert_array_equal(whole.plays, sum(part.plays for part in parts))
    first, second = (axis.ravel() for axis in np.indices((SIZE, SIZE)))
    after = [some.after_pair[pair_rows(some, first, second)].toarray() for some in (*parts, whole)]
    np.testing.assert_array_equal(after[0] + after[1], after[2])


@pytest.mark.parametrize("log", [[], [[]], [[3]], [[3], []], [[3, 1]], [[], [3, 1], [2]]])
def test_listeners_of_no_one_or_two_plays_leave_no_pair(log: list[list[int]]) -> None:
    statistics = fit(log)
    assert statistics.after_pair.shape == (1, SIZE)
    assert pair_rows(statistics, np.array([3, 0]), np.array([1, 0])).tolist() == [0, 0]
    assert statistics.follows[0].nnz == sum(len(plays) == 2 for plays in log)
    assert statistics.plays.sum() == sum(map(len, log))


def test_a_catalogue_without_any_artist_counts_no_artist() -> None:
    statistics = fit([[0, 1, 2, 3], [4, 5]], artists=(UNKNOWN,) * SIZE)
    assert statistics.artist_plays.tolist() == [0]
    assert not statistics.artist_follows.nnz
    assert statistics.plays.tolist() == [1] * SIZE


def test_counts_are_in_single_precision() -> None:
    """Where whole numbers are exact, so that taking one listener out leaves nothing of it."""
    statistics = fit([[0, 1, 2, 4]])
    counts = (*statistics.follows, *statistics.precedes, statistics.after_pair, statistics.artist_follows)
    assert {some.dtype for some in (*counts, statistics.plays, statistics.artist_plays)} == {np.dtype(np.float32)}
