import pytest
import torch
from torch import nn

from shared_model.errors import BadInput
from shared_model.head.parameters import ParameterLayout


@pytest.fixture
def module():
    made = nn.Module()
    made.b = nn.Parameter(torch.arange(6.0).reshape(2, 3))
    made.a = nn.Parameter(torch.tensor([7.0, 8.0]))
    made.clock = nn.Parameter(torch.tensor([3]), requires_grad=False)
    made.register_buffer("steps", torch.tensor([4]))
    made.register_buffer("running_mean", torch.tensor([4.0]))
    return made


@pytest.mark.parametrize("name", ["clock", "steps", "running_mean", "user_vector"])
def test_only_floating_parameters_of_the_module_are_on_the_allow_list_line_14(module, name):
    with pytest.raises(BadInput, match=name):
        ParameterLayout.of(module, ("a", name))


def test_the_vector_holds_the_named_parameters_in_the_order_of_names_and_nothing_else(module):
    layout = ParameterLayout.of(module, ("b", "a"))
    assert layout.size == 8
    assert layout.vector(dict(module.named_parameters())).tolist() == [7, 8, 0, 1, 2, 3, 4, 5]
    assert ParameterLayout.of(module, ("b",)).vector({"a": torch.ones(9), "b": module.b}).tolist() == [*range(6)]


def test_a_parameter_named_twice_is_released_once(module):
    assert ParameterLayout.of(module, ("a", "a")).size == 2


def test_tensors_are_the_vector_again(module):
    layout = ParameterLayout.of(module, ("b", "a"))
    parameters = dict(module.named_parameters())
    again = layout.tensors(layout.vector(parameters))
    assert list(again) == ["a", "b"]
    assert all(torch.equal(again[name], parameters[name]) for name in again)


def test_rows_of_many_listeners_are_told_apart(module):
    layout = ParameterLayout.of(module, ("b", "a"))
    rows = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    together = layout.tensors(rows)
    for listener, row in enumerate(rows):
        assert all(torch.equal(together[name][listener], tensor) for name, tensor in layout.tensors(row).items())


def test_half_precision_is_released_in_single_precision():
    layout = ParameterLayout.of(nn.Linear(2, 2).half(), ("weight",))
    assert layout.vector({"weight": torch.ones(2, 2, dtype=torch.float16)}).dtype == torch.float32
