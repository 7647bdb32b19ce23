import torch

from shared_model.head.fusion import INITIAL_GATE, Fusion


def fusion(modalities=2):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Fusion(
            width=3, modalities=modalities, content_paths=modalities, memory_paths=3, context=7, state_width=4
        )


def test_gates_start_near_their_initial_weight_for_every_path():
    content, memory = fusion().gates(torch.randn(50, 7))
    assert content.shape == (50, 2)
    assert memory.shape == (50, 2, 3)
    initial = torch.nn.functional.softplus(torch.tensor(INITIAL_GATE))
    assert (content - initial).abs().max() < 0.6
    assert (memory - initial).abs().max() < 0.6


def test_a_gate_is_never_negative():
    made = fusion()
    with torch.no_grad():
        made.gate.bias.fill_(-30.0)
    for gates in made.gates(100 * torch.randn(9, 7)):
        assert (gates > 0).all()


def test_without_modalities_only_memory_paths_have_gates():
    content, memory = fusion(modalities=0).gates(torch.randn(4, 7))
    assert content.shape == (4, 0)
    assert memory.shape == (4, 2, 3)


def test_queries_start_as_what_was_attended_to():
    attended, context = torch.randn(4, 2, 3), torch.randn(4, 7)
    queries, _ = fusion().queries(attended, context)
    assert torch.equal(queries, attended)
