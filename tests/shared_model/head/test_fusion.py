import torch

from shared_model.head.fusion import INITIAL_GATE, Fusion


def fusion(modalities=2):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Fusion(width=3, modalities=modalities, paths=5, context=7, state_width=4)


def test_gates_start_near_their_initial_weight_for_every_path():
    gates = fusion().gates(torch.randn(50, 7), torch.ones(50, 5, dtype=torch.bool))
    initial = torch.nn.functional.softplus(torch.tensor(INITIAL_GATE))
    assert (gates - initial).abs().max() < 0.6


def test_a_gate_is_never_negative_and_zero_for_a_path_that_cannot_be_used():
    made = fusion()
    with torch.no_grad():
        made.gate.bias.fill_(-30.0)
        usable = torch.tensor([[True, False, True, False, True]])
        gates = made.gates(100 * torch.randn(1, 7), usable)
    assert (gates[usable] > 0).all()
    assert not gates[~usable].any()


def test_queries_start_as_what_was_attended_to():
    attended, context = torch.randn(4, 2, 3), torch.randn(4, 7)
    queries, _ = fusion().queries(attended, context)
    assert torch.equal(queries, attended)
