import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.head.batch import Batch
from shared_model.privacy.plan import PrivacyPlan
from shared_model.training import local_update
from shared_model.training.examples import Examples, take
from shared_model.training.local_update import LocalTraining, clipped_updates, local_updates

KINDS = ["plain", "dense", "no modalities", "adapter"]
TRAINING = LocalTraining(learning_rate=0.01, batch_size=5, epochs=2)
PLAN = PrivacyPlan(
    population=8, cohort=4, rounds=2, clip_norm=0.05, noise_multiplier=1.0, delta=1e-3, max_participations=2
)


def slow_update(model, start, examples, listener, training):
    """One listener, one batch at a time, with the head's own modules and torch.optim.SGD."""
    head = copy.deepcopy(model.head)
    released = model.layout.tensors(start)
    parameters = dict(head.named_parameters())
    with torch.no_grad():
        for name, tensor in released.items():
            parameters[name].copy_(tensor)
    optimiser = torch.optim.SGD([parameters[name] for name in released], lr=training.learning_rate)
    own = take(examples, torch.tensor(listener))
    steps = math.ceil(len(own.weight) / training.batch_size)
    for _ in range(training.epochs):
        for step in range(steps):
            rows = [row for row in range(step, len(own.weight), steps) if own.weight[row]]
            if not rows:
                continue
            some = Batch(*(field[rows] for field in own.batch))
            optimiser.zero_grad()
            logits = head(some, model.tables).logits
            F.cross_entropy(logits, torch.zeros(len(rows), dtype=torch.int64)).backward()
            optimiser.step()
    return model.layout.vector(parameters) - start


@pytest.mark.parametrize("kind", KINDS)
def test_side_by_side_each_listener_learns_what_a_plain_loop_learns_alone(kind, models, examples):
    model = models[kind]
    start = model.vector() * 0.9
    updates = local_updates(model, start, examples, TRAINING)
    expected = torch.stack([slow_update(model, start, examples, listener, TRAINING) for listener in range(8)])
    assert expected.norm(dim=1).max() > 0.1
    torch.testing.assert_close(updates, expected, atol=1e-5, rtol=1e-4)


@settings(deadline=None, max_examples=10)
@given(beside=st.lists(st.integers(0, 7), min_size=1, max_size=5))
def test_a_listeners_update_does_not_depend_on_who_is_beside_it(models, examples, beside):
    model = models["adapter"]
    alone = local_updates(model, model.vector(), take(examples, torch.tensor([2])), TRAINING)
    together = local_updates(model, model.vector(), take(examples, torch.tensor([2, *beside])), TRAINING)
    torch.testing.assert_close(together[0], alone[0], atol=1e-6, rtol=1e-5)


def test_who_has_nothing_to_learn_from_sends_a_zero_update(models, examples):
    updates = local_updates(models["plain"], models["plain"].vector(), examples, TRAINING)
    assert [bool(update.any()) for update in updates] == [bool(weight.any()) for weight in examples.weight]
    assert not updates[1].any()
    assert not updates[7].any()


def test_padding_is_never_learned_from(models, examples):
    padding = examples.weight == 0
    assert padding[4].sum() == 11
    fields = {
        name: torch.where(padding.reshape(8, 12, *[1] * (field.ndim - 2)), 7 * torch.ones_like(field), field)
        for name, field in examples.batch._asdict().items()
    }
    changed = Examples(batch=Batch(**fields), weight=examples.weight)
    model = models["adapter"]
    start = model.vector()
    expected = local_updates(model, start, examples, TRAINING)
    torch.testing.assert_close(local_updates(model, start, changed, TRAINING), expected, atol=1e-7, rtol=0)


@pytest.mark.parametrize(("batch_size", "epochs"), [(12, 1), (5, 1), (1, 1), (100, 3)])
def test_each_epoch_visits_every_example_once(batch_size, epochs, models, examples, monkeypatch):
    visited = []
    taken = local_update.take_strided

    def watching(some, first, stride):
        visited.extend(range(first, some.weight.shape[1], stride))
        return taken(some, first, stride)

    monkeypatch.setattr(local_update, "take_strided", watching)
    model = models["no modalities"]
    training = LocalTraining(learning_rate=0.1, batch_size=batch_size, epochs=epochs)
    local_updates(model, model.vector(), examples, training)
    assert sorted(visited) == sorted(list(range(12)) * epochs)


def test_nothing_is_drawn(models, examples):
    model = models["adapter"]
    torch.manual_seed(1)
    one = local_updates(model, model.vector(), examples, TRAINING)
    torch.manual_seed(2)
    assert torch.equal(one, local_updates(model, model.vector(), examples, TRAINING))


def test_a_small_step_lowers_the_loss(models, examples):
    model = models["plain"]
    own = take(examples, torch.tensor([0]))
    before, after = (
        local_update.loss(model, model.layout.tensors(vector), take(own, torch.tensor(0)))
        for vector in (
            model.vector(),
            model.vector() + local_updates(model, model.vector(), own, replace(TRAINING, learning_rate=0.01))[0],
        )
    )
    assert after < before


def test_the_loss_of_nothing_but_padding_is_zero(models, examples):
    model = models["plain"]
    tensors = model.layout.tensors(model.vector())
    assert local_update.loss(model, tensors, take(examples, torch.tensor(1))) == 0


def test_what_leaves_a_device_is_clipped_and_keeps_its_direction(models, examples):
    model = models["plain"]
    updates = local_updates(model, model.vector(), examples, TRAINING)
    clipped = clipped_updates(model, model.vector(), examples, training=TRAINING, plan=PLAN)
    assert updates.norm(dim=1).max() > PLAN.clip_norm
    assert (clipped.double().norm(dim=1) <= PLAN.clip_norm).all()
    trained = examples.weight.any(1)
    directions = torch.cosine_similarity(updates[trained], clipped[trained])
    torch.testing.assert_close(directions, torch.ones_like(directions))


def test_training_that_explodes_sends_a_zero_update(models, examples):
    training = LocalTraining(learning_rate=1e38, batch_size=5, epochs=2)
    model = models["plain"]
    assert not local_updates(model, model.vector(), examples, training).isfinite().all()
    clipped = clipped_updates(model, model.vector(), examples, training=training, plan=PLAN)
    assert clipped.isfinite().all()
    assert (clipped.double().norm(dim=1) <= PLAN.clip_norm).all()


def test_without_a_mechanism_nothing_is_clipped(models, examples):
    model = models["adapter"]
    plain = local_updates(model, model.vector(), examples, TRAINING)
    off = clipped_updates(model, model.vector(), examples, training=TRAINING, plan=PLAN.without_privacy())
    assert torch.equal(plain, off)
    np.testing.assert_array_less(PLAN.clip_norm, plain.norm(dim=1).max())
