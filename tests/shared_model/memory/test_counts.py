from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared_model.memory.counts import following, pairs_apart, play_counts

SIZE = 6
logs = st.lists(
    st.lists(st.integers(0, SIZE - 1), max_size=12).map(lambda plays: np.array(plays, dtype=np.int64)), max_size=5
)


@given(logs)
def test_transitions_are_counted_within_each_listener(histories):
    expected = np.zeros((SIZE, SIZE))
    for history in histories:
        for before, after in pairwise(history):
            expected[before, after] += 1
    np.testing.assert_array_equal(following(histories, SIZE, lag=1).toarray(), expected)


@given(logs)
def test_play_counts_hold_every_play_once(histories):
    counts = play_counts(histories, SIZE)
    assert counts.shape == (SIZE,)
    assert [int(count) for count in counts] == [
        sum(int((history == track).sum()) for history in histories) for track in range(SIZE)
    ]


def test_only_plays_of_one_listener_are_apart():
    before, after = pairs_apart([np.array([0, 1, 2]), np.array([3, 4])], lag=2)
    assert (before.tolist(), after.tolist()) == ([0], [2])


def test_counts_keep_single_precision():
    histories = [np.array([0, 1, 2])]
    assert {following(histories, SIZE, lag=1).dtype, play_counts(histories, SIZE).dtype} == {np.dtype(np.float32)}
