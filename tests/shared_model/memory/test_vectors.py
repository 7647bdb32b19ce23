import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from shared_model.memory.vectors import BrainVectors, WholeVectors

numbers = st.floats(2**-20, 2**20, width=32) | st.floats(-(2**20), -(2**-20), width=32) | st.just(0)
tables = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=20), elements=numbers)


def halved(vectors):
    halves = BrainVectors.empty(*vectors.shape)
    halves.put(0, vectors)
    return halves


@given(tables)
def test_numbers_are_off_by_half_a_step_of_eight_bits_at_most(vectors):
    found = halved(vectors).rows(np.arange(len(vectors)))
    np.testing.assert_allclose(found, vectors, rtol=2**-8)
    np.testing.assert_array_equal(halved(found).rows(np.arange(len(vectors))), found)


def test_ties_go_to_the_even_number():
    between = np.array([[1 + 2**-8, 1 + 3 * 2**-8]], np.float32)  # half-way between two that there are
    np.testing.assert_array_equal(halved(between).rows(np.array([0]))[0], [1, 1 + 2**-6])


@given(st.integers(1, 5000), st.integers(1, 3))
def test_products_are_those_of_the_rows_however_many_there_are(tracks, queries):
    draw = np.random.default_rng(tracks)
    vectors, asked = (draw.normal(size=(size, 3)).astype(np.float32) for size in (tracks, queries))
    halves = halved(vectors)
    whole = WholeVectors(halves.rows(np.arange(tracks)))
    np.testing.assert_allclose(halves.products(asked), whole.products(asked), rtol=1e-5, atol=1e-6)


def test_cosines_of_unit_vectors_stay_within_a_thousandth():
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(3000, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    off = halved(vectors).products(vectors[:50]) - vectors[:50] @ vectors.T
    assert np.abs(off).max() < 1e-3
    assert off.std() < 2e-4


@given(st.integers(0, 10), st.integers(1, 10))
def test_rows_that_are_put_leave_the_others(first, count):
    halves = BrainVectors.empty(25, 2)
    halves.put(first, np.ones((count, 2), np.float32))
    rows = halves.rows(np.arange(25))
    assert rows.sum() == 2 * count
    assert (rows[first : first + count] == 1).all()
