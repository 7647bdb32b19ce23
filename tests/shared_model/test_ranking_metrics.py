import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared_model.errors import BadInput
from shared_model.ranking_metrics import RankingMetrics, discounted_gain, hit, ranks, reciprocal_rank

# whole numbers, so that ties are common
scored_targets = st.tuples(st.integers(1, 6), st.integers(1, 30)).flatmap(
    lambda shape: st.tuples(
        arrays(np.float32, shape, elements=st.integers(-4, 4)),
        arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
    )
)


def textbook_rank(scores: list[float], target: int) -> float:
    """The mean place of the target over all orders of the list that the scores allow."""
    places = [place for place, score in enumerate(sorted(scores, reverse=True), start=1) if score == scores[target]]
    return sum(places) / len(places)


@given(scored_targets)
def test_a_rank_is_the_mean_place_among_all_orders_that_ties_allow(case):
    scores, targets = case
    expected = [textbook_rank(list(row), target) for row, target in zip(scores, targets, strict=True)]
    assert ranks(scores, targets).tolist() == expected


@given(scored_targets, st.randoms())
def test_renaming_the_tracks_changes_no_rank(case, random):
    scores, targets = case
    new_place = list(range(scores.shape[1]))
    random.shuffle(new_place)
    renamed = np.empty_like(scores)
    renamed[:, new_place] = scores
    np.testing.assert_array_equal(ranks(renamed, np.array(new_place)[targets]), ranks(scores, targets))


@given(scored_targets, st.integers(1, 5))
def test_a_higher_score_never_worsens_the_rank(case, gain):
    scores, targets = case
    raised = scores.copy()
    raised[np.arange(len(targets)), targets] += gain
    assert (ranks(raised, targets) <= ranks(scores, targets)).all()


def test_a_tie_counts_half():
    assert ranks(np.array([[3.0, 1.0, 1.0, 0.0]]), np.array([2])).tolist() == [2.5]


def test_constant_scores_get_no_credit():
    rank = ranks(np.zeros((3, 100), np.float32), np.array([0, 50, 99]))
    assert rank.tolist() == [50.5] * 3
    assert RankingMetrics.from_ranks(rank) == RankingMetrics(hr_at_10=0, hr_at_20=0, ndcg_at_10=0, mrr_at_20=0)


def test_infinite_scores_are_ranked():
    scores = np.array([[-np.inf, 0.0, np.inf]])
    assert [ranks(scores, np.array([track])).item() for track in range(3)] == [3, 2, 1]


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_nan_score_is_refused_wherever_it_stands(column):
    scores = np.zeros((2, 3))
    scores[1, column] = np.nan
    with pytest.raises(BadInput, match="row 1 of 2 holds a NaN"):
        ranks(scores, np.array([0, 1]))


def test_metrics_agree_with_the_textbook():
    rank = np.array([1.0, 2.0, 2.5, 10.0, 10.5, 20.0, 21.0, 400.0])
    by_hand = {"hr_at_10": 0.0, "hr_at_20": 0.0, "ndcg_at_10": 0.0, "mrr_at_20": 0.0}
    for one in rank.tolist():
        by_hand["hr_at_10"] += (one <= 10) / 8
        by_hand["hr_at_20"] += (one <= 20) / 8
        by_hand["ndcg_at_10"] += (1 / math.log2(1 + one) if one <= 10 else 0) / 8
        by_hand["mrr_at_20"] += (1 / one if one <= 20 else 0) / 8
    metrics = RankingMetrics.from_ranks(rank)
    assert {name: pytest.approx(getattr(metrics, name), abs=1e-12) for name in by_hand} == by_hand


def test_a_perfect_ranking_scores_one_everywhere():
    assert RankingMetrics.from_ranks(np.ones(5)) == RankingMetrics(hr_at_10=1, hr_at_20=1, ndcg_at_10=1, mrr_at_20=1)


@given(arrays(np.float64, st.integers(1, 20), elements=st.integers(1, 60)), st.integers(1, 30))
def test_every_measure_of_a_target_is_at_most_its_hit(rank, cutoff):
    hits = hit(rank, cutoff)
    for measure in (discounted_gain(rank, cutoff), reciprocal_rank(rank, cutoff)):
        assert ((measure >= 0) & (measure <= hits)).all()


def test_metrics_of_no_target_are_refused():
    with pytest.raises(BadInput, match="no target"):
        RankingMetrics.from_ranks(np.empty(0))
