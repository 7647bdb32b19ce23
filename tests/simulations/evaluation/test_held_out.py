import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.errors import BadInput
from shared_model.history import History
from simulations.evaluation.held_out import Target, held_out_targets, is_new, training_part, validation_targets


def history(plays: int, listener: str = "a") -> History:
    return History(listener=listener, tracks=np.arange(plays), started_at_s=np.arange(plays, dtype=np.float64))


def test_the_last_ten_plays_are_targets_and_the_five_before_validation():
    histories = [history(20), history(16, "b")]
    assert held_out_targets(histories) == tuple(
        Target(listener=listener, position=position)
        for listener, plays in ((0, 20), (1, 16))
        for position in range(plays - 10, plays)
    )
    assert [target.position for target in validation_targets(histories, limit=100)] == [
        *range(5, 10),
        *range(1, 6),
    ]


@given(st.lists(st.integers(16, 60), min_size=1, max_size=8))
def test_training_validation_and_test_share_no_play_and_leave_none_out(lengths):
    histories = [history(plays, str(index)) for index, plays in enumerate(lengths)]
    held_out = [*held_out_targets(histories), *validation_targets(histories, limit=1_000)]
    for index, whole in enumerate(histories):
        taught = list(range(len(training_part(whole))))
        positions = sorted([*taught, *(target.position for target in held_out if target.listener == index)])
        assert positions == list(range(len(whole)))


def test_training_keeps_the_times():
    assert training_part(history(17)).started_at_s.tolist() == [0.0, 1.0]


def test_a_drawn_part_of_the_targets_is_that_of_the_published_numbers():
    histories = [history(30, str(index)) for index in range(40)]
    every = held_out_targets(histories)
    # numpy's legacy generator is frozen (NEP 19), so these hold on every version
    expected = [every[index] for index in np.random.RandomState(2).choice(400, 7, replace=False)]
    assert list(held_out_targets(histories, limit=7)) == expected
    assert len(set(expected)) == 7


def test_a_history_that_leaves_nothing_to_learn_from_is_refused():
    with pytest.raises(BadInput, match="1 of 2 listeners have fewer than 16 plays"):
        held_out_targets([history(15), history(16, "b")])


def test_a_track_is_new_until_it_was_played():
    plays = History(listener="a", tracks=np.array([3, 4, 3]))
    assert [is_new(plays, position) for position in range(3)] == [True, True, False]
