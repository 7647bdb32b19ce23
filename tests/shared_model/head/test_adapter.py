import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_model.errors import BadInput
from shared_model.head.adapter import adapt, merged
from shared_model.head.batch import Tables
from shared_model.head.fusion import HIDDEN
from shared_model.head.head import AttentiveFusionHead, HeadShape
from shared_model.head.parameters import ParameterLayout
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.memory.channels import CHANNELS
from shared_model.training.local_update import LocalTraining, Model, local_updates
from simulations.scenario import ModelSection


def adapted(head, tables, rank=3, seed=0):
    adapted_head, its_tables, names = adapt(head, tables, rank=rank, seed=seed)
    return Model(head=adapted_head, tables=its_tables, layout=ParameterLayout.of(adapted_head, names))


@pytest.mark.parametrize("kind", ["plain", "dense"])
def test_until_it_is_trained_an_adapted_head_says_what_the_head_says(kind, heads, tables, batch):
    model = adapted(heads[kind], tables)
    with torch.no_grad():
        expected, output = heads[kind](batch, tables), model.head(batch, model.tables)
    for one, other in zip(expected, output, strict=True):
        torch.testing.assert_close(other, one, atol=1e-5, rtol=1e-5)


def test_real_logs_without_any_modality_train_the_gate_alone(heads, batch):
    model = adapted(heads["no modalities"], Tables(history=(), candidates=(), present=()))
    assert {name.rsplit(".", 1)[0] for name, _ in model.layout.shapes} == {"fusion.gate", "fusion.state"}


def test_second_factors_gate_and_what_reads_the_mood_are_trained_and_nothing_else(heads, tables):
    names = {name for name, _ in adapted(heads["plain"], tables).layout.shapes}
    assert names == {
        *(f"{side}.{modality}.up.weight" for side in ("inward", "outward") for modality in (0, 1)),
        *("fusion.gate.weight", "fusion.gate.bias", "fusion.state.weight"),
        *(f"attention.{modality}.state.weight" for modality in (0, 1)),
    }
    # the dense output asks for no query in the space of the catalogue's vectors
    assert not any("outward" in name for name, _ in adapted(heads["dense"], tables).layout.shapes)


def test_rounds_leave_the_head_and_its_adapted_copy_as_they_were(heads, tables, examples):
    before = {name: tensor.clone() for name, tensor in heads["plain"].state_dict().items()}
    model = adapted(heads["plain"], tables)
    frozen = {name: tensor.clone() for name, tensor in model.head.state_dict().items()}
    updates = local_updates(model, model.vector(), examples, LocalTraining(learning_rate=1.0, batch_size=4, epochs=1))
    assert updates.any()
    assert all(torch.equal(tensor, before[name]) for name, tensor in heads["plain"].state_dict().items())
    assert all(torch.equal(tensor, frozen[name]) for name, tensor in model.head.state_dict().items())


def test_every_device_gets_the_same_first_factors(heads, tables):
    one, same, other = (adapted(heads["plain"], tables, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.tables.history, same.tables.history, strict=True))
    assert torch.equal(one.head.outward[0].down, same.head.outward[0].down)
    assert not torch.equal(one.tables.history[0], other.tables.history[0])
    assert not torch.equal(one.head.outward[0].down, other.head.outward[0].down)


def test_what_an_adapter_learns_is_a_low_rank_change_of_the_projections(heads, tables, batch):
    """Oracle: the head itself with that change written into its weights."""
    rank = 2
    model = adapted(heads["plain"], tables, rank=rank, seed=7)
    draw = torch.Generator().manual_seed(7)
    first = []
    for size, width in ((12, 6), (7, 6)):  # drawn in this order for each modality
        first.append((torch.randn(rank, size, generator=draw) / size**0.5, torch.randn(rank, width, generator=draw)))
    written = AttentiveFusionHead(heads["plain"].shape)
    written.load_state_dict(heads["plain"].state_dict())
    with torch.no_grad():
        for modality, (inward_factor, outward_factor) in enumerate(first):
            for side in (model.head.inward, model.head.outward):
                side[modality].up.weight.normal_(generator=draw)
            inward, outward = model.head.inward[modality].up.weight, model.head.outward[modality].up.weight
            written.inward[modality].weight += inward @ inward_factor
            turn = torch.eye(6) + outward @ outward_factor / 6**0.5
            written.outward[modality].weight.copy_(written.outward[modality].weight @ turn)
        expected, logits = written(batch, tables).logits, model.head(batch, model.tables).logits
    torch.testing.assert_close(logits, expected, atol=2e-5, rtol=1e-4)


def test_by_default_rounds_train_4k_to_20k_numbers():
    settings = ModelSection()
    sizes = (("lyrics", 384), ("audio", 64))
    shape = HeadShape(modalities=sizes, width=settings.width, attention_width=settings.attention_width)
    vectors = tuple(torch.zeros(2, size) for _, size in sizes)
    tables = Tables(history=vectors, candidates=vectors, present=(torch.ones(2, dtype=torch.bool),) * 2)
    model = adapted(AttentiveFusionHead(shape), tables, rank=settings.rank)
    gates = 2 + len(CHANNELS)  # one a content path, one a channel
    gate = (HIDDEN + 1) * gates
    moods = 2 * len(STATE_FEATURES) * (HIDDEN + 2 * settings.attention_width)
    assert model.layout.size == gate + moods + 4 * settings.rank * settings.width
    assert 4_000 <= model.layout.size <= 20_000


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rank=st.integers(1, 9), seed=st.integers(0, 2**31), kind=st.sampled_from(["plain", "dense", "no modalities"]))
def test_a_merged_head_is_a_plain_one_that_says_what_the_adapted_one_says(rank, seed, kind, heads, tables, batch):
    its_tables = tables if heads[kind].shape.modalities else Tables(history=(), candidates=(), present=())
    model = adapted(heads[kind], its_tables, rank=rank, seed=seed)
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed))
        plain = merged(heads[kind], model.head, seed=seed)
        expected, output = model.head(batch, model.tables), plain(batch, its_tables)
    assert {name: tuple(value.shape) for name, value in plain.state_dict().items()} == plain.shape.parameters()
    for one, other in zip(expected, output, strict=True):
        torch.testing.assert_close(other, one, atol=1e-4, rtol=1e-4)


def test_only_an_adapter_with_its_own_seed_is_merged(heads, tables):
    model = adapted(heads["plain"], tables, seed=1)
    with pytest.raises(BadInput, match="another seed"):
        merged(heads["plain"], model.head, seed=2)
    with pytest.raises(BadInput, match="plain head as it is"):
        merged(heads["plain"], heads["plain"], seed=1)
