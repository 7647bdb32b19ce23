import torch

from shared_model.head.fusion import INITIAL_GATE, Fusion

CONTEXT, STATE, CHANNELS, CANDIDATES = 7, 4, 3, 5


def fusion(modalities: int = 2) -> Fusion:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Fusion(
            width=3,
            modalities=modalities,
            channels=CHANNELS,
            content_paths=modalities,
            context=CONTEXT,
            state_width=STATE,
        )


def asked(moments: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Evidence, context and state."""
    draw = torch.Generator().manual_seed(seed)
    evidence = torch.rand(moments, CHANNELS, CANDIDATES, generator=draw)
    return evidence, torch.randn(moments, CONTEXT, generator=draw), torch.randn(moments, STATE, generator=draw)


def test_gates_start_near_their_initial_weight_for_every_path_and_channel() -> None:
    content, channels = fusion().gates(*asked(50))
    assert content.shape == (50, 2, CANDIDATES)
    assert channels.shape == (50, CHANNELS, CANDIDATES)
    assert (content - INITIAL_GATE).abs().max() < 0.5
    assert (channels - INITIAL_GATE).abs().max() < 0.5


def test_a_candidate_is_weighed_by_its_own_evidence_whatever_stands_beside_it() -> None:
    made, (evidence, context, state) = fusion(), asked(6)
    whole = torch.cat(made.gates(evidence, context, state), 1)
    for candidate in range(CANDIDATES):
        alone = torch.cat(made.gates(evidence[:, :, candidate : candidate + 1], context, state), 1)
        torch.testing.assert_close(alone[:, :, 0], whole[:, :, candidate])
    assert (whole.std(2) > 0).all()  # evidence has a say in every gate


def test_what_one_channel_says_changes_what_others_count_for() -> None:
    made, (evidence, context, state) = fusion(), asked(6)
    louder = evidence.clone()
    louder[:, 0] += 1
    _, before = made.gates(evidence, context, state)
    _, after = made.gates(louder, context, state)
    assert (before[:, 1:] != after[:, 1:]).any()


def test_evidence_may_come_to_count_against_a_track() -> None:
    made = fusion()
    with torch.no_grad():
        made.gate.bias.fill_(-1.0)
    for gates in made.gates(*asked(9)):
        assert (gates < 0).any()


def test_the_state_has_no_say_until_it_was_learned_from() -> None:
    made, (evidence, context, state) = fusion(), asked(6)
    silent = torch.cat(made.gates(evidence, context, state), 1)
    assert torch.equal(silent, torch.cat(made.gates(evidence, context, 9 * state), 1))
    with torch.no_grad():
        made.state.weight.fill_(0.1)
    assert not torch.equal(silent, torch.cat(made.gates(evidence, context, state), 1))


def test_without_modalities_only_channels_have_gates() -> None:
    content, channels = fusion(modalities=0).gates(*asked(4))
    assert content.shape == (4, 0, CANDIDATES)
    assert channels.shape == (4, CHANNELS, CANDIDATES)


def test_queries_start_as_what_was_attended_to() -> None:
    _, context, state = asked(4)
    attended = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(1))
    queries, fused = fusion().queries(attended, context, state)
    assert torch.equal(queries, attended)
    assert fused.shape == (4, 3)
