import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.example_account import Debited, ExampleAccount
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.randomness import KeyedRandomness, OperatingSystemRandomness, key_from_seed, uniforms
from shared_model.privacy.spent import Unit
from shared_model.training import example_level
from shared_model.training.example_level import (
    BATCH,
    NOISE,
    ExampleLevelTraining,
    PerSampleGradients,
    example_level_update,
)
from shared_model.training.examples import Examples, take
from shared_model.training.local_update import Model, loss

KINDS = ["plain", "dense", "no modalities", "adapter"]
TRAINING = ExampleLevelTraining(learning_rate=0.5, steps=3, clip_norm=0.2, batch_size=5, dataset_size=12)


def keyed(purpose: str, number: int) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(9), purpose=purpose, round=number)


def deployed(_: str, __: int) -> OperatingSystemRandomness:
    return OperatingSystemRandomness()


def paid(training: ExampleLevelTraining = TRAINING, *, noise: float = 0.8, earlier: int = 0) -> Debited:
    account = ExampleAccount(
        sample_rate=training.sample_rate, noise_multiplier=noise, delta=1e-3, epsilon_cap=1000.0, steps=earlier
    )
    return account.debit(training.steps, store=lambda _: None)


@pytest.fixture
def own(examples: Examples) -> Examples:
    """One listener's 12 examples, of which some are padding."""
    rows = take(examples, torch.tensor(int(examples.weight.sum(1).argmax())))
    return rows._replace(weight=rows.weight * (torch.arange(12) < 9))


def slow_gradient(model: Model, at: Tensor, example: Examples) -> Tensor:
    """The gradient of one example by a backward pass of its own, (d,)."""
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in model.layout.tensors(at).items()}
    each = loss(model, parameters, example) * example.weight.sum()
    found = torch.autograd.grad(each, list(parameters.values()), materialize_grads=True)
    return torch.cat([gradient.reshape(-1) for gradient in found])


def one(examples: Examples, place: int) -> Examples:
    return take(examples, slice(place, place + 1))


def slow_update(model: Model, examples: Examples, training: ExampleLevelTraining, debited: Debited) -> Tensor:
    """Oracle: DP-SGD an example at a time, clipped in plain arithmetic."""
    start = model.vector()
    current = start.clone()
    for step in range(debited.first_step, debited.first_step + debited.steps):
        chosen = uniforms(12, randomness=keyed(BATCH, step)) < training.batch_size / 12
        total = np.zeros(len(start))
        for place in np.flatnonzero(chosen):
            gradient = slow_gradient(model, current, one(examples, int(place))).double().numpy()
            total += gradient * min(1.0, training.clip_norm / max(np.linalg.norm(gradient), 1e-30))
        deviation = debited.account.noise_multiplier * training.clip_norm
        total += gaussian_noise(len(start), standard_deviation=deviation, randomness=keyed(NOISE, step))
        current = current - training.learning_rate * torch.from_numpy(total / training.batch_size).float()
    return current - start


@pytest.mark.parametrize("kind", KINDS)
def test_line_20_per_sample_gradients_equal_a_slow_one_by_one_reference(
    kind: str, models: dict[str, Model], own: Examples
) -> None:
    model = models[kind]
    expected = torch.stack([slow_gradient(model, model.vector(), one(own, place)) for place in range(12)])
    found = PerSampleGradients(model).of(model.vector(), own)
    assert expected.any()
    # to 1e-5 of each gradient's norm, which is what is clipped: single numbers near 0 are rounded to what is near them
    scale = expected.norm(dim=1, keepdim=True).clamp(min=1)
    torch.testing.assert_close(found / scale, expected / scale, atol=1e-5, rtol=0)
    assert not found[own.weight == 0].any()


@pytest.mark.parametrize("kind", KINDS)
def test_line_20_the_whole_update_equals_a_slow_reference(kind: str, models: dict[str, Model], own: Examples) -> None:
    model = models[kind]
    expected = slow_update(model, own, TRAINING, paid())
    found = example_level_update(model, model.vector(), own, training=TRAINING, debited=paid(), randomness=keyed).update
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("microbatch", [1, 2, 5])
def test_line_20_gradient_accumulation_changes_nothing(
    microbatch: int, models: dict[str, Model], own: Examples
) -> None:
    model = models["adapter"]
    updates = [
        example_level_update(
            model,
            model.vector(),
            own,
            training=replace(TRAINING, microbatch=at_once),
            debited=paid(),
            randomness=keyed,
        ).update
        for at_once in (microbatch, 64)
    ]
    torch.testing.assert_close(*updates, atol=1e-6, rtol=1e-5)


