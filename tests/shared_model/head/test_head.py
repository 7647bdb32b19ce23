from dataclasses import replace

import numpy as np
import pytest
import torch

from shared_model.head.head import AttentiveFusionHead, HeadShape
from shared_model.head.temporal_attention import QUERY_LISTENS
from shared_model.memory.channels import CHANNELS, CHANNELS_OF, MEMORY_PATHS
from simulations.scenario import ModelSection

KINDS = ["plain", "dense", "no modalities", "adapter"]
LYRICS_AND_AUDIO = (("lyrics", 384), ("audio", 64))
FROM_STATE = {
    "fusion.state.weight",
    "fusion.mix_state.weight",
    "attention.0.state.weight",
    "attention.1.state.weight",
}


def said(model, batch, tables=None):
    with torch.no_grad():
        return model.head(batch, model.tables if tables is None else tables)


def slow_logits(head, batch, tables, row):
    """The logits of one moment over the whole catalogue, by the formulas, in numpy and float64, one track at a time."""
    weight = {name: tensor.detach().double().numpy() for name, tensor in head.named_parameters()}
    history, hours = batch.history[row].numpy(), batch.hours[row].double().numpy()
    answers = batch.state[row].double().numpy()
    state = np.r_[[0.0 if np.isnan(answer) else answer for answer in answers], ~np.isnan(answers)]
    length = len(history)
    contexts, heard_any, modalities = [], [], len(head.shape.modalities)
    for m in range(modalities):
        vectors, present = tables.history[m].double().numpy(), tables.present[m].numpy()
        places = [place for place in range(length) if history[place] >= 0 and present[history[place]]]
        listens = {place: weight[f"inward.{m}.weight"] @ vectors[history[place]] for place in places}
        latest = [listens[place] for place in places if place >= length - QUERY_LISTENS]
        query = np.mean(latest, axis=0) if latest else np.zeros(head.shape.width)
        energies = []
        for place in places:
            hidden = weight[f"attention.{m}.key.weight"] @ listens[place] + weight[f"attention.{m}.key.bias"]
            hidden += weight[f"attention.{m}.query.weight"] @ query + weight[f"attention.{m}.state.weight"] @ state
            recency = weight[f"attention.{m}.recency.weight"][0] @ [np.log(length - place), np.log1p(hours[place])]
            energies.append(weight[f"attention.{m}.energy.weight"][0] @ np.tanh(hidden) + recency)
        shares = np.exp(energies) / np.sum(np.exp(energies))
        contexts.append(
            sum((s * listens[place] for s, place in zip(shares, places, strict=True)), np.zeros(head.shape.width))
        )
        heard_any.append(float(bool(places)))
    context = np.r_[heard_any, batch.moment[row].double().numpy(), batch.record[row].double().numpy()]
    paths = []
    if modalities:
        fused = np.maximum(
            weight["fusion.mix_hidden.weight"] @ np.r_[np.concatenate(contexts), context]
            + weight["fusion.mix_hidden.bias"]
            + weight["fusion.mix_state.weight"] @ state,
            0,
        )
        mixed = (weight["fusion.mix.weight"] @ fused + weight["fusion.mix.bias"]).reshape(modalities, -1)
    if head.shape.dense_tracks:
        paths.append((weight["dense.weight"] @ fused + weight["dense.bias"]) * max(heard_any))
    else:
        for m in range(modalities):
            vectors, present = tables.candidates[m].double().numpy(), tables.present[m].numpy()
            query = weight[f"outward.{m}.weight"] @ (contexts[m] + mixed[m])
            paths.append(vectors @ query * present * heard_any[m])
    evidence = batch.evidence[row].double().numpy()
    logits = []
    for track in range(evidence.shape[1]):
        hidden = weight["fusion.evidence.weight"] @ evidence[:, track] + weight["fusion.evidence.bias"]
        hidden += weight["fusion.context.weight"] @ context + weight["fusion.state.weight"] @ state
        gates = weight["fusion.gate.weight"] @ np.maximum(hidden, 0) + weight["fusion.gate.bias"]
        logits.append(gates @ np.r_[[path[track] for path in paths], evidence[:, track]])
    return logits


