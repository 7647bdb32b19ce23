from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared_model.errors import BadInput
from shared_model.history import History, Tracks
from simulations.evaluation.full_ranking import BATCH_SIZE, evaluate, top
from simulations.evaluation.held_out import Target, held_out_targets


@dataclass(frozen=True)
class NextNumber:
    """Foresees the track numbered one above the last play, then the ones below it."""

    catalogue_size: int

    def score(self, contexts: Sequence[Tracks]) -> np.ndarray:
        foreseen = np.array([context[-1] + 1 if len(context) else 0 for context in contexts])
        return -np.abs(np.arange(self.catalogue_size) - foreseen[:, None]).astype(np.float32)


@dataclass(frozen=True)
class Broken:
    def score(self, contexts: Sequence[Tracks]) -> np.ndarray:
        return np.full((len(contexts), 3), np.nan, np.float32)


@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 30)), elements=st.integers(-3, 3)))
def test_the_top_is_that_of_a_full_sort_with_ties_by_index(scores):
    expected = [sorted(range(len(row)), key=lambda track: (-row[track], track))[:20] for row in scores]
    assert top(scores, 20).tolist() == expected


def test_a_target_is_ranked_by_the_plays_before_it_and_by_none_after():
    counting_up = History(listener="a", tracks=np.arange(30))
    jumping = History(listener="b", tracks=np.array([4, 9, 2]))
    targets = [
        Target(listener=0, position=29),
        Target(listener=1, position=0),
        Target(listener=1, position=1),
        Target(listener=1, position=2),
    ]
    ranking = evaluate(NextNumber(30), [counting_up, jumping], targets)
    # with nothing before it 4 is fifth; 9 after 4 ties with 1; 2 after 9 is preceded by 3..17
    assert ranking.ranks.tolist() == [1, 5, 8.5, 16.5]
    assert ranking.top20[:, 0].tolist() == [29, 0, 5, 10]
    assert ranking.top20.shape == (4, 20)


def test_batches_change_nothing():
    random = np.random.default_rng(0)
    histories = [History(listener=str(index), tracks=random.integers(25, size=20)) for index in range(30)]
    targets = held_out_targets(histories)
    assert len(targets) > 2 * BATCH_SIZE
    together = evaluate(NextNumber(25), histories, targets)
    alone = [evaluate(NextNumber(25), histories, [target]) for target in targets]
    np.testing.assert_array_equal(together.ranks, np.concatenate([one.ranks for one in alone]))
    np.testing.assert_array_equal(together.top20, np.concatenate([one.top20 for one in alone]))


def test_a_scorer_that_gives_nan_is_refused():
    with pytest.raises(BadInput, match="NaN"):
        evaluate(Broken(), [History(listener="a", tracks=np.array([0, 1]))], [Target(listener=0, position=1)])
