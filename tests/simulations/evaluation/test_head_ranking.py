from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from shared_model.head.batch import Batch
from shared_model.head.memory_paths import memory_evidence
from shared_model.training.examples import moments
from simulations.evaluation import head_ranking
from simulations.evaluation.full_ranking import evaluate
from simulations.evaluation.head_ranking import held_out_moments, rank
from simulations.evaluation.held_out import held_out_targets

KINDS = ["plain", "dense", "no modalities", "adapter"]


@pytest.fixture(scope="module")
def targets(dataset):
    return held_out_targets(dataset.private)


@pytest.fixture(scope="module")
def held_out(dataset, statistics, targets):
    return held_out_moments(dataset.private, targets, statistics=statistics, catalogue=dataset.catalogue)


@dataclass(frozen=True)
class HeadAsScorer:
    """A head behind the interface that baselines have: it finds the listener by the plays so far."""

    model: object
    dataset: object
    statistics: object

    def score(self, contexts: Sequence[np.ndarray]) -> np.ndarray:
        rows = []
        for context in contexts:
            history = next(
                history
                for history in self.dataset.private
                if np.array_equal(history.tracks[: len(context)], context) and len(history) > len(context)
            )
            fields = moments(history, np.array([len(context)]), self.dataset.catalogue)
            evidence = memory_evidence([context], self.statistics, self.dataset.catalogue).dense(slice(None))
            batch = Batch(
                candidates=None,
                evidence=torch.from_numpy(evidence),
                **{name: torch.from_numpy(field) for name, field in fields.items()},
            )
            with torch.no_grad():
                rows.append(self.model.head(batch, self.model.tables).logits[0].numpy())
        return np.array(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_is_ranked_as_any_other_scorer_is(kind, models, dataset, statistics, targets, held_out):
    model = models[kind]
    ranking = rank(model, model.vector(), held_out)
    expected = evaluate(HeadAsScorer(model, dataset, statistics), dataset.private, targets)
    np.testing.assert_array_equal(ranking.ranks, expected.ranks)
    np.testing.assert_array_equal(ranking.top20, expected.top20)


def test_the_released_numbers_are_those_that_are_ranked_by(models, held_out):
    model = models["adapter"]
    other = rank(model, model.vector() + 1, held_out)
    assert not np.array_equal(other.top20, rank(model, model.vector(), held_out).top20)
    assert torch.equal(model.vector(), models["adapter"].vector())


def test_batches_and_ranges_change_nothing(models, held_out, monkeypatch):
    model = models["plain"]
    whole = rank(model, model.vector(), held_out)
    monkeypatch.setattr(head_ranking, "BATCH_SIZE", 7)
    parts = head_ranking.joined(
        [rank(model, model.vector(), held_out, targets=some) for some in (range(0, 10), range(10, 33), range(33, 80))]
    )
    np.testing.assert_array_equal(parts.ranks, whole.ranks)
    np.testing.assert_array_equal(parts.top20, whole.top20)


def test_the_play_to_foresee_and_all_after_it_are_not_seen(models, dataset, statistics, targets, held_out):
    """The target and what follows become other tracks: what is recommended stays the same."""
    model = models["plain"]
    expected = rank(model, model.vector(), held_out)
    for place, target in [(0, targets[0]), (35, targets[35]), (79, targets[79])]:
        history = dataset.private[target.listener]
        tracks = history.tracks.copy()
        tracks[target.position :] = (tracks[target.position :] + 17) % 50
        changed = tuple(
            replace(history, tracks=tracks) if listener == target.listener else other
            for listener, other in enumerate(dataset.private)
        )
        moment = held_out_moments(changed, [target], statistics=statistics, catalogue=dataset.catalogue)
        ranking = rank(model, model.vector(), moment)
        assert ranking.top20[0].tolist() == expected.top20[place].tolist()
        assert ranking.ranks[0] != expected.ranks[place]


def test_moments_know_whose_play_it_is_and_which_track_came(dataset, targets, held_out):
    assert held_out.listener.tolist() == [target.listener for target in targets]
    assert held_out.played.tolist() == [dataset.private[t.listener].tracks[t.position] for t in targets]
