import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare, norm, skellam

from shared_model.privacy.skellam import LEAST_SENSITIVITY, LEAST_TO_ROOT_SIZE, MOST_SAMPLER_ERROR
from shared_model.secagg import encoding as code
from shared_model.secagg.encoding import (
    MOST_OVERFLOW,
    SumEncoding,
    add_modulo,
    decode,
    encode,
    missing_noise,
    planned,
    rotation_seed,
)
from tests.shared_model.secagg.streams import keyed

USUAL: dict[str, Any] = {"size": 40, "vector_norm": 0.5, "noise_multiplier": 1.0, "honest": 4, "devices": 8}
ENCODING = planned(**USUAL)
SEED = rotation_seed(1, np.zeros(3, np.float32))
ROOT = math.sqrt(ENCODING.square)


def updates(count: int, *, size: int = 40, length: float = 0.4) -> np.ndarray:
    rows = np.random.default_rng(count).standard_normal((count, size))
    return length * rows / np.linalg.norm(rows, axis=1, keepdims=True)


def the_sum(rows: np.ndarray, *, encoding: SumEncoding = ENCODING, number: int = 0) -> np.ndarray:
    sent = encode(rows, encoding=encoding, seed=SEED, randomness=keyed(number))
    return decode(add_modulo(sent, bits=encoding.modulus_bits)[None], encoding=encoding, seed=SEED)[0]