@pytest.mark.parametrize("kind", ["plain", "dense", "no modalities"])
def test_the_logits_agree_with_the_formulas_one_moment_at_a_time(kind, models, batch):
    model = models[kind]
    expected = np.array([slow_logits(model.head, batch, model.tables, row) for row in range(len(batch.history))])
    logits = said(model, batch).logits
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(logits, expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_of_the_paths_sum_to_the_logits(kind, models, batch):
    output = said(models[kind], batch)
    assert output.contributions.shape == (20, len(models[kind].head.shape.paths), 50)
    torch.testing.assert_close(output.contributions.sum(1), output.logits)


@pytest.mark.parametrize("kind", KINDS)
def test_the_share_of_a_memory_path_is_that_of_its_channels(kind, models, batch):
    """Evidence of other paths still has a say in the gates, but what it adds is counted elsewhere."""
    shape = models[kind].head.shape
    for path, channels in CHANNELS_OF.items():
        of_path = torch.tensor([CHANNELS.index(channel) for channel in channels])
        silent = batch._replace(evidence=batch.evidence.index_fill(1, of_path, 0))
        contributions = said(models[kind], silent).contributions
        place = shape.paths.index(path)
        assert not contributions[:, place].any()
        others = [other for other in range(len(shape.paths) - len(MEMORY_PATHS), len(shape.paths)) if other != place]
        assert contributions[:, others].abs().amax((0, 2)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_candidates_are_scored_as_they_are_in_the_whole_catalogue(kind, models, batch):
    candidates = torch.randint(50, (20, 9), generator=torch.Generator().manual_seed(0))
    evidence = batch.evidence.gather(2, candidates[:, None].expand(-1, len(CHANNELS), -1))
    some = batch._replace(candidates=candidates, evidence=evidence)
    whole, part = said(models[kind], batch), said(models[kind], some)
    torch.testing.assert_close(part.logits, whole.logits.gather(1, candidates), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(part.attention, whole.attention)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_modality_has_no_influence(kind, models, batch):
    model = models[kind]
    planted = [
        tuple(
            torch.where(present[:, None], rows, 1e3) for rows, present in zip(table, model.tables.present, strict=True)
        )
        for table in (model.tables.history, model.tables.candidates)
    ]
    other = model.tables._replace(history=planted[0], candidates=planted[1])
    some = batch._replace(candidates=torch.arange(50).expand(20, 50).flip(1))
    for asked in (batch, some):
        for plain, changed in zip(said(model, asked), said(model, asked, other), strict=True):
            assert torch.equal(plain, changed)


def test_a_track_without_a_modality_has_no_contribution_from_it(models, batch):
    content = said(models["plain"], batch).contributions[:, :2]
    for path, present in enumerate(models["plain"].tables.present):
        assert not content[:, path, ~present].any()
        assert content[:, path, present].any()


@pytest.mark.parametrize("kind", KINDS)
def test_unanswered_questions_are_masked_and_never_become_nan(kind, models, batch):
    unanswered = torch.full_like(batch.state, torch.nan)
    some = batch._replace(state=torch.where(torch.arange(8) % 2 == 0, batch.state, torch.nan))
    for state in (unanswered, some.state, batch.state):
        assert all(part.isfinite().all() for part in said(models[kind], batch._replace(state=state)))
    answered_in_the_middle = said(models[kind], batch._replace(state=torch.zeros_like(batch.state)))
    assert not torch.equal(answered_in_the_middle.logits, said(models[kind], batch._replace(state=unanswered)).logits)


@pytest.mark.parametrize("kind", KINDS)
def test_listens_that_never_were_give_the_memory_paths_alone(kind, models, batch):
    silent = batch._replace(history=torch.full_like(batch.history, -1))
    output = said(models[kind], silent)
    content = len(models[kind].head.shape.paths) - len(MEMORY_PATHS)
    assert not output.attention.any()
    assert not output.contributions[:, :content].any()
    assert output.contributions[:, content:].any()


@pytest.mark.parametrize("dense_tracks", [None, 50])
def test_the_state_changes_nothing_before_moods_were_learned_from(dense_tracks, heads, models, batch):
    shape = replace(heads["plain"].shape, dense_tracks=dense_tracks)
    head = AttentiveFusionHead(shape)
    with torch.no_grad():
        for name, parameter in head.named_parameters():
            if name not in FROM_STATE:  # no gradient reaches these while nobody is asked
                parameter += torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0))
    tables = models["plain"].tables
    asked, unasked = (batch._replace(state=state) for state in (batch.state, torch.full_like(batch.state, torch.nan)))
    with torch.no_grad():
        assert not batch.state.isnan().all()
        assert torch.equal(head(asked, tables).logits, head(unasked, tables).logits)


def test_training_on_unanswered_moments_leaves_no_trace_in_what_reads_the_state(heads, models, batch):
    head = AttentiveFusionHead(heads["plain"].shape)
    unasked = batch._replace(state=torch.full_like(batch.state, torch.nan))
    head(unasked, models["plain"].tables).logits.square().sum().backward()
    assert head.fusion.mix.weight.grad.any()
    gradients = {name: parameter.grad for name, parameter in head.named_parameters()}
    assert gradients["fusion.evidence.weight"].any()
    assert not any(gradients[name].any() for name in FROM_STATE)


def test_the_default_head_over_lyrics_and_audio_has_100k_to_300k_parameters():
    model = ModelSection()
    shape = HeadShape(modalities=LYRICS_AND_AUDIO, width=model.width, attention_width=model.attention_width)
    for default in (shape, HeadShape(modalities=LYRICS_AND_AUDIO)):
        assert 100_000 <= sum(parameter.numel() for parameter in AttentiveFusionHead(default).parameters()) <= 300_000


def test_paths_are_named_content_first():
    shape = HeadShape(modalities=LYRICS_AND_AUDIO)
    assert shape.paths == ("lyrics", "audio", *MEMORY_PATHS)
    assert replace(shape, dense_tracks=9).paths == ("dense", *MEMORY_PATHS)
    assert replace(shape, modalities=(), dense_tracks=9).paths == MEMORY_PATHS


def test_half_precision_evidence_is_read_as_it_is(models, batch):
    halved = batch.evidence.half()
    output = said(models["plain"], batch._replace(evidence=halved))
    assert torch.equal(output.logits, said(models["plain"], batch._replace(evidence=halved.float())).logits)
