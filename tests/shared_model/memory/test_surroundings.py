from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.memory.public_statistics import LAGS, PublicStatistics, fit_public_statistics
from shared_model.memory.surroundings import NEAR_PRIOR_PLAYS, PRIOR_PLAYS, Surroundings, surroundings
from simulations.baselines.nearness import item_knn

SIZE = 7
ARTISTS = (0, 0, 1, UNKNOWN, 2, 2, UNKNOWN)
CATALOGUE = Catalogue(
    name="tiny",
    track_ids=tuple(map(str, range(SIZE))),
    artist=np.array(ARTISTS),
    album=np.full(SIZE, UNKNOWN),
    modalities={},
)
Plays = NDArray[np.int64]
plays = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=20).map(lambda tracks: np.array(tracks, np.int64))
others_plays = st.lists(plays, max_size=4)


def counts(*log: Plays, catalogue: Catalogue = CATALOGUE) -> PublicStatistics:
    return fit_public_statistics(log, catalogue)


def read(around: Surroundings) -> dict[str, NDArray[np.float32]]:
    """Every number of the surroundings by name; what was played after every pair of tracks, too."""
    first, second = (axis.ravel() for axis in np.indices((SIZE, SIZE)))
    sparse = {name: getattr(around, name) for name in ("previous", "soon", "lately", "near")}
    sparse |= {"artist_next": around.artist_next, "artist_near": around.artist_near}
    sparse |= {f"follows {lag}": follows for lag, follows in enumerate(around.follows, start=1)}
    sparse["after_pairs"] = around.after_pairs(first, second)
    dense = {name: matrix.toarray() for name, matrix in sparse.items()}
    plain = {name: getattr(around, name) for name in ("tracks", "local", "plays", "artist_plays")}
    return dense | plain


def assert_same(one: Surroundings, other: Surroundings) -> None:
    found, expected = read(one), read(other)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@settings(deadline=None, max_examples=120)
@given(own=plays, others=others_plays, share=st.floats(0, 1))
def test_nothing_is_left_of_what_the_listener_added(own: Plays, others: list[Plays], share: float) -> None:
    """The law that keeps release 0 from learning by plays that its own evidence knew: leave one listener out, exactly.

    Whether all of the listener's plays were counted or only the first of them (the rest being held out).
    """
    for counted in (own, own[: round(share * len(own))]):
        everyone = surroundings(counts(*others, counted), CATALOGUE, own, own=counts(counted))
        without = surroundings(counts(*others), CATALOGUE, own, own=counts())
        assert_same(everyone, without)


@settings(deadline=None, max_examples=60)
@given(own=plays, others=others_plays)
def test_seeded_bug_a_listener_who_was_not_taken_out_would_be_seen(own: Plays, others: list[Plays]) -> None:
    kept = surroundings(counts(*others, own), CATALOGUE, own, own=counts())
    without = surroundings(counts(*others), CATALOGUE, own, own=counts())
    with pytest.raises(AssertionError):
        assert_same(kept, without)


def times(log: list[Plays], before: int, after: int, lag: int) -> int:
    """How often `after` came exactly `lag` plays after `before`."""
    return sum((one, other) == (before, after) for own in log for one, other in zip(own, own[lag:], strict=False))


