from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared_model.head.statistics import item_knn, play_counts, recent_plays, transitions

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
    np.testing.assert_array_equal(transitions(histories, SIZE).toarray(), expected)


@given(logs, st.integers(1, 4))
def test_item_knn_agrees_with_its_definition(histories, window):
    plays = play_counts(histories, SIZE)
    expected = np.zeros((SIZE, SIZE))
    for history in histories:
        for i, one in enumerate(history):
            for k, other in enumerate(history[i + 1 : i + 1 + window], start=1):
                if one != other:
                    damping = np.sqrt((plays[one] + 10) * (plays[other] + 10))
                    expected[one, other] += 1 / k / damping
                    expected[other, one] += 1 / k / damping
    np.testing.assert_allclose(item_knn(histories, SIZE, window=window).toarray(), expected, rtol=1e-5, atol=1e-7)


@given(logs)
def test_play_counts_hold_every_play_once(histories):
    counts = play_counts(histories, SIZE)
    assert counts.shape == (SIZE,)
    assert [int(count) for count in counts] == [
        sum(int((history == track).sum()) for history in histories) for track in range(SIZE)
    ]


def test_a_repeated_recent_play_adds_up_and_older_plays_are_forgotten():
    contexts = [np.array([5, 0, 1, 0]), np.array([], dtype=np.int64)]
    recent = recent_plays(contexts, SIZE, last=3, decay=0.5).toarray()
    np.testing.assert_array_equal(recent, [[1 + 0.25, 0.5, 0, 0, 0, 0], [0] * SIZE])


def test_statistics_keep_single_precision():
    histories = [np.array([0, 1, 2])]
    assert {
        transitions(histories, SIZE).dtype,
        item_knn(histories, SIZE).dtype,
        recent_plays(histories, SIZE, last=2, decay=0.8).dtype,
        play_counts(histories, SIZE).dtype,
    } == {np.dtype(np.float32)}
