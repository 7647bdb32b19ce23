import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from shared_model.errors import BadInput, Refused
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan, default_delta, largest_of_sampled
from shared_model.privacy.spending import device_spent
from shared_model.privacy.spent import Relation, Sampling, Trust, Unit

PLAN = PrivacyPlan(
    population=1000,
    cohort=200,
    rounds=40,
    clip_norm=1.0,
    noise_multiplier=1.0,
    delta=default_delta(1000),
    max_participations=20,
)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cohort": 1001}, "cohort of 1001 out of a population of 1000"),
        ({"cohort": 0}, "cohort is 0"),
        ({"rounds": 0}, "rounds is 0"),
        ({"population": -1}, "population is -1"),
        ({"minimum_cohort": 201}, "minimum_cohort 201"),
        ({"minimum_cohort": -1}, "minimum_cohort is -1; it must be at least 0"),
        ({"max_participations": 0}, "max_participations is 0"),
        ({"noise_multiplier": -1.0}, "noise_multiplier is -1"),
        ({"noise_multiplier": 0.0}, "noise_multiplier is 0"),
        ({"noise_multiplier": math.nan}, "noise_multiplier is nan"),
        ({"noise_multiplier": math.inf}, "noise_multiplier is inf"),
        ({"clip_norm": 0.0}, "clip_norm is 0"),
        ({"clip_norm": math.nan}, "clip_norm is nan"),
        ({"clip_norm": math.inf}, "clip_norm is inf"),
        ({"device_cap": math.nan}, "device_cap is nan"),
        ({"device_cap": -3.0}, "device_cap is -3"),
        ({"mechanism": Mechanism.OFF}, "mechanism off with noise_multiplier 1"),
        ({"sampling": Sampling.FULL_PARTICIPATION}, "full participation with a cohort of 200"),
    ],
)
def test_a_number_that_cannot_be_used_is_refused_with_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        dataclasses.replace(PLAN, **change)


@pytest.mark.parametrize("delta", [1e-3, 0.5, 9e-13, 0.0, -1e-5, math.nan])
def test_delta_is_refused_at_one_over_the_population_and_below_1e_minus_12_line_5(delta: float) -> None:
    with pytest.raises(BadInput, match="delta"):
        dataclasses.replace(PLAN, delta=delta)


@pytest.mark.parametrize("delta", [1e-12, math.nextafter(1e-3, 0)])
def test_delta_is_taken_up_to_its_bounds(delta: float) -> None:
    assert dataclasses.replace(PLAN, delta=delta).delta == delta


@pytest.mark.parametrize(
    "change",
    [
        {"relation": Relation.ZERO_OUT},
        {"sampling": Sampling.FIXED_SIZE},
        {"trust": Trust.DISTRIBUTED},
        {"unit": Unit.EXAMPLE},
    ],
)
def test_what_no_accountant_covers_cannot_be_planned_line_6(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        dataclasses.replace(PLAN, **change)


CORRELATED: dict[str, Any] = {
    "mechanism": Mechanism.MATRIX_FACTORISATION,
    "sampling": Sampling.NONE,
    "bands": 4,
    "max_participations": 20,
}


@pytest.mark.parametrize(
    "change",
    [
        {"clipping": Clipping.ADAPTIVE, "trust": Trust.DISTRIBUTED, "mechanism": Mechanism.SKELLAM},
        {"clipping": Clipping.ADAPTIVE, "mechanism": Mechanism.OFF, "noise_multiplier": 0.0},
        CORRELATED | {"clipping": Clipping.ADAPTIVE},
    ],
)
def test_line_17_adaptive_clipping_is_refused_with_distributed_trust_and_with_matrix_factorisation(
    change: dict[str, Any],
) -> None:
    with pytest.raises(Refused):
        dataclasses.replace(PLAN, **change)
    assert dataclasses.replace(PLAN, clipping=Clipping.ADAPTIVE).without_privacy().clipping is Clipping.FLAT


@pytest.mark.parametrize("sampling", [Sampling.POISSON, Sampling.FIXED_SIZE])
def test_line_19_correlated_noise_is_never_counted_as_amplified(sampling: Sampling) -> None:
    relation = Relation.REPLACE_ONE if sampling is Sampling.FIXED_SIZE else Relation.ADD_OR_REMOVE_ONE
    with pytest.raises(Refused, match="amplification"):
        dataclasses.replace(PLAN, **CORRELATED | {"sampling": sampling, "relation": relation})


LOCAL: dict[str, Any] = {"trust": Trust.LOCAL, "sampling": Sampling.NONE, "relation": Relation.REPLACE_ONE}


@pytest.mark.parametrize(
    "change",
    [
        {"trust": Trust.LOCAL},
        LOCAL | {"sampling": Sampling.FIXED_SIZE},
        LOCAL | {"relation": Relation.ADD_OR_REMOVE_ONE},
        LOCAL | {"clipping": Clipping.ADAPTIVE},
        LOCAL | CORRELATED,
        LOCAL | {"mechanism": Mechanism.OFF, "noise_multiplier": 0.0},
    ],
)
def test_line_18_local_trust_is_never_counted_as_amplified_and_combined_with_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="local trust"):
        dataclasses.replace(PLAN, **change)
    local = dataclasses.replace(PLAN, **LOCAL)
    assert local.without_privacy().trust is Trust.CENTRAL
    assert local.releases == local.max_participations