def signal(rows: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The integers that devices add before their noise, (K, D)."""
    with monkeypatch.context() as patched:
        patched.setattr(code.SkellamTable, "draw", lambda self, count, randomness: np.zeros(count, np.int64))
        sent = encode(rows, encoding=ENCODING, seed=SEED, randomness=keyed(0)).astype(np.int64)
    half = 1 << (ENCODING.modulus_bits - 1)
    return np.where(sent >= half, sent - 2 * half, sent)


@settings(deadline=None, max_examples=40)
@given(
    size=st.integers(1, 3000), z=st.floats(0.05, 20), honest=st.integers(1, 200), more=st.integers(0, 200),
    length=st.floats(1e-6, 1e3),
)  # fmt: skip
def test_line_16_what_a_plan_chooses_is_what_its_accountant_assumes(
    size: int, z: float, honest: int, more: int, length: float
) -> None:
    chosen = planned(size=size, vector_norm=length, noise_multiplier=z, honest=honest, devices=honest + more)
    root = math.sqrt(chosen.square)
    assert root >= LEAST_SENSITIVITY
    assert root >= LEAST_TO_ROOT_SIZE * math.sqrt(chosen.padded)
    assert honest * chosen.share_variance >= z**2 * chosen.square  # counted noise is what h shares add
    assert honest * chosen.share_variance <= z**2 * chosen.square + honest * 2.0**-16
    assert root <= 1.007 * chosen.scale * length
    assert chosen.overflow(chosen.modulus_bits) <= MOST_OVERFLOW < chosen.overflow(chosen.modulus_bits - 1)
    assert chosen.padded * honest * chosen.table.error <= MOST_SAMPLER_ERROR


def test_line_16_the_sum_is_the_sum_and_its_noise_is_the_counted_one() -> None:
    rows, trials = updates(4), 400
    found = np.stack([the_sum(rows, number=number) for number in range(trials)]) - rows.sum(0)
    deviation = ROOT / ENCODING.scale  # z = 1, and four devices of h = 4
    assert abs(found.std() / deviation - 1) < 5 / math.sqrt(2 * found.size)
    assert abs(found.mean()) < 5 * deviation / math.sqrt(found.size)
    scores = found @ np.ones(40) / math.sqrt(40)
    assert abs(scores.std() / deviation - 1) < 5 / math.sqrt(2 * trials)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
def test_line_13_an_update_that_is_not_finite_says_nothing_and_brings_its_noise(
    bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = updates(2)
    rows[1, 3] = bad
    assert not signal(rows, monkeypatch)[1].any()
    assert encode(rows, encoding=ENCODING, seed=SEED, randomness=keyed(0))[1].any()


@settings(deadline=None, max_examples=40, suppress_health_check=[])
@given(length=st.floats(0, 1e30), number=st.integers(0, 1000))
def test_line_16_no_device_moves_the_sum_by_more_than_its_sensitivity(length: float, number: int) -> None:
    row = np.random.default_rng(number).standard_normal((1, 40))
    row *= length / np.linalg.norm(row)
    with pytest.MonkeyPatch.context() as monkeypatch:
        moved = signal(row, monkeypatch)[0]
    assert int((moved**2).sum()) <= ENCODING.square


def test_half_precision_and_an_empty_update_are_taken() -> None:
    assert np.isfinite(the_sum(updates(2).astype(np.float16))).all()
    assert np.isfinite(the_sum(np.zeros((2, 40), np.float32))).all()


@settings(deadline=None, max_examples=30)
@given(split=st.integers(0, 8))
def test_the_sum_modulo_is_the_same_in_whatever_parts_it_is_taken(split: int) -> None:
    bits = ENCODING.modulus_bits
    sent = encode(updates(8), encoding=ENCODING, seed=SEED, randomness=keyed(5))
    assert int(sent.max()) < 1 << bits
    parts = np.stack([add_modulo(sent[:split], bits=bits), add_modulo(sent[split:], bits=bits)])
    np.testing.assert_array_equal(add_modulo(parts, bits=bits), add_modulo(sent, bits=bits))


def test_line_16_a_modulus_that_overflows_is_seen_and_the_planned_one_does_not() -> None:
    rows = np.tile(updates(1, length=0.5), (8, 1))  # all alike: the longest sum that there is
    found = the_sum(rows)
    for more, same in ((1, True), (-4, False)):  # the same noise in each
        other = dataclasses.replace(ENCODING)
        other.__dict__["modulus_bits"] = ENCODING.modulus_bits + more
        assert (other.overflow(other.modulus_bits) <= MOST_OVERFLOW) is same
        assert np.array_equal(the_sum(rows, encoding=other), found) is same


def test_the_bound_on_overflow_is_above_what_happens() -> None:
    bits = next(bits for bits in range(2, 20) if ENCODING.overflow(bits) < 1)
    rows = np.tile(updates(1, length=0.5), (8, 1))
    wrong = 0
    for number in range(300):
        seed = rotation_seed(number, np.zeros(3, np.float32))
        whole = np.rint(code.rotate(rows.sum(0, keepdims=True) * ENCODING.scale, seed=seed)).astype(np.int64)
        noise = sum(
            ENCODING.table.draw(ENCODING.padded, randomness=keyed(8 * number + device)("n")) for device in range(8)
        )
        wrong += bool((np.abs(whole + noise) >= 1 << (bits - 1)).any())
    assert wrong / 300 <= ENCODING.overflow(bits)


@pytest.mark.parametrize(("z", "devices"), [(20.0, 8), (20.0, 30), (0.05, 8), (2.0, 8)])
def test_line_16_each_number_overflows_no_more_often_than_is_said_by_an_exact_sum(z: float, devices: int) -> None:
    """All devices say one vector of equal numbers: a fair sum of signs, and the noise of all. Mostly noise in the first
    two, mostly signs in the third."""
    encoding = planned(size=64, vector_norm=0.5, noise_multiplier=z, honest=4, devices=devices)
    heads, half = np.arange(65), devices * encoding.share_variance / 2
    said = (2 * heads - 64) * devices * encoding.scale * 0.5 / 64
    seen = 0
    for bits in range(2, 30):
        beyond = 2 ** (bits - 1) - 1
        exact = float(binom.pmf(heads, 64, 0.5) @ (2 * skellam.sf(np.floor(beyond - said), half, half)))
        if 1e-13 < exact < 0.5 and encoding.overflow(bits) < 1:
            assert exact <= encoding.overflow(bits) / encoding.padded
            seen += 1
        if encoding.overflow(bits) < 1e-200:
            break
    assert seen


def test_missing_devices_are_made_up_for_so_that_noise_tells_no_number() -> None:
    encoding = planned(**USUAL | {"size": 4096, "devices": 11})
    spreads = []
    for answers in (4, 9, 11):
        sent = encode(np.zeros((answers, 4096)), encoding=encoding, seed=SEED, randomness=keyed(answers))
        topped = missing_noise(encoding, devices=answers, randomness=keyed(100 + answers))
        total = add_modulo(np.concatenate([sent, topped[None]]), bits=encoding.modulus_bits)
        spreads.append(decode(total[None], encoding=encoding, seed=SEED).std() / encoding.noise_standard_deviation)
    np.testing.assert_allclose(spreads, 1, atol=5 / math.sqrt(2 * 4096))
    assert not missing_noise(encoding, devices=12, randomness=keyed(0)).any()


def test_a_decoded_number_of_noise_is_as_good_as_normal_and_never_correlated() -> None:
    noise = np.stack([the_sum(np.zeros((8, 40)), number=number) for number in range(300)])
    cells = norm.ppf(np.arange(1, 10) / 10) * ENCODING.noise_standard_deviation
    assert chisquare(np.bincount(np.searchsorted(cells, noise.ravel()), minlength=10)).pvalue > 1e-4
    correlations = np.corrcoef(noise.T)[np.triu_indices(40, 1)]
    assert np.abs(correlations).max() < 6 / math.sqrt(300)


def test_line_16_the_error_of_every_number_of_every_counted_share_is_within_the_accountants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = ENCODING.padded * ENCODING.honest * ENCODING.table.error
    monkeypatch.setattr(code, "MOST_SAMPLER_ERROR", whole)
    assert SumEncoding(**USUAL) == ENCODING
    monkeypatch.setattr(code, "MOST_SAMPLER_ERROR", 0.999 * whole)
    with pytest.raises(ValueError, match="release fewer numbers"):
        SumEncoding(**USUAL)


def test_the_seed_is_another_in_each_round_and_for_other_parameters() -> None:
    vector = np.arange(3, dtype=np.float32)
    seeds = {rotation_seed(1, vector), rotation_seed(2, vector), rotation_seed(1, vector + 1)}
    assert len(seeds) == 3
    assert {len(seed) for seed in seeds} == {32}


@pytest.mark.parametrize("change", [{"honest": 5}, {"noise_multiplier": 0.8}])
def test_seeded_bug_a_share_that_is_too_small_is_seen(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise divided by one more; noise of a smaller multiplier."""
    wrong = planned(**USUAL | change)
    here = "tests.shared_model.secagg.test_encoding"
    monkeypatch.setattr(f"{here}.the_sum.__kwdefaults__", {"encoding": wrong, "number": 0})
    with pytest.raises(AssertionError):
        test_line_16_the_sum_is_the_sum_and_its_noise_is_the_counted_one()
