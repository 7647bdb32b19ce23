import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.memory.channels import (
    CHANNELS,
    CHANNELS_OF,
    FLOOR,
    MEMORY_PATHS,
    PATH_OF_CHANNEL,
    PERSONAL,
    strength,
)


def test_every_channel_has_one_name_and_one_path() -> None:
    assert len(set(CHANNELS)) == len(CHANNELS) == len(PATH_OF_CHANNEL)
    for channel, path in zip(CHANNELS, PATH_OF_CHANNEL, strict=True):
        assert channel in CHANNELS_OF[MEMORY_PATHS[path]]


def test_personal_paths_come_last() -> None:
    assert MEMORY_PATHS[-len(PERSONAL) :] == PERSONAL


@pytest.mark.parametrize(("weight", "expected"), [(0.0, 0.0), (1.0, 1.0), (FLOOR, math.log(2) / math.log(1001))])
def test_strength_of_a_probability(weight: float, expected: float) -> None:
    assert strength(np.array([weight], np.float32))[0] == pytest.approx(expected, abs=1e-5)


@given(st.lists(st.floats(0, 10, width=32), min_size=2, max_size=9))
def test_a_larger_weight_is_never_weaker(weights: list[float]) -> None:
    said = strength(np.array(sorted(weights), np.float32))
    assert said.dtype == np.float32
    assert (said >= 0).all()
    assert (np.diff(said) >= 0).all()
