"""Rounds with distributed trust in one process: the exact noise and arithmetic of deployed devices."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from server.aggregate import Aggregate
from server.round import RoundState
from shared_model.errors import BadInput, Refused
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.privacy.spent import Sampling, Trust
from shared_model.secagg.encoding import SumEncoding, add_modulo, encode, rotation_seed
from simulations.engines.federation import Federation
from simulations.engines.flower import run_by_flower
from simulations.engines.secure_sum import opened_sum
from simulations.experiment import plan_of
from simulations.run import Job
from simulations.scenario import Scenario, read_scenario

PLAN = PrivacyPlan(
    population=100, cohort=12, rounds=1, clip_norm=0.3, noise_multiplier=1.0, delta=1e-3, max_participations=4,
    minimum_cohort=6, honest=4, trust=Trust.DISTRIBUTED, mechanism=Mechanism.SKELLAM, sampling=Sampling.NONE,
)  # fmt: skip
SIZE = 2000
SEED = rotation_seed(1, np.zeros(SIZE, np.float32))


def stream(purpose: str) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(3), purpose=purpose, round=1)


def answers(count: int) -> torch.Tensor:
    updates = np.full((count, SIZE), 0.2 / np.sqrt(SIZE))
    rows = encode(updates, encoding=SumEncoding.of(PLAN, size=SIZE), seed=SEED, randomness=stream)
    return torch.from_numpy(rows.view(np.int64))


def aggregate() -> Aggregate:
    return Aggregate(SIZE, plan=PLAN, rotation=SEED, streams=lambda purpose: stream(f"server {purpose}"))


@pytest.mark.parametrize("count", [6, 12])
def test_line_12_the_mean_is_over_the_planned_cohort_and_its_noise_is_the_same_whoever_answers(count: int) -> None:
    total = aggregate()
    for part in torch.split(answers(count), 4):
        total.add(part)
    released = total.release(stream("noise"))
    expected = count * 0.2 / np.sqrt(SIZE) / 12
    deviation = SumEncoding.of(PLAN, size=SIZE).noise_standard_deviation / 12
    error = released.mean.double().numpy() - expected
    assert abs(error.std() / deviation - 1) < 5 / np.sqrt(2 * SIZE)
    assert released.noise_norm == pytest.approx(deviation * np.sqrt(SIZE))


def test_a_sum_that_was_opened_by_the_protocol_is_what_rows_add_up_to() -> None:
    rows = answers(8)
    by_rows, by_sum = aggregate(), aggregate()
    by_rows.add(rows)
    bits = SumEncoding.of(PLAN, size=SIZE).modulus_bits
    by_sum.add_sum(rows.sum(0) % (1 << bits), answers=8)
    assert torch.equal(by_rows.release(stream("noise")).mean, by_sum.release(stream("noise")).mean)


def test_line_16_with_fewer_than_the_minimum_nothing_is_opened() -> None:
    total = aggregate()
    total.add(answers(5))
    with pytest.raises(Refused, match="nothing was released"):
        total.release(stream("noise"))


def plan(*settings: str) -> PrivacyPlan:
    scenario = read_scenario("quick", ["privacy.trust=distributed", *settings])
    assert isinstance(scenario, Scenario)
    return plan_of(scenario, population=80)


def test_a_scenario_counts_on_half_of_its_cohort_unless_it_says_otherwise() -> None:
    usual = plan()
    assert (usual.honest, usual.minimum_cohort, usual.mechanism) == (10, 10, Mechanism.SKELLAM)
    chosen = plan("privacy.honest=6", "privacy.minimum_cohort=8")
    assert (chosen.honest, chosen.minimum_cohort) == (6, 8)
    assert chosen.noise_multiplier == usual.noise_multiplier


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("privacy.mechanism=off", "privacy.epsilon="), "adds no noise"),
        (("privacy.trust=central", "privacy.honest=3"), "needs privacy.trust distributed"),
        (("privacy.mechanism=matrix-factorisation",), "noise of its own"),
        (("privacy.honest=8", "privacy.minimum_cohort=6"), "at most minimum_cohort"),
    ],
)
def test_settings_that_contradict_each_other_are_named(settings: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        plan(*settings)


def test_line_17_adaptive_clipping_is_refused() -> None:
    with pytest.raises(Refused, match="planned for one"):
        plan("privacy.clipping=adaptive")


def test_the_whole_protocol_opens_the_very_sum_that_the_arithmetic_gives() -> None:
    """Equal in every bit, not only in distribution: masks cancel modulo 2^b, and noise has the same streams."""
    rows = answers(8).numpy().view(np.uint64)
    opened = opened_sum(rows, plan=PLAN, size=SIZE, number=1)
    np.testing.assert_array_equal(opened, add_modulo(rows, bits=SumEncoding.of(PLAN, size=SIZE).modulus_bits))


def test_the_whole_protocol_opens_nothing_for_fewer_than_the_minimum() -> None:
    assert opened_sum(answers(5).numpy().view(np.uint64), plan=PLAN, size=SIZE, number=1) is None


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [("privacy.protocol=full", "comes to the same sums"), ("privacy.evaluation_share=0.1", "evaluation_share 0")],
)
def test_what_flowers_clients_cannot_do_is_refused_before_anything_is_begun(setting: str, sentence: str) -> None:
    scenario = read_scenario("quick", ["privacy.trust=distributed", setting])
    assert isinstance(scenario, Scenario)
    with pytest.raises(BadInput, match=f"--engine flower: .*{sentence}"):
        Job(scenario=scenario, name="quick", variant=None, data=None, engine_name="flower", engine=run_by_flower)


def test_flowers_engine_refuses_them_too(tiny_federation: Federation) -> None:
    start = RoundState.start(tiny_federation.model.vector())
    masked = replace(tiny_federation, full_protocol=True)
    with pytest.raises(BadInput, match="full is simulated in process"):
        next(run_by_flower(start, masked))
    reporting = replace(PLAN, evaluation_share=0.1)
    with pytest.raises(BadInput, match="evaluation_share is simulated in process"):
        next(run_by_flower(start, replace(tiny_federation, plan=reporting)))