@settings(deadline=None, max_examples=40)
@given(own=plays, others=others_plays)
def test_probabilities_are_those_of_the_counts(own: Plays, others: list[Plays]) -> None:
    """By loops over the plays of others."""
    around = surroundings(counts(*others, own), CATALOGUE, own, own=counts(own))
    played = [sum(int((log == track).sum()) for log in others) for track in range(SIZE)]
    assert around.plays.tolist() == played
    assert around.tracks.tolist() == sorted(set(own.tolist()))
    assert around.local.tolist() == [
        around.tracks.tolist().index(track) if track in around.tracks else len(around.tracks) for track in range(SIZE)
    ]
    lags = range(1, LAGS + 1)
    for row, heard in enumerate(around.tracks.tolist()):
        for track in range(SIZE):
            given_heard = played[heard] + PRIOR_PLAYS
            after = [times(others, heard, track, lag) for lag in lags]
            before = [times(others, track, heard, lag) for lag in lags]
            expected = {
                "previous": before[0] / given_heard,
                "soon": sum(count / lag for count, lag in zip(after, lags, strict=True)) / given_heard,
                "lately": sum(count / lag for count, lag in zip(before, lags, strict=True)) / given_heard,
            }
            for name, value in expected.items():
                assert getattr(around, name)[row, track] == pytest.approx(value, rel=1e-5)
            for lag in lags:
                assert around.follows[lag - 1][row, track] == pytest.approx(after[lag - 1] / given_heard, rel=1e-5)


@settings(deadline=None, max_examples=30)
@given(own=plays, others=others_plays)
def test_nearness_is_that_of_the_nearest_neighbour_baseline(own: Plays, others: list[Plays]) -> None:
    around = surroundings(counts(*others), CATALOGUE, own, own=counts())
    expected = item_knn(others, SIZE, window=LAGS, prior_plays=float(NEAR_PRIOR_PLAYS)).toarray()
    np.testing.assert_allclose(around.near.toarray(), expected[around.tracks], rtol=1e-5, atol=1e-7)


@settings(deadline=None, max_examples=40)
@given(own=plays, others=others_plays)
def test_artists_are_read_as_tracks_are(own: Plays, others: list[Plays]) -> None:
    around = surroundings(counts(*others), CATALOGUE, own, own=counts())
    heard = [np.array([ARTISTS[track] for track in log if ARTISTS[track] != UNKNOWN]) for log in others]
    played = [sum(int((artists == artist).sum()) for artists in heard) for artist in range(3)]
    assert around.artist_plays.tolist() == played
    mine = {ARTISTS[track] for track in own.tolist()}
    for one in range(3):
        for other in range(3):
            after, before = times(heard, one, other, 1), times(heard, other, one, 1)
            likely = after / (played[one] + PRIOR_PLAYS)
            near = (after + before) / np.sqrt((played[one] + NEAR_PRIOR_PLAYS) * (played[other] + NEAR_PRIOR_PLAYS))
            assert around.artist_next[one, other] == pytest.approx(likely if one in mine else 0, rel=1e-5)
            assert around.artist_near[one, other] == pytest.approx(near if one in mine else 0, rel=1e-5)


@pytest.mark.parametrize("artists", [ARTISTS, (UNKNOWN,) * SIZE])
def test_a_device_that_added_nothing_and_others_that_played_nothing(artists: tuple[int, ...]) -> None:
    catalogue, nobody = replace(CATALOGUE, artist=np.array(artists)), np.array([0, 3, 0])
    nothing = counts(catalogue=catalogue)
    around = surroundings(nothing, catalogue, nobody, own=nothing)
    for matrix in (*around.follows, around.previous, around.near, around.artist_next, around.artist_near):
        assert isinstance(matrix, sp.csr_array)
        assert not matrix.nnz
    assert not around.after_pairs(nobody[:-1], nobody[1:]).nnz
    assert not around.plays.any()


def test_what_came_after_a_pair_is_shared_among_what_others_played() -> None:
    """(0, 1) was followed by 2 twice and by 3 once in others' listening; the listener's own (0, 1, 4) is taken out."""
    others, own = [np.array([0, 1, 2, 0, 1, 3]), np.array([0, 1, 2])], np.array([0, 1, 4])
    around = surroundings(counts(*others, own), CATALOGUE, own, own=counts(own))
    found = around.after_pairs(np.array([0, 4]), np.array([1, 0])).toarray()
    np.testing.assert_allclose(found[0], [0, 0, 2 / 3.5, 1 / 3.5, 0, 0, 0], rtol=1e-6)
    assert not found[1].any()
