"""Sparse rows of evidence: scaled, shared out and added up without multiplying matrices."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def scaled(matrix: sp.csr_array, factors: NDArray[np.floating]) -> sp.csr_array:
    """Row r of `matrix` (R, N) times `factors[r]`, (R,)."""
    data = matrix.data * np.repeat(factors.astype(np.float32), np.diff(matrix.indptr))
    return sp.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def row_sums(matrix: sp.csr_array) -> NDArray[np.float32]:
    """(R,) sums of the rows."""
    return np.bincount(_row_of_entry(matrix), matrix.data, minlength=matrix.shape[0]).astype(np.float32)


def add_shares(votes: NDArray[np.float32], matrix: sp.csr_array) -> None:
    """Add to `votes` (R, N), in place, the rows of `matrix`, each divided by its sum; entries must be unique."""
    row = _row_of_entry(matrix)
    totals = np.maximum(np.bincount(row, matrix.data, minlength=matrix.shape[0]), 1e-12)
    votes[row, matrix.indices] += (matrix.data / totals[row]).astype(np.float32)


def _row_of_entry(matrix: sp.csr_array) -> NDArray[np.int64]:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
