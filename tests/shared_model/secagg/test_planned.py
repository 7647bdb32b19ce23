"""What a plan's rounds count on: its honest devices' noise, and nobody else's."""

from dataclasses import replace

import numpy as np
import pytest

from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.spent import Sampling, Trust
from shared_model.secagg.encoding import QUALITY_GROUPS, SumEncoding
from shared_model.secagg.graph import plan_graph
from shared_model.secagg.planned import secagg_of, shares_of_a_sum
from tests.shared_model.secagg.streams import keyed

PLAN = PrivacyPlan(
    population=100, cohort=12, rounds=1, clip_norm=0.3, noise_multiplier=1.0, delta=1e-3, max_participations=4,
    minimum_cohort=9, honest=6, trust=Trust.DISTRIBUTED, mechanism=Mechanism.SKELLAM, sampling=Sampling.NONE,
)  # fmt: skip


@pytest.mark.parametrize("honest", [5, 6, 9])
def test_line_16_the_noise_of_the_honest_in_the_smallest_sum_is_the_counted_one(honest: int) -> None:
    plan = replace(PLAN, honest=honest)
    asked, encoding = secagg_of(plan, size=40), SumEncoding.of(plan, size=40)
    assert asked.threshold == plan.minimum_cohort
    assert asked.honest + asked.dishonest == asked.threshold
    in_a_sum = plan_graph(plan.cohort, asked).honest_in_a_sum(asked)
    assert in_a_sum * encoding.share_variance >= plan.noise_multiplier**2 * encoding.square
    assert honest * encoding.share_variance < plan.noise_multiplier**2 * encoding.square + honest * 2.0**-16
    assert asked.modulus_bits == encoding.modulus_bits


def test_devices_say_quality_behind_the_update_within_the_sensitivity() -> None:
    plan = replace(PLAN, evaluation_share=0.2)
    encoding = SumEncoding.of(plan, size=40)
    assert encoding.size == 40 + 3 * len(QUALITY_GROUPS)
    said = np.random.default_rng(0).normal(size=(2, encoding.size))
    shares = shares_of_a_sum(said, plan=plan, start=np.zeros(40, np.float32), number=1, streams=[keyed(1), keyed(2)])
    assert shares.shape == (2, encoding.padded)
    assert encoding.scale * plan.vector_norm <= encoding.square**0.5
    assert plan.vector_norm**2 == pytest.approx(plan.clip_norm**2 / 0.8)
