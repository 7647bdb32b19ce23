import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from client.personalise.evaluate import Compared, Foresight, foresee, held_out_from
from tests.client.recommend.small import heard, small


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=50))
def test_the_chance_is_that_of_the_sign_test(pairs) -> None:
    one, other = np.array(pairs, float).T
    found = Compared.of(one, other)
    differing = found.higher + found.lower
    expected = binomtest(found.higher, differing, alternative="greater").pvalue if differing else 1
    assert found.chance == pytest.approx(expected)


def test_missed_plays_are_lower_than_any_rank_and_as_low_as_each_other() -> None:
    found = Compared.of(np.array([np.inf, 500, np.inf]), np.array([1, np.inf, np.inf]))
    assert (found.higher, found.lower) == (1, 1)


def test_the_last_fifth_is_held_out_and_at_most_fifty() -> None:
    assert [held_out_from(heard([0] * plays)) for plays in (40, 100, 250, 400)] == [32, 80, 200, 350]


def test_means_are_within_ten_and_twenty() -> None:
    found = Foresight.of(np.array([1.0, 10, 20, 21, np.inf]))
    assert (found.plays, found.hit_rate_10) == (5, 0.4)
    assert found.mrr_20 == pytest.approx((1 + 0.1 + 0.05) / 5)
    assert found.as_json() == {"plays": 5, "hit_rate_10": 0.4, "mrr_20": 0.23}


def test_each_play_is_ranked_as_it_would_have_been_recommended_then() -> None:
    told, played = small(4), np.random.default_rng(1).integers(20, size=30)
    history = heard(played)
    found = foresee(told.release.head, told.shelf().collection, history, first=20)
    for position, rank in zip(range(20, 30), found, strict=True):
        then = told.recommender(played[:position])
        moment = then.recollection.moment(then.history, now_s=history.started_at_s[position], shortlist=512)
        logits = then.score(moment).logits[0]
        own = logits[moment.candidates[0] == played[position]]
        assert rank == pytest.approx(1 + (logits > own + 1e-6).sum(), abs=1)


def test_what_comes_later_changes_no_rank() -> None:
    told, played = small(4), np.random.default_rng(1).integers(20, size=30)
    head, collection = told.release.head, told.shelf().collection
    whole = foresee(head, collection, heard(played), first=20)
    np.testing.assert_array_equal(foresee(head, collection, heard(played[:25]), first=20), whole[:5])
