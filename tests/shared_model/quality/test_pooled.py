"""Quality that devices report inside the noised vector: its bound, its noise, and that it says what is true."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from server.aggregate import Aggregate
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.privacy.spent import Sampling, Trust
from shared_model.quality.pooled import federated_evaluation, noised_ratio
from shared_model.quality.said import quality_rows
from shared_model.ranking_metrics import discounted_gain, hit
from shared_model.secagg.encoding import QUALITY_GROUPS, SumEncoding, encode, rotation_seed

PLAN = PrivacyPlan(
    population=400, cohort=300, rounds=1, clip_norm=0.3, noise_multiplier=0.5, delta=1e-3, max_participations=4,
    minimum_cohort=100, honest=100, trust=Trust.DISTRIBUTED, mechanism=Mechanism.SKELLAM, sampling=Sampling.NONE,
    evaluation_share=0.2,
)  # fmt: skip
SIZE = 100


def moments(number: int, *, targets: int = 600, devices: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(number)
    moods = np.eye(len(QUALITY_GROUPS), dtype=bool)[draw.integers(0, len(QUALITY_GROUPS), targets)]
    return draw.integers(1, 40, targets).astype(float), moods, draw.integers(0, devices, targets)


@settings(deadline=None, max_examples=40)
@given(number=st.integers(0, 10**6), targets=st.integers(1, 50), devices=st.integers(1, 20))
def test_line_16_no_device_says_more_than_its_norm(number: int, targets: int, devices: int) -> None:
    ranks, moods, listener = moments(number, targets=targets, devices=devices)
    rows = quality_rows(ranks, moods=moods, listener=listener, devices=devices)
    assert (np.linalg.norm(rows, axis=1) <= 1 + 1e-12).all()
    one = np.tile([True, False, False], (targets, 1))
    worst = quality_rows(np.ones(targets), moods=one, listener=listener, devices=devices)
    assert np.linalg.norm(worst, axis=1).max() == pytest.approx(1)


def test_line_9_quality_and_update_share_one_budget() -> None:
    """As the clipping bit of Andrew et al. 2021, theorem 1: z_update^-2 + z_quality^-2 = z^-2."""
    deviation = PLAN.noise_standard_deviation
    apart = (deviation / PLAN.clip_norm) ** -2 + (deviation / PLAN.quality_norm) ** -2
    assert apart == pytest.approx(PLAN.noise_multiplier**-2)
    assert (deviation / PLAN.quality_norm) ** -2 == pytest.approx(0.2 * PLAN.noise_multiplier**-2)


def reported(number: int) -> dict:
    ranks, moods, listener = moments(1)
    rows = PLAN.quality_norm * quality_rows(ranks, moods=moods, listener=listener, devices=300)
    encoding, seed = SumEncoding.of(PLAN, size=SIZE), rotation_seed(1, np.zeros(SIZE, np.float32))

    def stream(purpose: str) -> KeyedRandomness:
        return KeyedRandomness(key=key_from_seed(number), purpose=purpose, round=1)

    rows = np.concatenate([np.zeros((300, SIZE)), rows], axis=1)
    sent = encode(rows, encoding=encoding, seed=seed, randomness=stream)
    total = Aggregate(SIZE, plan=PLAN, rotation=seed, streams=stream)
    total.add(torch.from_numpy(sent.view(np.int64)))
    released = total.release(stream("noise"))
    assert released.mean.shape == (SIZE,)
    return federated_evaluation(PLAN, size=SIZE, sums=[released.quality])


def test_what_comes_out_is_true_within_its_interval_as_often_as_it_says() -> None:
    ranks, moods, listener = moments(1)
    weight = 1 / np.bincount(listener, minlength=300)[listener]
    inside = []
    for number in range(60):
        for place, block in enumerate(reported(number)["groups"]):
            for name, gain in (("hr_at_10", hit), ("ndcg_at_10", discounted_gain)):
                of_group = weight * moods[:, place]
                true = (of_group * gain(ranks, 10)).sum() / of_group.sum()
                inside.append(block[f"{name}_low"] <= true <= block[f"{name}_high"])
    # 360 intervals at 95 %, of which six at a time share their noise
    assert 0.89 <= np.mean(inside) <= 0.99


def test_noise_that_drowns_a_group_leaves_nothing_to_say() -> None:
    found = noised_ratio(3.0, 5.0, deviation=4.0)
    assert (found.value, found.low, found.high) == (None, None, None)
    exact = noised_ratio(3.0, 5.0, deviation=0.0)
    assert (exact.value, exact.low, exact.high) == pytest.approx((0.6, 0.6, 0.6))


def test_fiellers_interval_is_wider_with_more_noise() -> None:
    widths = [(found.high or 0) - (found.low or 0) for found in (noised_ratio(30, 90, deviation=x) for x in (1, 2, 4))]
    assert widths == sorted(widths)
    assert widths[0] == pytest.approx(2 * 1.96 * math.sqrt(1 + 1 / 9) / 90, rel=0.01)
