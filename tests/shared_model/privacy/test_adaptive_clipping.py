import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.privacy import adaptive_clipping
from shared_model.privacy.adaptive_clipping import (
    AdaptiveClipping,
    adapted_average,
    contributions,
    next_clip_norm,
)
from shared_model.privacy.plan import CLIP_NORMS
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed

CLIPPING = AdaptiveClipping(noise_multiplier=1.0, cohort=100)
ROWS = npst.arrays(np.float32, npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


def keyed(number: int) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(3), purpose="noise", round=number)


def updates(devices: int, number: int, *, median: float = 1.0) -> Tensor:
    """Log-normal norms with this median, in random directions."""
    draw = np.random.default_rng(number)
    rows = draw.normal(size=(devices, 20))
    norms = median * draw.lognormal(0, 0.5, size=devices)
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True) * norms[:, None]).float()


def follow(
    start: float, *, clipping: AdaptiveClipping = CLIPPING, rounds: int, answers: int = 100, median: float = 1.0
) -> list[float]:
    """The clip norms of `rounds` rounds, through the code that a round runs."""
    norms = [start]
    for number in range(rounds):
        rows = contributions(updates(answers, number, median=median), clip_norm=norms[-1], clipping=clipping)
        total = rows.sum(0, dtype=torch.float64)
        after = adapted_average(total, clip_norm=norms[-1], clipping=clipping, randomness=keyed(number))
        norms.append(after.next_clip_norm)
    return norms


def settled(norms: list[float]) -> float:
    return float(np.exp(np.log(norms[-50:]).mean()))


@pytest.mark.parametrize("start", [0.01, 100.0])
def test_line_17_adaptive_clipping_converges_from_a_hundredth_and_from_a_hundredfold(start: float) -> None:
    norms = follow(start, rounds=150)
    assert settled(norms) == pytest.approx(1.0, rel=0.1)
    # 46 steps of 0.1 each lead from 0.01 to 1 in the logarithm where every bit says the same
    assert norms[55] == pytest.approx(1.0, rel=0.6)


@pytest.mark.parametrize("quantile", [0.2, 0.5, 0.8])
def test_line_17_the_clip_norm_settles_at_the_asked_quantile(quantile: float) -> None:
    clipping = AdaptiveClipping(noise_multiplier=1.0, cohort=100, quantile=quantile)
    expected = math.exp(0.5 * float(torch.distributions.Normal(0.0, 1.0).icdf(torch.tensor(quantile))))
    assert settled(follow(1.0, clipping=clipping, rounds=200)) == pytest.approx(expected, rel=0.1)


def test_line_12_with_half_of_the_answers_the_median_is_the_same_and_another_quantile_moves_outwards() -> None:
    assert settled(follow(1.0, rounds=200, answers=50)) == pytest.approx(1.0, rel=0.15)
    upper = AdaptiveClipping(noise_multiplier=1.0, cohort=100, quantile=0.7)
    # half of the answers: read as 0.7 where nine tenths are within C
    expected = math.exp(0.5 * 1.2816)
    assert settled(follow(1.0, clipping=upper, rounds=200, answers=50)) == pytest.approx(expected, rel=0.15)


def test_line_12_without_answers_the_median_stays_and_another_quantile_runs_to_its_limit() -> None:
    walked = follow(1.0, rounds=100, answers=0)
    assert 0.5 < walked[-1] < 2
    upper = AdaptiveClipping(noise_multiplier=1.0, cohort=100, quantile=0.9)
    assert follow(1e11, clipping=upper, rounds=100, answers=0)[-1] == CLIP_NORMS[1]
    assert next_clip_norm(CLIP_NORMS[0], share_within=1.0, clipping=CLIPPING) == CLIP_NORMS[0]


@settings(deadline=None)
@given(noise=st.floats(0.01, 50), cohort=st.integers(1, 10**6))
def test_line_17_the_split_of_z_is_accounted(noise: float, cohort: int) -> None:
    clipping = AdaptiveClipping(noise_multiplier=noise, cohort=cohort)
    parts = clipping.update_noise_multiplier**-2 + (2 * clipping.bit_noise) ** -2
    assert parts == pytest.approx(noise**-2, rel=1e-9)
    deviation = noise * clipping.sensitivity
    assert deviation == pytest.approx(clipping.update_noise_multiplier, rel=1e-9)
    assert deviation / clipping.bit_scale == pytest.approx(clipping.bit_noise, rel=1e-9)
    assert noise <= clipping.update_noise_multiplier <= 1.0541 * noise


@settings(deadline=None)
@given(rows=ROWS, clip_norm=st.floats(1e-12, 1e12), noise=st.floats(0.1, 10), cohort=st.integers(1, 1000))
def test_lines_13_and_17_no_contribution_exceeds_the_sensitivity(
    rows: np.ndarray, clip_norm: float, noise: float, cohort: int
) -> None:
    clipping = AdaptiveClipping(noise_multiplier=noise, cohort=cohort)
    sent = contributions(torch.from_numpy(rows), clip_norm=clip_norm, clipping=clipping)
    assert sent.shape == (rows.shape[0], rows.shape[1] + 1)
    assert sent.dtype == torch.float32
    for row in sent:
        assert math.sqrt(math.fsum(float(number) ** 2 for number in row)) <= clipping.sensitivity


