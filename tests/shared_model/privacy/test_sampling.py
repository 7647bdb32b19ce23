from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, chisquare

from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.privacy.sampling import draw_cohort, fixed_size_cohort, poisson_cohort
from shared_model.privacy.spent import Relation, Sampling

KEY = key_from_seed(7)


def cohorts(devices: int, sample_rate: float, rounds: int) -> list[np.ndarray]:
    return [
        poisson_cohort(
            devices, sample_rate=sample_rate, randomness=KeyedRandomness(key=KEY, purpose="sampling", round=number)
        )
        for number in range(rounds)
    ]


def histogram_p_value(sizes: list[int], devices: int, sample_rate: float) -> float:
    """Chi-square of cohort sizes against Binomial(devices, sample_rate), tails pooled to 5 expected each."""
    edges = np.unique(binom.ppf(np.linspace(0, 1, 21)[1:-1], devices, sample_rate))
    expected = np.diff([0.0, *binom.cdf(edges, devices, sample_rate), 1.0]) * len(sizes)
    observed = np.bincount(np.searchsorted(edges, sizes), minlength=len(edges) + 1)
    return float(chisquare(observed, expected).pvalue)


@pytest.mark.parametrize(("devices", "sample_rate"), [(1000, 0.2), (50, 0.1), (30, 0.9)])
def test_the_sizes_are_binomial_line_2(devices: int, sample_rate: float) -> None:
    sizes = [len(cohort) for cohort in cohorts(devices, sample_rate, 3000)]
    assert histogram_p_value(sizes, devices, sample_rate) > 1e-3


def test_seeded_bug_cohorts_of_a_fixed_size_would_be_caught_line_2() -> None:
    assert histogram_p_value([200] * 3000, 1000, 0.2) < 1e-9


def test_every_device_is_drawn_alike_and_alone_line_2() -> None:
    drawn = np.zeros((3000, 40))
    for row, cohort in zip(drawn, cohorts(40, 0.3, 3000), strict=True):
        row[cohort] = 1
    assert chisquare(drawn.sum(axis=0)).pvalue > 1e-3
    correlations = np.corrcoef(drawn.T)[~np.eye(40, dtype=bool)]
    assert np.abs(correlations).max() < 5 / np.sqrt(3000)


def test_a_cohort_may_be_empty_or_everybody() -> None:
    assert cohorts(10, 1.0, 1)[0].tolist() == list(range(10))
    assert any(len(cohort) == 0 for cohort in cohorts(5, 0.1, 50))


def test_fixed_cohorts_are_sets_of_one_size_each_as_likely_line_2() -> None:
    seen: dict[tuple[int, ...], int] = {}
    for number in range(2000):
        stream = KeyedRandomness(key=KEY, purpose="sampling", round=number)
        cohort = tuple(fixed_size_cohort(5, cohort=2, randomness=stream).tolist())
        assert list(cohort) == sorted(set(cohort))
        seen[cohort] = seen.get(cohort, 0) + 1
    assert len(seen) == 10
    assert chisquare(list(seen.values())).pvalue > 1e-3


def test_the_plan_says_who_is_drawn_and_how_line_2() -> None:
    plan = PrivacyPlan(
        population=20, cohort=5, rounds=4, clip_norm=1.0, noise_multiplier=1.0, delta=1e-2, max_participations=4
    )
    stream = KeyedRandomness(key=KEY, purpose="sampling", round=3)
    poisson = poisson_cohort(20, sample_rate=0.25, randomness=stream)
    assert draw_cohort(plan, randomness=stream).tolist() == poisson.tolist()
    fixed = replace(plan, sampling=Sampling.FIXED_SIZE, relation=Relation.REPLACE_ONE)
    visible = replace(plan, sampling=Sampling.NONE, relation=Relation.ZERO_OUT)
    expected = fixed_size_cohort(20, cohort=5, randomness=stream).tolist()
    assert draw_cohort(fixed, randomness=stream).tolist() == draw_cohort(visible, randomness=stream).tolist()
    assert draw_cohort(fixed, randomness=stream).tolist() == expected
    everybody = replace(plan, sampling=Sampling.FULL_PARTICIPATION, cohort=20)
    assert draw_cohort(everybody, randomness=stream).tolist() == list(range(20))
