import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.head.temporal_attention import QUERY_LISTENS, TemporalAttention

LENGTH, WIDTH, STATE = 6, 5, 4
heards = st.lists(st.lists(st.booleans(), min_size=LENGTH, max_size=LENGTH), min_size=1, max_size=5)


def attention(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = TemporalAttention(width=WIDTH, attention_width=3, state_width=STATE)
        with torch.no_grad():
            made.state.weight.normal_()
            made.energy.weight.normal_(std=2)
    return made


def moments(heard, seed=0):
    draw = torch.Generator().manual_seed(seed)
    heard = torch.tensor(heard)
    count = len(heard)
    return (
        torch.randn(count, LENGTH, WIDTH, generator=draw),
        heard,
        100 * torch.rand(count, LENGTH, generator=draw),
        torch.randn(count, STATE, generator=draw),
    )


def slow(module, listens, heard, hours, state):
    """One moment at a time, by the formulas of Bahdanau et al. 2015 and a power law of recency."""
    weight = {name: tensor.detach().double().numpy() for name, tensor in module.named_parameters()}
    contexts, attended = [], []
    moments_apart = zip(*(tensor.double().numpy() for tensor in (listens, heard, hours, state)), strict=True)
    for vectors, known, ago, answers in moments_apart:
        places = [place for place in range(LENGTH) if known[place]]
        latest = [vectors[place] for place in places if place >= LENGTH - QUERY_LISTENS]
        query = np.mean(latest, axis=0) if latest else np.zeros(WIDTH)
        energies = []
        for place in places:
            hidden = weight["key.weight"] @ vectors[place] + weight["key.bias"]
            hidden += weight["query.weight"] @ query + weight["state.weight"] @ answers
            recency = weight["recency.weight"][0] @ [np.log(LENGTH - place), np.log(1 + ago[place])]
            energies.append(weight["energy.weight"][0] @ np.tanh(hidden) + recency)
        weights = np.zeros(LENGTH)
        if places:
            exponentials = np.exp(np.array(energies) - max(energies))
            weights[places] = exponentials / exponentials.sum()
        attended.append(weights)
        contexts.append(weights @ vectors)
    return np.array(contexts), np.array(attended)


@settings(deadline=None)
@given(heard=heards, seed=st.integers(0, 1000))
def test_it_agrees_with_the_formulas_one_moment_at_a_time(heard, seed):
    module, inputs = attention(seed), moments(heard, seed)
    with torch.no_grad():
        context, weights = module(*inputs)
    expected_context, expected_weights = slow(module, *inputs)
    np.testing.assert_allclose(weights, expected_weights, atol=2e-6)
    np.testing.assert_allclose(context, expected_context, atol=5e-6)


@settings(deadline=None)
@given(heard=heards)
def test_weights_sum_to_one_over_what_was_heard_and_to_zero_where_nothing_was(heard):
    context, weights = attention()(*moments(heard))
    heard = torch.tensor(heard)
    torch.testing.assert_close(weights.sum(1), heard.any(1).float())
    assert not weights[~heard].any()
    assert not context[~heard.any(1)].any()


@pytest.mark.parametrize("size", [1.0, 1e20, -1e20])
def test_what_was_not_heard_has_no_influence_whatever_its_vector(size):
    heard = [[True, False, True, True, False, True], [False] * LENGTH, [False, False, False, False, False, True]]
    listens, heard, hours, state = moments(heard)
    plain = attention()(listens, heard, hours, state)
    other = attention()(torch.where(heard[..., None], listens, size), heard, hours, state)
    assert torch.equal(plain[0], other[0])
    assert torch.equal(plain[1], other[1])


def test_by_recency_alone_a_weight_falls_with_the_root_of_steps_and_hours():
    module = attention()
    with torch.no_grad():
        module.energy.weight.zero_()
    listens, heard, hours, state = moments([[True] * LENGTH])
    _, weights = module(listens, heard, hours, state)
    expected = (torch.arange(LENGTH, 0, -1) * (1 + hours)) ** -0.5  # the term starts at -0.5 log of either
    torch.testing.assert_close(weights, expected / expected.sum())


def test_without_recency_the_order_of_what_is_older_than_the_query_does_not_matter():
    module = attention()
    with torch.no_grad():
        module.recency.weight.zero_()
    listens, heard, hours, state = moments([[True] * LENGTH])
    turned = [2, 0, 1, 3, 4, 5]
    context, weights = module(listens, heard, hours, state)
    other_context, other_weights = module(listens[:, turned], heard, hours[:, turned], state)
    torch.testing.assert_close(other_context, context)
    torch.testing.assert_close(other_weights, weights[:, turned])


def test_before_training_every_state_gets_the_same_attention():
    untrained = TemporalAttention(width=WIDTH, attention_width=3, state_width=STATE)
    listens, heard, hours, state = moments([[True] * LENGTH] * 3)
    assert torch.equal(
        untrained(listens, heard, hours, state)[1], untrained(listens, heard, hours, torch.zeros_like(state))[1]
    )
