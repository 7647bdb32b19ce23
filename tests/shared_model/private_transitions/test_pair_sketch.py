import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare, norm

from shared_model.errors import BadInput
from shared_model.private_transitions.pair_sketch import (
    SketchShape,
    estimated,
    false_chance,
    sketched,
    threshold_for,
)

SHAPE = SketchShape(rows=5, width=512, salt=9)
KEYS = st.sets(st.integers(0, 2**40), max_size=60).map(lambda keys: np.array(sorted(keys), dtype=np.int64))


@given(one=KEYS, other=KEYS)
@settings(max_examples=50)
def test_the_sketch_of_two_devices_is_the_sum_of_theirs(one: np.ndarray, other: np.ndarray) -> None:
    both = sketched(np.concatenate([one, other]), SHAPE)
    np.testing.assert_array_equal(both, sketched(one, SHAPE) + sketched(other, SHAPE))
    assert np.abs(sketched(one, SHAPE)).reshape(5, 512).sum(axis=1).max(initial=0) <= len(one)


@given(keys=KEYS)
@settings(max_examples=30)
def test_pairs_that_do_not_meet_have_the_norm_that_is_planned(keys: np.ndarray) -> None:
    wide = SketchShape(rows=3, width=2**40, salt=1)
    size = float(sum(1 for _ in range(3)) * len(keys))
    assert wide.norm(len(keys)) == pytest.approx(math.sqrt(size))
    narrow = np.linalg.norm(sketched(keys, SketchShape(rows=3, width=10_000, salt=1)))
    assert narrow <= len(keys) * math.sqrt(3) + 1e-9


def test_what_many_devices_had_is_counted_among_what_few_had() -> None:
    draw = np.random.default_rng(0)
    often, rarely = np.arange(1, 40), 1_000 + draw.choice(100_000, 3_000, replace=False)
    counts = {int(key): 400 + 10 * place for place, key in enumerate(often)} | {int(key): 2 for key in rarely}
    sums = np.zeros(SHAPE.size, np.int64)
    for key, devices in counts.items():
        sums += devices * sketched(np.array([key]), SHAPE)
    found = estimated(sums, often, SHAPE)
    truth = np.array([counts[int(key)] for key in often])
    others = np.sqrt((sums.astype(float) ** 2).mean())
    assert np.abs(found - truth).max() < 4 * others
    assert np.corrcoef(found, truth)[0, 1] > 0.9


def test_cells_and_signs_are_spread_evenly_and_rows_do_not_agree() -> None:
    shape = SketchShape(rows=3, width=32, salt=4)
    sums = np.array([sketched(np.array([key]), shape) for key in range(6_400)])
    filled = np.abs(sums).sum(axis=0)
    for row in range(3):
        assert chisquare(filled[32 * row : 32 * row + 32]).pvalue > 1e-6
    signs = sums.reshape(6_400, 3, 32).sum(axis=2)
    assert (np.abs(signs) == 1).all()
    for row in range(3):
        assert binom.sf((signs[:, row] == 1).sum() - 1, 6_400, 0.5) > 1e-6
        assert binom.cdf((signs[:, row] == 1).sum(), 6_400, 0.5) > 1e-6
    assert abs(np.corrcoef(signs.T)[0, 1:]).max() < 0.08
    other = np.array([sketched(np.array([key]), SketchShape(rows=3, width=32, salt=5)) for key in range(500)])
    assert (other != sums[:500]).any(axis=1).mean() > 0.99


def noised(devices: dict[int, int], shape: SketchShape, *, deviation: float, seed: int) -> np.ndarray:
    draw, sums = np.random.default_rng(seed), np.zeros(shape.size, np.int64)
    for key, count in devices.items():
        sums += count * sketched(np.array([key]), shape)
    return sums + np.rint(draw.normal(0, deviation, shape.size)).astype(np.int64)


@pytest.mark.parametrize("rows", [1, 3, 5])
@pytest.mark.parametrize("deviation", [0.0, 40.0])
def test_false_pairs_come_as_often_as_the_cells_themselves_say(rows: int, deviation: float) -> None:
    shape = SketchShape(rows=rows, width=256, salt=rows)
    sums = noised({key: 300 + 7 * key for key in range(60)}, shape, deviation=deviation, seed=rows)
    nobodys = estimated(sums, np.arange(10_000, 410_000), shape)
    for threshold in (0.0, 25.0, 320.0):
        chance, above = false_chance(threshold, sums, shape), int((nobodys > threshold).sum())
        assert binom.sf(above - 1, len(nobodys), chance) > 1e-6
        assert binom.cdf(above, len(nobodys), chance) > 1e-6


def test_the_chance_of_a_single_row_under_noise_alone_is_that_of_a_normal() -> None:
    shape = SketchShape(rows=1, width=200_000, salt=0)
    sums = noised({}, shape, deviation=30.0, seed=1)
    for threshold in (10.0, 40.0):
        assert false_chance(threshold, sums, shape) == pytest.approx(norm.sf((threshold + 0.5) / 30), rel=0.03)


def test_a_threshold_is_the_least_that_keeps_false_pairs_to_what_was_allowed() -> None:
    shape = SketchShape(rows=5, width=8_192, salt=3)
    real = {key: 300 + key for key in range(100)}
    sums = noised(real, shape, deviation=40.0, seed=2)
    nobodys = np.arange(10_000, 210_000)
    threshold = threshold_for(3.0 / len(nobodys), sums, shape)
    assert false_chance(threshold, sums, shape) <= 3.0 / len(nobodys) < false_chance(threshold - 1, sums, shape)
    assert (estimated(sums, nobodys, shape) > threshold).sum() <= 15  # Poisson(3): once in 10^6
    assert (estimated(sums, np.array(list(real)), shape) > threshold).mean() > 0.9


def test_a_shape_that_cannot_be_is_a_sentence() -> None:
    for shape in ((4, 512, 0), (0, 512, 0), (3, 1, 0), (3, 512, -1)):
        with pytest.raises(BadInput, match="rows must be odd"):
            SketchShape(rows=shape[0], width=shape[1], salt=shape[2])
