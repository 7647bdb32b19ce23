import numpy as np
import pytest

from client.checkin.wish import MoodUse, Wish, state_for
from shared_model.head.psychological_state import STATE_FEATURES

ANSWERED = np.array([-0.6, np.nan, 0.5, 0.3, 0.1, 0.2, 0.4, np.nan], dtype=np.float32)


def test_match_is_the_state_as_answered():
    np.testing.assert_array_equal(state_for(ANSWERED, Wish()), ANSWERED)


def test_shift_replaces_the_sliders_and_nothing_else():
    shifted = state_for(ANSWERED, Wish(use=MoodUse.SHIFT, valence=0.5, arousal=-0.25))
    assert dict(zip(STATE_FEATURES[:2], shifted[:2], strict=True)) == {"valence": 0.5, "arousal": -0.25}
    np.testing.assert_array_equal(shifted[2:], ANSWERED[2:])


def test_one_slider_may_be_shifted_alone():
    shifted = state_for(ANSWERED, Wish(use=MoodUse.SHIFT, arousal=1))
    np.testing.assert_array_equal(shifted, [ANSWERED[0], 1, *ANSWERED[2:]])


def test_ignore_leaves_nothing():
    assert np.isnan(state_for(ANSWERED, Wish(use=MoodUse.IGNORE))).all()


@pytest.mark.parametrize("use", MoodUse)
def test_the_answers_themselves_are_not_changed(use):
    states = np.stack([ANSWERED, ANSWERED])
    found = state_for(states, Wish(use=use, valence=0.9 if use is MoodUse.SHIFT else None))
    assert found.shape == states.shape
    assert found.dtype == np.float32
    np.testing.assert_array_equal(states, np.stack([ANSWERED, ANSWERED]))


@pytest.mark.parametrize(
    "values",
    [
        {"use": MoodUse.SHIFT},
        {"use": MoodUse.MATCH, "valence": 0.1},
        {"use": MoodUse.IGNORE, "arousal": 0.1},
        {"use": MoodUse.SHIFT, "valence": 1.01},
        {"use": MoodUse.SHIFT, "valence": float("nan")},
    ],
)
def test_a_wish_that_means_nothing_cannot_be_made(values):
    with pytest.raises(ValueError, match="valence"):
        Wish(**values)
