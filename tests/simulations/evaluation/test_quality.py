import numpy as np
import pytest

from shared_model.ranking_metrics import RankingMetrics
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.quality import EVERY, Yardstick
from simulations.report.result_schema import Metrics, RoundQuality


@pytest.fixture
def ranking():
    draw = np.random.default_rng(0)
    top20 = np.array([draw.permutation(50)[:20] for _ in range(60)])
    return FullRanking(ranks=draw.integers(1, 51, size=60).astype(np.float64), top20=top20)


def yardstick(new):
    return Yardstick(
        listener=np.repeat(np.arange(6), 10),
        new=np.asarray(new),
        play_counts=np.arange(50, dtype=np.float32),
        resamples=50,
    )


def test_the_metrics_are_those_of_the_result(ranking):
    measured = yardstick(np.arange(60) % 2 == 0).measure(ranking)
    assert measured.keys() == Metrics.model_fields.keys()
    Metrics.model_validate(measured)
    assert yardstick(np.arange(60) % 2 == 0).glance(ranking).keys() == RoundQuality.model_fields.keys()


def test_means_are_over_all_targets_and_over_the_new_ones_apart(ranking):
    new = np.arange(60) % 3 == 0
    measured, glance = yardstick(new).measure(ranking), yardstick(new).glance(ranking)
    every, fresh = RankingMetrics.from_ranks(ranking.ranks), RankingMetrics.from_ranks(ranking.ranks[new])
    for name in ("hr_at_10", "hr_at_20", "ndcg_at_10", "mrr_at_20"):
        assert measured[name] == pytest.approx(getattr(every, name))
        assert measured[f"{name}_low"] <= measured[name] <= measured[f"{name}_high"]
    assert measured["new_hr_at_10"] == pytest.approx(fresh.hr_at_10)
    assert measured["new_mrr_at_20"] == pytest.approx(fresh.mrr_at_20)
    assert glance == {name: pytest.approx(measured[name]) for name in ("hr_at_10", "mrr_at_20", "new_hr_at_10")}


def test_without_a_new_target_their_metrics_are_undefined_and_not_zero(ranking):
    none_new = yardstick(np.zeros(60, dtype=bool))
    measured = none_new.measure(ranking)
    undefined = {name for name, value in measured.items() if value is None}
    assert undefined == {name for name in Metrics.model_fields if name.startswith("new_")}
    assert none_new.glance(ranking)["new_hr_at_10"] is None
    Metrics.model_validate(measured)


def test_what_is_gained_is_told_target_by_target(ranking):
    better = FullRanking(ranks=np.ones(60), top20=ranking.top20)
    measure = yardstick(np.ones(60, dtype=bool))
    mean, low, high = measure.gain_over(better, other=ranking)
    assert mean == pytest.approx((ranking.ranks > 10).mean())
    assert 0 < low <= mean <= high
    assert measure.gain_over(ranking, other=ranking) == (0, 0, 0)
    assert measure.gain_over(ranking, other=better)[0] == pytest.approx(-mean)


def test_of_several_rankings_each_targets_gains_are_averaged_first(ranking):
    draw = np.random.default_rng(3)
    other = FullRanking(ranks=draw.integers(1, 51, size=60).astype(np.float64), top20=ranking.top20[::-1])
    measure = yardstick(np.arange(60) % 2 == 0)
    one, two, both = measure.measure(ranking), measure.measure(other), measure.measure(ranking, other)
    for name in ("hr_at_10", "ndcg_at_10", "mrr_at_20", "new_hr_at_10", "coverage_at_20", "gini"):
        assert both[name] == pytest.approx((one[name] + two[name]) / 2)
    assert measure.measure(ranking, ranking) == one
    assert measure.gain_over(ranking, other, other=ranking)[0] == pytest.approx((two["hr_at_10"] - one["hr_at_10"]) / 2)


def test_a_group_is_measured_as_if_there_were_no_other_targets(ranking):
    members = np.arange(60) < 30
    measure = yardstick(np.arange(60) % 2 == 0)
    alone = FullRanking(ranks=ranking.ranks[members], top20=ranking.top20[members])
    assert measure.among(members, ranking) == measure.part(members).among(EVERY, alone)
    assert measure.among(members, ranking).items() <= measure.part(members).measure(alone).items()
    assert set(measure.among(members & ~members, ranking).values()) == {None}
