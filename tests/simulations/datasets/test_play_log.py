from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.errors import BadInput
from simulations.datasets.play_log import PlayLog, dense_part


def log_of(sequences: list[list[int]], *, tracks: int) -> PlayLog:
    lengths = [len(plays) for plays in sequences]
    return PlayLog(
        listener_ids=[f"listener {index}" for index in range(len(sequences))],
        track_ids=[f"track {index}" for index in range(tracks)],
        listener=np.repeat(np.arange(len(sequences)), lengths),
        track=np.array([track for plays in sequences for track in plays], dtype=np.int64),
        started_at_s=np.concatenate([np.arange(length, dtype=np.float64) for length in lengths]),
        artist=np.arange(tracks) // 2,
        album=np.full(tracks, -1),
    )


def joined(plays: list[int]) -> list[int]:
    return [track for track, _ in groupby(plays)]


def by_the_book(sequences: list[list[int]]) -> list[list[int]]:
    """The protocol of the published numbers, a line a step."""
    sequences = [joined(plays) for plays in sequences]
    counts = Counter(track for plays in sequences for track in plays)
    sequences = [joined([track for track in plays if counts[track] >= 5]) for plays in sequences]
    return [plays for plays in sequences if len(plays) >= 30]


# most listeners play a few tracks over and over, some are too short, and rare tracks stand between equal ones
listeners = st.lists(
    st.tuples(st.integers(0, 80), st.integers(0, 2**32 - 1)).map(
        lambda case: np.random.default_rng(case[1]).zipf(1.3, case[0]).clip(max=40).tolist()
    ),
    min_size=1,
    max_size=6,
)


@given(listeners)
def test_the_filter_is_that_of_the_published_numbers(sequences):
    expected = by_the_book(sequences)
    log = log_of(sequences, tracks=41)
    if not expected:
        with pytest.raises(BadInput, match="no listener has 30 plays"):
            dense_part(log, name="log")
        return
    catalogue, histories = dense_part(log, name="log")
    named = [[f"track {track}" for track in plays] for plays in expected]
    assert [[catalogue.track_ids[track] for track in history.tracks] for history in histories] == named
    assert set(catalogue.track_ids) == {track for plays in named for track in plays}


def test_of_plays_in_a_row_the_first_stays_with_its_time():
    _, (history,) = dense_part(log_of([[0, 0, 1] + [0, 1] * 14 + [0, 0]], tracks=2), name="log")
    assert history.tracks.tolist() == [0, 1] * 15 + [0]
    assert history.started_at_s.tolist() == [0, *range(2, 32)]


def test_equal_plays_of_two_listeners_are_not_joined():
    _, histories = dense_part(log_of([[0, 1] * 15, [1, 0] * 15], tracks=2), name="log")
    assert [len(history) for history in histories] == [30, 30]


def test_artists_are_numbered_anew_without_gaps():
    catalogue, _ = dense_part(log_of([[8, 3, 9] * 10], tracks=10), name="log")
    assert catalogue.track_ids == ("track 3", "track 8", "track 9")
    assert catalogue.artist.tolist() == [0, 1, 1]
    assert catalogue.album.tolist() == [-1, -1, -1]
