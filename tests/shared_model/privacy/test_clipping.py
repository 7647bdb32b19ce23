import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.privacy import clipping
from shared_model.privacy.clipping import clip_rows

# every float32 there is: zero, denormal, huge, infinite and NaN
ROWS = npst.arrays(np.float32, npst.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9))
CLIP = st.floats(1e-12, 1e12)


def exact_norms(rows: Tensor) -> list[float]:
    """Oracle: correctly rounded sums of squares, in Python's own arithmetic."""
    return [math.sqrt(math.fsum(float(number) ** 2 for number in row)) for row in rows]


@settings(deadline=None)
@given(rows=ROWS, clip_norm=CLIP)
def test_no_row_ever_exceeds_the_clip_norm_line_13(rows: np.ndarray, clip_norm: float) -> None:
    clipped = clip_rows(torch.from_numpy(rows), clip_norm=clip_norm)
    assert clipped.dtype == torch.float32
    assert clipped.shape == rows.shape
    assert all(norm <= clip_norm for norm in exact_norms(clipped))


@settings(deadline=None)
@given(rows=ROWS, clip_norm=CLIP)
def test_rows_within_the_norm_are_unchanged_and_others_keep_their_direction(rows: np.ndarray, clip_norm: float) -> None:
    given_rows = torch.from_numpy(rows)
    clipped = clip_rows(given_rows, clip_norm=clip_norm)
    for before, after, norm in zip(given_rows, clipped, exact_norms(given_rows), strict=True):
        if not math.isfinite(norm):
            assert not after.any()
        elif norm <= clip_norm * (1 - 2**-19):
            assert torch.equal(before, after)
        else:
            torch.testing.assert_close(
                after.double(), before.double() * (min(1.0, clip_norm / norm)), rtol=2e-6, atol=1e-44
            )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_bad_number_empties_its_own_row_only_line_13(bad: float) -> None:
    rows = torch.ones(3, 4)
    rows[1, 2] = bad
    clipped = clip_rows(rows, clip_norm=100.0)
    assert torch.equal(clipped, torch.tensor([[1.0], [0.0], [1.0]]).expand(3, 4))


def test_the_given_rows_are_left_alone() -> None:
    rows = torch.full((2, 3), 5.0)
    clip_rows(rows, clip_norm=1.0)
    assert torch.equal(rows, torch.full((2, 3), 5.0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_half_precision_and_doubles_come_out_as_clipped_singles_line_13(dtype: torch.dtype) -> None:
    clipped = clip_rows(torch.full((1, 8), 3e4, dtype=dtype), clip_norm=0.1)
    assert clipped.dtype == torch.float32
    assert 0.0999 < exact_norms(clipped)[0] <= 0.1


@settings(deadline=None)
@given(rows=npst.arrays(np.float64, npst.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9)), clip_norm=CLIP)
def test_no_row_of_doubles_exceeds_the_clip_norm_either_line_13(rows: np.ndarray, clip_norm: float) -> None:
    clipped = clip_rows(torch.from_numpy(rows), clip_norm=clip_norm)
    assert all(norm <= clip_norm for norm in exact_norms(clipped))


def test_a_double_beyond_single_precision_does_not_overflow_line_13() -> None:
    rows = torch.tensor([[1e300, 1.0], [1e100, 0.0], [1.0, 0.0]], dtype=torch.float64)
    assert torch.equal(
        clip_rows(rows, clip_norm=2.0), torch.tensor([[0.0, 0.0], [2.0 * clipping._SHRINK, 0.0], [1.0, 0.0]])
    )


def test_no_rows_and_empty_rows_stay_empty_line_13() -> None:
    assert clip_rows(torch.zeros(0, 3), clip_norm=1.0).shape == (0, 3)
    assert clip_rows(torch.zeros(2, 0), clip_norm=1.0).shape == (2, 0)


@pytest.mark.parametrize("clip_norm", [0.0, -1.0, math.nan, math.inf, 1e-40])
def test_a_clip_norm_that_bounds_nothing_is_refused(clip_norm: float) -> None:
    with pytest.raises(BadInput, match="clip_norm"):
        clip_rows(torch.ones(1, 1), clip_norm=clip_norm)


def test_seeded_bug_without_the_shrink_rounding_lifts_a_norm_above(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch.randn(200, 50, generator=torch.Generator().manual_seed(0)) * 10
    assert max(exact_norms(clip_rows(rows, clip_norm=1.0))) <= 1.0
    monkeypatch.setattr(clipping, "_SHRINK", 1.0)
    assert max(exact_norms(clip_rows(rows, clip_norm=1.0))) > 1.0


def test_many_rows_and_long_rows_cross_the_chunks() -> None:
    rows = torch.randn(3, 2 * clipping._CHUNK + 5, generator=torch.Generator().manual_seed(1))
    expected = rows / rows.double().norm(dim=1, keepdim=True)
    torch.testing.assert_close(clip_rows(rows, clip_norm=1.0).double(), expected.double(), rtol=2e-6, atol=1e-9)