def empty(purpose: str, number: int) -> Any:
    """Coins that include nobody."""

    class AllOnes:
        label = "test"

        def draw(self, size_bytes: int) -> bytes:
            return b"\xff" * size_bytes

    return AllOnes() if purpose == BATCH else keyed(purpose, number)


def test_line_20_an_empty_batch_is_a_noise_only_step_and_is_accounted(models: dict[str, Model], own: Examples) -> None:
    model = models["adapter"]
    start = model.vector()
    result = example_level_update(model, start, own, training=TRAINING, debited=paid(), randomness=empty)
    noise = sum(
        torch.from_numpy(gaussian_noise(len(start), standard_deviation=0.8 * 0.2, randomness=keyed(NOISE, step)))
        for step in range(3)
    )
    torch.testing.assert_close(result.update, (-0.5 * noise / 5).float(), atol=1e-6, rtol=1e-4)  # type: ignore[operator]
    full = example_level_update(model, start, own, training=TRAINING, debited=paid(), randomness=keyed)
    assert result.spent == full.spent
    assert result.spent.rounds == 3


def test_line_10_what_the_device_holds_changes_neither_rate_nor_noise_nor_divisor(
    models: dict[str, Model], own: Examples
) -> None:
    model = models["adapter"]
    nothing = own._replace(weight=torch.zeros(12))
    without = example_level_update(model, model.vector(), nothing, training=TRAINING, debited=paid(), randomness=keyed)
    alone = example_level_update(model, model.vector(), own, training=TRAINING, debited=paid(), randomness=empty)
    torch.testing.assert_close(without.update, alone.update, atol=1e-7, rtol=1e-5)
    assert without.spent == alone.spent


def test_line_11_one_example_more_moves_a_step_by_the_clip_norm_at_most(
    models: dict[str, Model], own: Examples
) -> None:
    assert largest_move(models["adapter"], own) <= 0.5 * 0.2 / 5 * (1 + 1e-4)


def largest_move(model: Model, own: Examples) -> float:
    """Over removals of one example, of an update of one step: learning rate 0.5, clip norm 0.2, batch size 5."""
    training = replace(TRAINING, steps=1)

    def update(examples: Examples) -> Tensor:
        return example_level_update(
            model, model.vector(), examples, training=training, debited=paid(training), randomness=keyed
        ).update

    whole = update(own)
    moves = []
    for place in range(12):
        weight = own.weight.clone()
        weight[place] = 0
        moves.append(float((update(own._replace(weight=weight)) - whole).norm()))
    return max(moves)


def test_batches_are_poisson_at_the_public_rate(monkeypatch: pytest.MonkeyPatch, models: dict[str, Model],
                                                own: Examples) -> None:  # fmt: skip
    sizes: list[int] = []

    def counted(self: PerSampleGradients, current: Tensor, examples: Examples) -> Tensor:
        sizes.append(len(examples.weight))
        return torch.zeros(len(examples.weight), len(current))

    monkeypatch.setattr(PerSampleGradients, "of", counted)
    training = replace(TRAINING, steps=600)
    example_level_update(
        models["no modalities"],
        models["no modalities"].vector(),
        own,
        training=training,
        debited=paid(training),
        randomness=keyed,
    )
    assert sum(sizes) / 600 == pytest.approx(5, abs=5 * math.sqrt(12 * (5 / 12) * (7 / 12) / 600))
    assert min(sizes) <= 1
    assert max(sizes) >= 10


def test_line_15_a_seed_of_numpy_or_torch_reaches_no_batch_and_no_noise(
    models: dict[str, Model], own: Examples
) -> None:
    model = models["adapter"]
    updates = []
    for _ in range(2):
        torch.manual_seed(0)
        np.random.seed(0)
        updates.append(
            example_level_update(model, model.vector(), own, training=TRAINING, debited=paid(), randomness=deployed)
        )
    assert not torch.equal(updates[0].update, updates[1].update)
    before = torch.get_rng_state()
    example_level_update(model, model.vector(), own, training=TRAINING, debited=paid(), randomness=keyed)
    assert torch.equal(torch.get_rng_state(), before)


