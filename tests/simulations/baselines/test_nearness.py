import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared_model.memory.counts import play_counts
from simulations.baselines.nearness import item_knn, recent_plays

SIZE = 6
logs = st.lists(
    st.lists(st.integers(0, SIZE - 1), max_size=12).map(lambda plays: np.array(plays, dtype=np.int64)), max_size=5
)


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


def test_a_repeated_recent_play_adds_up_and_older_plays_are_forgotten():
    contexts = [np.array([5, 0, 1, 0]), np.array([], dtype=np.int64)]
    recent = recent_plays(contexts, SIZE, last=3, decay=0.5).toarray()
    np.testing.assert_array_equal(recent, [[1 + 0.25, 0.5, 0, 0, 0, 0], [0] * SIZE])


def test_nearness_keeps_single_precision():
    histories = [np.array([0, 1, 2])]
    near, recent = item_knn(histories, SIZE), recent_plays(histories, SIZE, last=2, decay=0.8)
    assert {near.dtype, recent.dtype} == {np.dtype(np.float32)}