def test_lines_13_and_17_a_bad_update_sends_nothing_a_zero_one_its_bit_and_a_huge_one_a_whole_update() -> None:
    rows = torch.tensor([[math.nan, 1], [math.inf, 0], [0, 0], [3e38, 3e38], [0.3, 0.4]])
    sent = contributions(rows, clip_norm=1.0, clipping=CLIPPING)
    bit = CLIPPING.bit_scale / 2
    assert not sent[:2].any()
    torch.testing.assert_close(sent[2], torch.tensor([0, 0, bit]))
    torch.testing.assert_close(sent[3], torch.tensor([0.5**0.5, 0.5**0.5, -bit]))
    torch.testing.assert_close(sent[4], torch.tensor([0.3, 0.4, bit]))


def test_line_17_the_noise_uses_the_c_that_clipped_and_not_the_next_one() -> None:
    clipping = AdaptiveClipping(noise_multiplier=2.0, cohort=10, learning_rate=1.0)
    total = torch.zeros(50_001, dtype=torch.float64)
    total[-1] = 10 * clipping.bit_scale * 2.5  # a share of 3: the next C is a twelfth
    after = adapted_average(total, clip_norm=3.0, clipping=clipping, randomness=keyed(0))
    assert after.next_clip_norm < 1
    assert noise_is_scaled_to(after.mean, clip_norm=3.0, clipping=clipping)


def noise_is_scaled_to(mean: Tensor, *, clip_norm: float, clipping: AdaptiveClipping) -> bool:
    expected = clipping.update_noise_multiplier * clip_norm / clipping.cohort
    return bool(abs(float(mean.std()) / expected - 1) < 5 / math.sqrt(2 * len(mean)))


@pytest.mark.parametrize(
    "change",
    [
        {"noise_multiplier": 0.0},
        {"noise_multiplier": math.nan},
        {"cohort": 0},
        {"quantile": 0.0},
        {"quantile": 1.0},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
    ],
)
def test_numbers_that_cannot_be_used_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="adaptive clipping"):
        AdaptiveClipping(**{"noise_multiplier": 1.0, "cohort": 10} | change)  # type: ignore[arg-type]


def test_a_clip_norm_that_bounds_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="clip_norm"):
        contributions(torch.ones(1, 2), clip_norm=0.0, clipping=CLIPPING)


# Seeded bugs: each is what privacy.md found in somebody's code, and a check above must fail for it


def test_seeded_bug_the_sign_inverted_runs_away(monkeypatch: pytest.MonkeyPatch) -> None:
    right = adaptive_clipping.next_clip_norm
    monkeypatch.setattr(
        adaptive_clipping,
        "next_clip_norm",
        lambda norm, *, share_within, clipping: right(
            norm, share_within=2 * clipping.quantile - share_within, clipping=clipping
        ),
    )
    for start in (0.01, 100.0):
        with pytest.raises(AssertionError):
            test_line_17_adaptive_clipping_converges_from_a_hundredth_and_from_a_hundredfold(start)


def test_seeded_bug_noise_scaled_to_the_next_c_is_seen() -> None:
    clipping = AdaptiveClipping(noise_multiplier=2.0, cohort=10)
    after = adapted_average(
        torch.zeros(50_001, dtype=torch.float64), clip_norm=3.0, clipping=clipping, randomness=keyed(0)
    )
    wrong = after.mean * (next_clip_norm(3.0, share_within=0.9, clipping=clipping) / 3.0)
    assert noise_is_scaled_to(after.mean, clip_norm=3.0, clipping=clipping)
    assert not noise_is_scaled_to(wrong, clip_norm=3.0, clipping=clipping)


def _divides_by_zero(rows: Tensor, *, clip_norm: float) -> Tensor:
    return rows.float() * (clip_norm / rows.float().norm(dim=1, keepdim=True)).clamp(max=1).where(
        rows.any(dim=1, keepdim=True), torch.nan
    )


def _lets_nan_through(rows: Tensor, *, clip_norm: float) -> Tensor:
    return rows.float() * (clip_norm / rows.float().norm(dim=1, keepdim=True)).clamp(max=1)


@pytest.mark.parametrize("bug", [_divides_by_zero, _lets_nan_through])
def test_seeded_bugs_a_zero_update_divides_by_zero_and_a_nan_passes(
    bug: Callable[..., Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptive_clipping, "clip_rows", bug)
    monkeypatch.setattr(adaptive_clipping, "row_norms", lambda rows: rows.norm(dim=1).double().nan_to_num(0.0))
    with pytest.raises(AssertionError):
        test_lines_13_and_17_a_bad_update_sends_nothing_a_zero_one_its_bit_and_a_huge_one_a_whole_update()


def test_seeded_bug_a_bit_that_travels_unaccounted_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AdaptiveClipping, "update_noise_multiplier", property(lambda self: self.noise_multiplier))
    with pytest.raises(AssertionError):
        test_line_17_the_split_of_z_is_accounted.hypothesis.inner_test(1.0, 100)
