import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from torch import Tensor

from shared_model.errors import BadInput, Refused
from shared_model.privacy import clipping
from shared_model.privacy.clipping import clip_rows, clip_update

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


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), scale=st.floats(1e-3, 1e3))
def test_the_dictionary_and_the_rows_are_one_clipping_line_14(seed: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    update = {name: scale * torch.randn(shape, generator=generator) for name, shape in [("b", (3, 2)), ("a", (4,))]}
    clipped = clip_update(update, clip_norm=1.0, allowed=["a", "b"])
    row = torch.cat([update["a"], update["b"].reshape(-1)])
    expected = clip_rows(row[None], clip_norm=1.0)[0]
    assert clipped.sensitivity == 1.0
    assert torch.equal(clipped.update["a"], expected[:4])
    assert torch.equal(clipped.update["b"], expected[4:].reshape(3, 2))


def test_the_norm_is_over_all_tensors_together_line_14() -> None:
    clipped = clip_update({"a": torch.ones(1), "b": torch.ones(1)}, clip_norm=1.0, allowed={"a", "b"}).update
    assert math.hypot(clipped["a"].item(), clipped["b"].item()) == pytest.approx(1.0, rel=2e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_half_precision_and_doubles_come_out_as_clipped_singles_line_13(dtype: torch.dtype) -> None:
    clipped = clip_update({"a": torch.full((8,), 3e4, dtype=dtype)}, clip_norm=0.1, allowed={"a"}).update["a"]
    assert clipped.dtype == torch.float32
    assert 0.0999 < exact_norms(clipped[None])[0] <= 0.1


def test_a_double_beyond_single_precision_gives_the_zero_update_line_13() -> None:
    update = {"a": torch.tensor([1e300, 1.0], dtype=torch.float64), "b": torch.ones(2)}
    clipped = clip_update(update, clip_norm=1.0, allowed={"a", "b"}).update
    assert not clipped["a"].any()
    assert not clipped["b"].any()


def test_an_empty_update_stays_empty_line_13() -> None:
    assert clip_update({}, clip_norm=1.0, allowed=()).update == {}
    assert clip_update({"a": torch.zeros(0, 3)}, clip_norm=1.0, allowed={"a"}).update["a"].shape == (0, 3)


@pytest.mark.parametrize("tensor", [torch.ones(2, dtype=torch.int64), torch.ones(2, dtype=torch.bool)])
def test_integer_buffers_are_refused_line_14(tensor: Tensor) -> None:
    with pytest.raises(Refused, match="'steps'"):
        clip_update({"steps": tensor}, clip_norm=1.0, allowed={"steps"})


def test_what_is_outside_the_allow_list_is_refused_line_14() -> None:
    with pytest.raises(Refused, match="'user_vector'"):
        clip_update({"gate": torch.ones(1), "user_vector": torch.ones(1)}, clip_norm=1.0, allowed={"gate"})


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
