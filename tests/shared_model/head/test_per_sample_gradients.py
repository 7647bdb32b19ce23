"""What example-level DP-SGD needs of the head: the gradient of each example, as if it were alone."""

import copy

import pytest
import torch
import torch.nn.functional as F
from opacus.grad_sample import GradSampleModule
from opacus.validators import ModuleValidator
from torch.func import grad, vmap

from shared_model.training.examples import Examples
from shared_model.training.local_update import loss

KINDS = ["plain", "dense", "no modalities", "adapter"]


@pytest.fixture(scope="module")
def some(examples: Examples) -> Examples:
    rows = examples.weight.bool()
    fields = {name: field[rows][::4][:13] for name, field in examples.batch._asdict().items()}
    return Examples(batch=type(examples.batch)(**fields), weight=torch.ones(13))


def released(model):
    return {name: parameter for name, parameter in model.head.named_parameters() if name in dict(model.layout.shapes)}


def one(some, place):
    fields = {name: field[place : place + 1] for name, field in some.batch._asdict().items()}
    return Examples(batch=type(some.batch)(**fields), weight=torch.ones(1))


@pytest.fixture(scope="module", params=KINDS)
def model_and_slow_gradients(request, models, some):
    """A model and, by name, the gradients (13, *shape) of the examples, each by a backward pass of its own."""
    model = models[request.param]
    parameters = released(model)
    rows = [
        torch.autograd.grad(
            loss(model, parameters, one(some, place)), list(parameters.values()), materialize_grads=True
        )
        for place in range(13)
    ]
    return model, {
        name: torch.stack(gradients) for name, gradients in zip(parameters, zip(*rows, strict=True), strict=True)
    }


def test_torch_func_gives_each_example_its_own_gradient(model_and_slow_gradients, some):
    model, expected = model_and_slow_gradients
    alone = Examples(
        batch=type(some.batch)(*(field[:, None] for field in some.batch)),
        weight=some.weight[:, None],
    )
    gradients = vmap(grad(lambda tensors, example: loss(model, tensors, example)), in_dims=(None, 0))(
        {name: parameter.detach() for name, parameter in released(model).items()}, alone
    )
    for name, rows in expected.items():
        torch.testing.assert_close(gradients[name], rows, atol=1e-5, rtol=1e-4)


# the first layers read data, which needs no gradient: what the hooks of Opacus are for
@pytest.mark.filterwarnings("ignore:Full backward hook is firing:UserWarning")
def test_opacus_gives_each_example_its_own_gradient(model_and_slow_gradients, some):
    model, expected = model_and_slow_gradients
    assert any(rows.any() for rows in expected.values())
    head = copy.deepcopy(model.head)
    for name, parameter in head.named_parameters():
        parameter.requires_grad_(name in expected)
    watched = GradSampleModule(head, loss_reduction="sum")
    logits = watched(some.batch, model.tables).logits
    (-F.log_softmax(logits, -1)[:, 0]).sum().backward()
    for name, parameter in head.named_parameters():
        if name in expected and parameter.grad_sample is None:
            assert not expected[name].any()  # the dense output asks nothing of the outward projections
        elif name in expected:
            torch.testing.assert_close(parameter.grad_sample, expected[name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_opacus_finds_no_layer_that_mixes_examples(kind, models):
    assert ModuleValidator.validate(copy.deepcopy(models[kind].head).train(), strict=False) == []


def test_opacus_would_have_found_a_batch_norm(models):
    head = copy.deepcopy(models["plain"].head).train()
    head.fusion.mix_hidden.register_module("norm", torch.nn.BatchNorm1d(6))
    assert ModuleValidator.validate(head, strict=False)
