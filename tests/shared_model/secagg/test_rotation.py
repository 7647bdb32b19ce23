import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import hadamard

from shared_model.secagg.rotation import padded_size, paley_hadamard, rotate, rotate_back


def seed(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def vectors(count: int, size: int, number: int) -> np.ndarray:
    return np.random.default_rng(number).standard_normal((count, size))


@settings(deadline=None)
@given(size=st.integers(1, 300), count=st.integers(1, 4), number=st.integers(0, 1000))
def test_turning_back_gives_the_vectors_again_and_norms_stay(size: int, count: int, number: int) -> None:
    before = vectors(count, size, number)
    turned = rotate(before, seed=seed(number))
    assert turned.shape == (count, padded_size(size))
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(before, axis=1), rtol=1e-12)
    np.testing.assert_allclose(rotate_back(turned, size=size, seed=seed(number)), before, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 64])
def test_it_is_the_hadamard_matrix_of_the_textbook_behind_signs(size: int) -> None:
    columns = rotate(np.eye(size), seed=seed(1)).T
    signs = columns[0] * np.sqrt(size)  # the first row of a Hadamard matrix is ones
    np.testing.assert_allclose(np.abs(signs), 1)
    np.testing.assert_allclose(columns, hadamard(size) * signs / np.sqrt(size), atol=1e-12)


@pytest.mark.parametrize("order", [12, 20])
@pytest.mark.parametrize("doublings", [0, 1, 3])
def test_other_orders_are_paleys_matrix_before_that_of_the_textbook(order: int, doublings: int) -> None:
    size = order << doublings
    assert padded_size(size) == size
    columns = rotate(np.eye(size), seed=seed(1)).T * np.sqrt(size)
    whole = np.kron(paley_hadamard(order), hadamard(1 << doublings))
    np.testing.assert_allclose(np.abs(columns), 1)
    np.testing.assert_allclose(whole @ whole.T, size * np.eye(size))
    np.testing.assert_allclose(columns, whole * (columns[0] * whole[0]), atol=1e-12)


@given(st.integers(1, 1 << 24))
def test_the_next_order_is_the_least_of_all_and_not_far(size: int) -> None:
    orders = [order << doublings for order in (1, 12, 20) for doublings in range(26)]
    assert padded_size(size) == min(order for order in orders if order >= size)
    assert padded_size(size) <= 4 / 3 * size or size <= 8


@given(size=st.integers(1, 400), count=st.integers(1, 5))
def test_a_vector_is_turned_alike_in_every_bit_whoever_stands_beside_it(size: int, count: int) -> None:
    """So that a device by itself and a simulated cohort come to the same integers."""
    together = vectors(count, size, 7)
    turned = rotate(together, seed=seed(7))
    for row, alone in zip(together, turned, strict=True):
        np.testing.assert_array_equal(rotate(row[None], seed=seed(7))[0], alone)


def test_it_is_linear_so_that_a_sum_is_turned_back_at_once() -> None:
    two = vectors(2, 50, 3)
    total = rotate(two, seed=seed(3)).sum(0, keepdims=True)
    np.testing.assert_allclose(rotate_back(total, size=50, seed=seed(3))[0], two.sum(0), atol=1e-12)


def test_another_seed_turns_otherwise_and_one_number_is_spread_over_all() -> None:
    one = np.zeros((1, 1024))
    one[0, 5] = 1.0
    np.testing.assert_allclose(np.abs(rotate(one, seed=seed(4))), 1 / 32)
    dense = vectors(1, 1024, 5)
    assert not np.allclose(rotate(dense, seed=seed(4)), rotate(dense, seed=seed(5)))
