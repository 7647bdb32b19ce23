import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from shared_model.auditing.mechanism_bound import bound_mechanism, clopper_pearson_upper


@given(trials=st.integers(2, 500), share=st.floats(0, 0.99), confidence=st.floats(0.5, 0.99999))
def test_clopper_pearson_is_the_quantile_of_a_beta_and_covers(trials: int, share: float, confidence: float) -> None:
    successes = int(share * trials)
    upper = clopper_pearson_upper(successes, trials, confidence=confidence)
    assert upper == pytest.approx(beta.ppf(confidence, successes + 1, trials - successes), rel=1e-9)
    assert binom.cdf(successes, trials, upper) == pytest.approx(1 - confidence, rel=1e-6)


def test_nothing_but_successes_bounds_nothing() -> None:
    assert clopper_pearson_upper(7, 7, confidence=0.9) == 1.0


@pytest.mark.parametrize("mu", [0.3, 1.0, 2.5])
def test_the_bound_lies_below_the_truth_and_near_it(mu: float) -> None:
    draw = np.random.default_rng(1)
    without, there = draw.standard_normal(100_000), mu + draw.standard_normal(100_000)
    found = bound_mechanism(without=without, with_device=there, false_alarms=1e-4)
    assert mu - 0.07 < found.mu_lower <= mu


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_true_claim_is_hardly_ever_refuted(seed: int) -> None:
    draw = np.random.default_rng(seed)
    without, there = draw.standard_normal(2000), 1.0 + draw.standard_normal(2000)
    assert bound_mechanism(without=without, with_device=there, false_alarms=1e-9).mu_lower <= 1.0


def test_scores_that_do_not_differ_show_nothing() -> None:
    scores = np.random.default_rng(2).standard_normal(5000)
    assert bound_mechanism(without=scores, with_device=scores, false_alarms=1e-4).mu_lower == 0


@pytest.mark.parametrize("bad", [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0, np.nan]])
def test_scores_that_are_no_numbers_or_too_few_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="4 finite scores"):
        bound_mechanism(without=np.array(bad), with_device=np.zeros(10), false_alarms=1e-4)
