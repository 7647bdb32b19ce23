import numpy as np
import torch

from shared_model.training.examples import take
from shared_model.training.local_update import LocalTraining, local_updates
from simulations.evaluation import local_only
from simulations.evaluation.head_ranking import held_out_moments, rank
from simulations.evaluation.held_out import Target, held_out_targets
from simulations.evaluation.local_only import rank_local_only

TRAINING = LocalTraining(learning_rate=0.01, batch_size=4, epochs=2)


def one_by_one(model, examples, dataset, paths, counted, targets):
    """Each listener alone: a copy that learned from the listener's own examples ranks the listener's own targets."""
    rankings = []
    for listener in range(len(dataset.private)):
        own = [target for target in targets if target.listener == listener]
        if own:
            update = local_updates(model, model.vector(), take(examples, torch.tensor([listener])), TRAINING)[0]
            moments = held_out_moments(dataset.private, own, paths=paths, counted=counted)
            rankings.append(rank(model, model.vector() + update, moments))
    return np.concatenate([ranking.ranks for ranking in rankings])


def test_each_listener_is_served_by_a_copy_of_its_own(models, examples, dataset, paths, counted, monkeypatch):
    model, targets = models["plain"], held_out_targets(dataset.private)
    held_out = held_out_moments(dataset.private, targets, paths=paths, counted=counted)
    monkeypatch.setattr(local_only, "side_by_side", lambda size: 3)  # so that groups of listeners have an end
    ranking = rank_local_only(model, examples, held_out, training=TRAINING)
    assert not np.array_equal(ranking.ranks, rank(model, model.vector(), held_out).ranks)
    np.testing.assert_allclose(ranking.ranks, one_by_one(model, examples, dataset, paths, counted, targets), atol=1)
    np.testing.assert_array_equal(
        ranking.ranks[held_out.listener == 1], rank(model, model.vector(), held_out).ranks[held_out.listener == 1]
    )  # who has nothing to learn from keeps release 0


def test_listeners_without_a_target_leave_no_gap(models, examples, dataset, paths, counted):
    targets = [Target(listener=0, position=30), Target(listener=2, position=50), Target(listener=2, position=51)]
    held_out = held_out_moments(dataset.private, targets, paths=paths, counted=counted)
    ranking = rank_local_only(models["adapter"], examples, held_out, training=TRAINING)
    expected = one_by_one(models["adapter"], examples, dataset, paths, counted, targets)
    np.testing.assert_allclose(ranking.ranks, expected, atol=1)


def test_release_0_itself_stays_as_it_was(models, examples, dataset, paths, counted):
    model = models["plain"]
    before = model.vector()
    targets = held_out_targets(dataset.private)
    held_out = held_out_moments(dataset.private, targets, paths=paths, counted=counted)
    rank_local_only(model, examples, held_out, training=TRAINING)
    assert torch.equal(model.vector(), before)