def test_line_19_rounds_and_participations_are_fixed_beforehand() -> None:
    plan = dataclasses.replace(PLAN, **CORRELATED)
    assert (plan.participation_limit, plan.releases) == (10, 10)  # 40 rounds have room for 10 that lie 4 apart
    assert dataclasses.replace(plan, max_participations=8).releases == 8
    with pytest.raises(BadInput, match="expected to take part 8 times"):
        dataclasses.replace(plan, bands=6)
    with pytest.raises(BadInput, match="41 bands over 40 rounds"):
        dataclasses.replace(plan, bands=41)
    with pytest.raises(BadInput, match="leave bands out"):
        dataclasses.replace(PLAN, bands=2)
    assert plan.without_privacy().bands == 1


def test_more_expected_participations_than_a_device_allows_are_refused_when_planned_line_8() -> None:
    with pytest.raises(BadInput, match="expected to take part 8 times"):
        dataclasses.replace(PLAN, max_participations=7)
    assert dataclasses.replace(PLAN, max_participations=8).expected_participations == 8


def test_the_number_of_line_8_is_refused_under_a_cap_of_16_and_planned_under_17() -> None:
    arguments: dict[str, Any] = {
        "population": 100_000,
        "cohort": 1000,
        "rounds": 500,
        "clip_norm": 1.0,
        "noise_multiplier": 0.8,
        "delta": 1e-6,
        "max_participations": 50,
    }
    with pytest.raises(BadInput, match="may take part 4 times"):
        PrivacyPlan(**arguments, device_cap=16.0)
    plan = PrivacyPlan(**arguments, device_cap=17.0)
    assert plan.participation_limit == 5
    assert [plan.may_participate(so_far) for so_far in (0, 4, 5, 6)] == [True, True, False, False]


@settings(deadline=None)
@given(cap=st.floats(8.0, 200.0), noise=st.floats(1.0, 5.0))
def test_a_device_may_spend_up_to_its_cap_and_not_once_more_line_8(cap: float, noise: float) -> None:
    limit = dataclasses.replace(
        PLAN, rounds=1, device_cap=cap, noise_multiplier=noise, max_participations=100
    ).participation_limit
    assert device_epsilon(limit, noise_multiplier=noise, delta=PLAN.delta) <= cap
    assert limit == 100 or device_epsilon(limit + 1, noise_multiplier=noise, delta=PLAN.delta) > cap


def test_q_uses_the_public_population_and_noise_the_clip_norm_lines_2_and_11() -> None:
    assert PLAN.sample_rate == 0.2
    assert dataclasses.replace(PLAN, clip_norm=0.25, noise_multiplier=2.0).noise_standard_deviation == 0.5


def test_without_privacy_the_rounds_stay_and_the_cap_goes() -> None:
    off = dataclasses.replace(PLAN, device_cap=60.0).without_privacy()
    assert (off.mechanism, off.noise_standard_deviation, off.device_cap) == (Mechanism.OFF, 0.0, None)
    assert (off.rounds, off.cohort, off.participation_limit) == (PLAN.rounds, PLAN.cohort, PLAN.max_participations)


def test_full_participation_can_be_planned() -> None:
    assert (
        dataclasses.replace(PLAN, cohort=1000, rounds=5, sampling=Sampling.FULL_PARTICIPATION).expected_participations
        == 5
    )


def test_no_round_is_aborted_unless_a_minimum_is_planned() -> None:
    assert PLAN.minimum_cohort == 0