def test_later_rounds_draw_other_noise_and_cost_more(models: dict[str, Model], own: Examples) -> None:
    model = models["adapter"]
    first, second = (
        example_level_update(
            model, model.vector(), own, training=TRAINING, debited=paid(earlier=earlier), randomness=keyed
        )
        for earlier in (0, 3)
    )
    assert not torch.equal(first.update, second.update)
    assert first.spent < second.spent
    assert (first.spent.unit, first.spent.rounds, second.spent.rounds) == (Unit.EXAMPLE, 3, 6)


def test_line_13_the_update_is_clipped_for_the_device_as_any_other(models: dict[str, Model], own: Examples) -> None:
    model = models["adapter"]
    update = example_level_update(
        model, model.vector(), own, training=TRAINING, debited=paid(), randomness=keyed
    ).update
    assert update.dtype == torch.float32
    assert update.shape == (model.layout.size,)
    assert float(clip_rows(update[None], clip_norm=0.01).double().norm()) <= 0.01


def test_the_head_that_is_trained_on_is_left_alone(models: dict[str, Model], own: Examples) -> None:
    model = models["adapter"]
    before = {name: tensor.clone() for name, tensor in model.head.state_dict().items()}
    wanted = [parameter.requires_grad for parameter in model.head.parameters()]
    example_level_update(model, model.vector(), own, training=TRAINING, debited=paid(), randomness=keyed)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.head.state_dict().items())
    assert [parameter.requires_grad for parameter in model.head.parameters()] == wanted


def test_what_was_not_paid_for_is_not_trained(models: dict[str, Model], own: Examples) -> None:
    model = models["no modalities"]
    for training in (replace(TRAINING, steps=4), replace(TRAINING, batch_size=6)):
        with pytest.raises(BadInput, match="debit what is trained"):
            example_level_update(model, model.vector(), own, training=training, debited=paid(), randomness=keyed)
    with pytest.raises(BadInput, match="11 examples where 12 are planned"):
        example_level_update(
            model, model.vector(), take(own, slice(11)), training=TRAINING, debited=paid(), randomness=keyed
        )


@pytest.mark.parametrize("change", [{"batch_size": 0}, {"batch_size": 13}, {"steps": 0}, {"microbatch": 0},
                                    {"clip_norm": 0.0}, {"clip_norm": math.nan}, {"learning_rate": 0.0}])  # fmt: skip
def test_numbers_that_cannot_be_used_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="example-level training"):
        replace(TRAINING, **change)


def _unclipped(rows: Tensor, *, clip_norm: float) -> Tensor:
    return rows * 100


def _clipped_as_a_batch(rows: Tensor, *, clip_norm: float) -> Tensor:
    return rows * len(rows)


@pytest.mark.parametrize("bug", [_unclipped, _clipped_as_a_batch])
def test_seeded_bug_clipping_skipped_moves_a_step_too_far(
    bug: Callable[..., Tensor], monkeypatch: pytest.MonkeyPatch, models: dict[str, Model], own: Examples
) -> None:
    monkeypatch.setattr(example_level, "clip_rows", bug)
    with pytest.raises(AssertionError):
        test_line_11_one_example_more_moves_a_step_by_the_clip_norm_at_most(models, own)


def test_seeded_bug_no_noise_in_an_empty_batch_is_seen(
    monkeypatch: pytest.MonkeyPatch, models: dict[str, Model], own: Examples
) -> None:
    monkeypatch.setattr(example_level, "gaussian_noise", lambda size, **_: np.zeros(size))
    with pytest.raises(AssertionError):
        test_line_20_an_empty_batch_is_a_noise_only_step_and_is_accounted(models, own)


def test_seeded_bug_noise_from_torchs_generator_is_seen(
    monkeypatch: pytest.MonkeyPatch, models: dict[str, Model], own: Examples
) -> None:
    monkeypatch.setattr(
        example_level,
        "gaussian_noise",
        lambda size, *, standard_deviation, randomness: standard_deviation * torch.randn(size).double().numpy(),
    )
    with pytest.raises(AssertionError):
        test_line_15_a_seed_of_numpy_or_torch_reaches_no_batch_and_no_noise(models, own)
