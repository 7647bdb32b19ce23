import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.secagg import quantise
from shared_model.secagg.quantise import largest_square, round_within
from tests.shared_model.secagg.streams import keyed


@settings(deadline=None, max_examples=60)
@given(size=st.integers(1, 200), norm=st.floats(0.1, 1e4), number=st.integers(0, 10**6), short=st.floats(0, 1))
def test_line_16_no_rounded_vector_is_longer_than_the_bound(size: int, norm: float, number: int, short: float) -> None:
    vector = np.random.default_rng(number).standard_normal((1, size))
    vector *= short * norm / np.linalg.norm(vector)
    square = largest_square(norm, size=size)
    rounded = round_within(vector, square=square, randomness=keyed(number))
    assert int((rounded.astype(object) ** 2).sum()) <= square
    assert np.abs(rounded - vector).max() < 1


@pytest.mark.parametrize("vector", [(0.5, 0.5, 0.5), (1.2, -0.7, 0.1), (0.0, 1.5, 0.999)])
def test_line_16_every_way_to_round_within_the_bound_and_no_other_comes_out(vector: tuple[float, ...]) -> None:
    """By brute force over the corners of the cell: the sensitivity is the largest norm that can come out."""
    square = 3
    corners = itertools.product(*({math.floor(x), math.ceil(x)} for x in vector))
    allowed = {corner for corner in corners if sum(x * x for x in corner) <= square}
    rows = np.tile(vector, (4000, 1))
    found = {tuple(map(int, row)) for row in round_within(rows, square=square, randomness=keyed(1))}
    assert found == allowed


def test_a_draw_is_rejected_no_more_often_than_its_beta() -> None:
    draws = []

    def counted(purpose: str):
        draws.append(purpose)
        return keyed(7)(purpose)

    size, norm, count = 256, 128.0, 4000
    vectors = np.random.default_rng(0).standard_normal((count, size))
    vectors *= norm / np.linalg.norm(vectors, axis=1, keepdims=True)
    square = largest_square(norm, size=size)
    first = np.floor(vectors) + (np.random.default_rng(1).random(vectors.shape) < vectors - np.floor(vectors))
    assert ((first**2).sum(1) > square).mean() <= quantise.REJECTED
    round_within(vectors, square=square, randomness=counted)
    assert draws == [f"rounding {number}" for number in range(len(draws))]
    assert len(draws) < quantise.MOST_DRAWS


def test_rounding_moves_no_mean() -> None:
    vector = np.array([0.25, -0.6, 7.5])
    rounded = round_within(np.tile(vector, (40_000, 1)), square=10**6, randomness=keyed(2))
    deviation = np.sqrt((vector - np.floor(vector)) * (np.ceil(vector) - vector) / 40_000)
    assert (np.abs(rounded.mean(0) - vector) < 5 * deviation + 1e-12).all()


@pytest.mark.parametrize("value", [1e9, -1e9, 2.0**32, -(2.0**33), 1e18])  # 64 bits do not hold all their squares
def test_what_nothing_brings_within_the_bound_is_zero(value: float) -> None:
    rows = np.array([[value, 0.5], [0.5, 0.5]])
    rounded = round_within(rows, square=2, randomness=keyed(3))
    assert not rounded[0].any()


def test_the_bound_is_that_of_the_paper_with_its_beta() -> None:
    """Equation 9 of arXiv 2102.06387, by hand: c = 100, D = 64, beta = e^(-1/2)."""
    assert largest_square(100, size=64) == math.floor(min(108**2, 10_000 + 16 + 104))
    assert largest_square(0.1, size=4) == math.floor(min(2.1**2, 0.01 + 1 + 1.1))


def test_seeded_bug_rounding_without_the_conditional_bound_is_longer() -> None:
    vectors = np.full((2000, 64), 0.5)
    square = largest_square(4.0, size=64)
    rng = np.random.default_rng(0)
    plain = np.floor(vectors) + (rng.random(vectors.shape) < 0.5)
    with_bound = round_within(vectors, square=square, randomness=keyed(4))
    assert (plain**2).sum(1).max() > square >= (with_bound**2).sum(1).max()
