import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from shared_model.memory.sparse_rows import add_shares, row_sums, scaled


def some_matrix(seed: int) -> tuple[sp.csr_array, np.random.Generator]:
    """Whole numbers, of which most are 0, with rows and columns that are empty."""
    draw = np.random.default_rng(seed)
    dense = draw.integers(1, 9, size=(5, 7)) * (draw.random((5, 7)) < 0.4)
    return sp.csr_array(dense.astype(np.float32)), draw


@given(st.integers(0, 10_000))
def test_rows_are_scaled_and_summed_as_dense_ones_are(seed: int) -> None:
    matrix, draw = some_matrix(seed)
    factors, before = draw.random(5), matrix.toarray()
    found = scaled(matrix, factors)
    np.testing.assert_allclose(found.toarray(), before * factors[:, None], rtol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(matrix.toarray(), before)
    np.testing.assert_array_equal(row_sums(matrix), before.sum(1))


@given(st.integers(0, 10_000))
def test_shares_of_a_row_add_up_to_one_vote_or_to_none(seed: int) -> None:
    matrix, draw = some_matrix(seed)
    before = draw.random((5, 7)).astype(np.float32)
    votes = before.copy()
    add_shares(votes, matrix)
    dense = matrix.toarray()
    for row in range(5):
        share = dense[row] / dense[row].sum() if dense[row].any() else dense[row]
        np.testing.assert_allclose(votes[row], before[row] + share, rtol=1e-5)


def test_a_matrix_without_entries_adds_nothing() -> None:
    votes = np.ones((2, 3), np.float32)
    add_shares(votes, sp.csr_array((2, 3), dtype=np.float32))
    assert (votes == 1).all()