@pytest.mark.parametrize(
    ("sampling", "relation"),
    [
        (Sampling.POISSON, Relation.REPLACE_ONE),
        (Sampling.FIXED_SIZE, Relation.REPLACE_ONE),
        (Sampling.NONE, Relation.ZERO_OUT),
    ],
)
def test_other_samplings_and_relations_can_be_planned_line_3(sampling: Sampling, relation: Relation) -> None:
    plan = dataclasses.replace(PLAN, sampling=sampling, relation=relation)
    assert plan.noise_standard_deviation == PLAN.noise_standard_deviation
    counted = Relation.REPLACE_ONE if relation is Relation.REPLACE_ONE else Relation.ZERO_OUT
    assert plan.device_relation is counted


def test_where_cohorts_are_visible_only_the_rounds_of_one_device_count_line_7() -> None:
    plan = dataclasses.replace(PLAN, sampling=Sampling.NONE, relation=Relation.ZERO_OUT, max_participations=9)
    assert (plan.releases, PLAN.releases) == (9, 40)


def test_a_cap_counts_replaced_updates_twice_line_7() -> None:
    capped = dataclasses.replace(PLAN, device_cap=40.0, max_participations=100)
    replaced = dataclasses.replace(capped, relation=Relation.REPLACE_ONE, rounds=1)
    assert replaced.participation_limit < capped.participation_limit


SHARES: dict[str, Any] = {
    "trust": Trust.DISTRIBUTED,
    "mechanism": Mechanism.SKELLAM,
    "minimum_cohort": 120,
    "honest": 100,
}


def test_line_16_distributed_trust_has_integer_noise_of_so_many_honest_devices() -> None:
    plan = dataclasses.replace(PLAN, **SHARES)
    assert plan.noise_standard_deviation == 1.0
    assert plan.cohort < plan.largest_cohort < 2 * plan.cohort
    assert dataclasses.replace(plan, sampling=Sampling.NONE).largest_cohort == plan.cohort
    open_plan = plan.without_privacy()
    assert (open_plan.trust, open_plan.honest) == (Trust.CENTRAL, 0)


@pytest.mark.parametrize("mechanism", [Mechanism.GAUSSIAN, Mechanism.MATRIX_FACTORISATION])
def test_line_16_the_distributed_path_has_no_floating_point_gaussian(mechanism: Mechanism) -> None:
    with pytest.raises(Refused, match="distributed trust with mechanism"):
        dataclasses.replace(PLAN, **SHARES | {"mechanism": mechanism, "sampling": Sampling.NONE})
    with pytest.raises(Refused, match="central trust with mechanism skellam"):
        dataclasses.replace(PLAN, **SHARES | {"trust": Trust.CENTRAL})


@pytest.mark.parametrize(
    "change",
    [{"honest": 0}, {"honest": 121}, {"minimum_cohort": 1, "honest": 1}, {"evaluation_share": 0.6},
     {"evaluation_share": -0.1}, {"evaluation_share": math.nan}],
)  # fmt: skip
def test_line_16_the_noise_of_fewer_than_the_round_needs_cannot_be_counted(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        dataclasses.replace(PLAN, **SHARES | change)


@pytest.mark.parametrize("change", [{"honest": 3}, {"evaluation_share": 0.1}])
def test_what_distributed_trust_alone_has_is_refused_elsewhere(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="central trust; leave both out"):
        dataclasses.replace(PLAN, **change)


@settings(max_examples=50, deadline=None)
@given(
    population=st.integers(2, 5000), rate=st.floats(0.001, 1), chance=st.floats(1e-20, 0.1)
)  # fmt: skip
def test_a_sampled_cohort_is_larger_than_the_largest_with_no_more_than_its_chance(
    population: int, rate: float, chance: float
) -> None:
    largest = largest_of_sampled(population, sample_rate=rate, chance=chance)
    assert binom.sf(largest, population, rate) <= chance * (1 + 1e-9)
    assert largest == 0 or binom.sf(largest - 1, population, rate) > chance * (1 - 1e-9)


def test_a_cap_counts_integer_noise_by_its_own_curve() -> None:
    capped = dataclasses.replace(PLAN, **SHARES, device_cap=30.0, max_participations=100)
    limit = capped.participation_limit
    costs = [device_spent(capped, participations=times).epsilon for times in (limit, limit + 1)]
    assert costs[0] is not None
    assert costs[1] is not None
    assert costs[0] <= 30 < costs[1]
    assert limit <= dataclasses.replace(PLAN, device_cap=30.0, max_participations=100).participation_limit
