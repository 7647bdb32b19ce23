"""Each method against its definition in plain Python, on histories small enough to read."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.baselines.bigram import Bigram
from simulations.baselines.item_knn import ItemKNN
from simulations.baselines.personal_popularity import PersonalPopularity
from simulations.baselines.popularity import Popularity

SIZE = 5
plays = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=12)
cases = st.tuples(st.lists(plays, min_size=1, max_size=4), st.lists(plays, min_size=1, max_size=3))


def arrays_of(sequences: list[list[int]]) -> list[np.ndarray]:
    return [np.array(sequence, dtype=np.int64) for sequence in sequences]


def share_of(histories: list[list[int]]) -> list[float]:
    counts = Counter(track for history in histories for track in history)
    return [counts[track] / counts.total() for track in range(SIZE)]


@given(cases)
def test_popularity_is_the_share_of_plays_for_everyone(case):
    histories, contexts = case
    scores = Popularity.fit(arrays_of(histories), SIZE).score(arrays_of(contexts))
    np.testing.assert_allclose(scores, [share_of(histories)] * len(contexts), rtol=1e-6)


@given(cases)
def test_personal_popularity_counts_the_context_and_breaks_ties_by_everyones(case):
    histories, contexts = case
    scores = PersonalPopularity.fit(arrays_of(histories), SIZE).score(arrays_of(contexts))
    share = share_of(histories)
    expected = [[context.count(track) + 1e-3 * share[track] for track in range(SIZE)] for context in contexts]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


@given(cases)
def test_bigram_counts_what_followed_the_last_play(case):
    histories, contexts = case
    scores = Bigram.fit(arrays_of(histories), SIZE).score(arrays_of(contexts))
    follows = Counter(pair for history in histories for pair in pairwise(history))
    share = share_of(histories)
    expected = [[follows[context[-1], track] + 1e-3 * share[track] for track in range(SIZE)] for context in contexts]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


@given(cases)
def test_item_knn_sums_what_is_near_the_last_plays(case):
    histories, contexts = case
    counts = Counter(track for history in histories for track in history)
    near = Counter()
    for history in histories:
        for i, one in enumerate(history):
            for k, other in enumerate(history[i + 1 : i + 6], start=1):
                if one != other:
                    for pair in ((one, other), (other, one)):
                        near[pair] += 1 / k / math.sqrt((counts[one] + 10) * (counts[other] + 10))
    share = share_of(histories)
    expected = [
        [
            sum(0.8**j * near[played, track] for j, played in enumerate(reversed(context))) + 1e-6 * share[track]
            for track in range(SIZE)
        ]
        for context in contexts
    ]
    scores = ItemKNN.fit(arrays_of(histories), SIZE).score(arrays_of(contexts))
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-8)


def test_item_knn_forgets_all_but_the_last_twenty_plays():
    scorer = ItemKNN.fit(arrays_of([[0, 1, 2, 3, 4]]), SIZE)
    recent = [2, 3] * 10
    np.testing.assert_array_equal(*scorer.score(arrays_of([[0, 1, 4, *recent], recent])))


@pytest.mark.parametrize("method", [Popularity, PersonalPopularity, Bigram, ItemKNN])
def test_a_listener_without_plays_gets_what_everyone_plays(method):
    histories = arrays_of([[0, 1, 1, 2, 1, 2]])
    scores = method.fit(histories, SIZE).score([np.empty(0, np.int64), histories[0]])
    assert scores.shape == (2, SIZE)
    assert scores.dtype == np.float32
    assert np.argsort(-scores[0], kind="stable")[:3].tolist() == [1, 2, 0]
