from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.head.batch import HISTORY_LENGTH
from shared_model.head.memory_paths import memory_evidence
from shared_model.history import History
from shared_model.training import examples as examples_module
from shared_model.training.examples import build_examples, by_listener, moments, take
from simulations.evaluation.held_out import training_part
from simulations.pretraining.release_0 import latest_positions


def built(dataset, statistics, histories=None, candidates=44, seed=3, positions=None):
    histories = dataset.private if histories is None else histories
    positions = [latest_positions(history, 12) for history in histories] if positions is None else positions
    return build_examples(
        histories,
        positions,
        statistics=statistics,
        catalogue=dataset.catalogue,
        candidates=candidates,
        generator=np.random.default_rng(seed),
    )


def same(one, other):
    fields = zip((*one.batch, *one[1:]), (*other.batch, *other[1:]), strict=True)
    return all(torch.equal(a.nan_to_num(-9.0), b.nan_to_num(-9.0)) for a, b in fields)


@pytest.mark.parametrize("listener", range(8))
def test_a_moment_is_what_was_known_before_the_play(listener, dataset):
    history = dataset.private[listener]
    positions = np.arange(1, len(history))
    found = moments(history, positions, dataset.catalogue)
    for row, position in enumerate(positions):
        listens = history.tracks[max(0, position - HISTORY_LENGTH) : position].tolist()
        missing = HISTORY_LENGTH - len(listens)
        assert found["history"][row].tolist() == [-1] * missing + listens
        hours = [0.0] * HISTORY_LENGTH
        if history.started_at_s is not None:
            hours[missing:] = [
                (history.started_at_s[position] - before) / 3600
                for before in history.started_at_s[position - len(listens) : position]
            ]
        np.testing.assert_allclose(found["hours"][row], hours, rtol=1e-6)
        unanswered = np.full(8, np.nan) if history.states is None else history.states[position]
        np.testing.assert_array_equal(found["state"][row], unanswered)


@settings(deadline=None, max_examples=50)
@given(listener=st.integers(0, 7), position=st.integers(1, 15), seed=st.integers(0, 2**32))
def test_nothing_played_at_or_after_the_moment_is_seen(dataset, statistics, listener, position, seed):
    """All later plays, times and answers are changed; the moment keeps the time and state that precede the play."""
    history, draw = dataset.private[listener], np.random.default_rng(seed)
    later = draw.integers(50, size=(len(history) - position) + int(draw.integers(5)))
    extra = position + len(later) - len(history)
    times = history.started_at_s
    states = history.states
    if times is not None:
        times = np.r_[times[: position + 1], times[position] + draw.exponential(9e4, size=len(later) - 1).cumsum()]
    if states is not None:
        states = np.r_[states[: position + 1], draw.normal(size=(len(later) - 1, 8)).astype(np.float32)]
    changed = replace(history, tracks=np.r_[history.tracks[:position], later], started_at_s=times, states=states)
    assert len(changed) == len(history) + extra
    at = np.array([position])
    before, after = (moments(plays, at, dataset.catalogue) for plays in (history, changed))
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])
    evidence = [
        memory_evidence([plays.tracks[:position]], statistics, dataset.catalogue).dense(slice(None))
        for plays in (history, changed)
    ]
    np.testing.assert_array_equal(*evidence)


def test_what_comes_after_the_latest_example_changes_no_example(dataset, statistics):
    histories = dataset.private
    positions = [latest_positions(training_part(history), 12) for history in histories]
    draw = np.random.default_rng(0)
    ends = [len(training_part(history)) for history in histories]
    changed = [
        replace(history, tracks=np.r_[history.tracks[:end], draw.integers(50, size=len(history) - end)])
        for history, end in zip(histories, ends, strict=True)
    ]
    assert any((one.tracks != other.tracks).any() for one, other in zip(histories, changed, strict=True))
    assert same(
        built(dataset, statistics, positions=positions), built(dataset, statistics, changed, positions=positions)
    )


def test_the_first_candidate_is_the_play_that_came_and_no_other_counts_twice(dataset, statistics):
    found = built(dataset, statistics)
    positions = [latest_positions(history, 12) for history in dataset.private]
    played = np.concatenate([h.tracks[at] for h, at in zip(dataset.private, positions, strict=True)])
    assert found.batch.candidates[:, 0].tolist() == played.tolist()
    for tracks, corrections in zip(found.batch.candidates.tolist(), found.correction.tolist(), strict=True):
        for place, (track, correction) in enumerate(zip(tracks, corrections, strict=True)):
            assert (correction == -np.inf) == (track in tracks[:place])


def test_evidence_is_that_of_the_candidates(dataset, statistics):
    found = built(dataset, statistics)
    positions = [latest_positions(history, 12) for history in dataset.private]
    contexts = [h.tracks[:p] for h, at in zip(dataset.private, positions, strict=True) for p in at]
    dense = torch.from_numpy(memory_evidence(contexts, statistics, dataset.catalogue).dense(slice(None)))
    expected = dense.gather(2, found.batch.candidates[:, None].expand(-1, 6, -1))
    torch.testing.assert_close(found.batch.evidence, expected.half(), atol=0, rtol=0)


def test_candidates_hold_the_strongest_of_each_path(dataset, statistics):
    history = dataset.private[0]
    found = built(dataset, statistics, [history])
    contexts = [history.tracks[:position] for position in latest_positions(history, 12)]
    dense = memory_evidence(contexts, statistics, dataset.catalogue).dense(slice(None))
    for row in range(len(contexts)):
        for path in dense[row]:
            worth_it = np.flatnonzero(path > np.sort(path)[-examples_module.STRONGEST - 1])
            assert set(worth_it.tolist()) <= set(found.batch.candidates[row].tolist())


@pytest.mark.parametrize(("asked", "given"), [(64, 64), (38, 38), (32, 38)])
def test_at_least_one_candidate_is_drawn(asked, given, dataset, statistics):
    assert built(dataset, statistics, candidates=asked).batch.candidates.shape[1] == given


def test_the_sampled_softmax_is_the_full_one_when_the_candidates_cover_the_catalogue(dataset, statistics):
    found = built(dataset, statistics, candidates=2000)
    scores = torch.randn(len(found.weight), 50, generator=torch.Generator().manual_seed(0))
    sampled = scores.gather(1, found.batch.candidates) + found.correction
    expected = scores.log_softmax(1).gather(1, found.batch.candidates[:, :1])
    torch.testing.assert_close(sampled.log_softmax(1)[:, :1], expected, atol=1e-5, rtol=1e-5)


def test_few_candidates_estimate_the_sum_over_the_catalogue_without_bias(dataset, statistics):
    """The Horvitz-Thompson estimator: each track weighs one over its chance to stand in the row."""
    history = dataset.private[0]
    scores = torch.randn(50, generator=torch.Generator().manual_seed(0))
    moment = np.repeat(20, 4000)  # 4,000 draws for one moment
    found = built(dataset, statistics, [history], candidates=60, positions=[moment])
    estimates = (scores[found.batch.candidates] + found.correction).exp().sum(1).double()
    expected = scores.double().exp().sum()
    standard_error = estimates.std() / len(estimates) ** 0.5
    assert standard_error < 0.01 * expected
    assert abs(estimates.mean() - expected) < 4 * standard_error


def test_batches_of_moments_change_nothing_but_the_draws(dataset, statistics, monkeypatch):
    whole = built(dataset, statistics, candidates=3000)
    monkeypatch.setattr(examples_module, "NUMBERS_AT_ONCE", 5 * 50)
    parts = built(dataset, statistics, candidates=3000)
    for name in ("history", "hours", "state", "moment"):
        assert torch.equal(getattr(whole.batch, name).nan_to_num(-9), getattr(parts.batch, name).nan_to_num(-9))
    assert torch.equal(whole.batch.candidates[:, :37], parts.batch.candidates[:, :37])


def test_a_seed_fixes_the_examples(dataset, statistics):
    assert same(built(dataset, statistics), built(dataset, statistics))
    assert not same(built(dataset, statistics), built(dataset, statistics, seed=4))


def test_neither_global_seed_has_a_say(dataset, statistics):
    before = built(dataset, statistics)
    np.random.seed(99)
    torch.manual_seed(99)
    assert same(before, built(dataset, statistics))


def test_listeners_are_padded_to_the_public_number_with_weight_zero(dataset, statistics):
    learned_from = [training_part(history) for history in dataset.private]
    counts = [len(latest_positions(history, 12)) for history in learned_from]
    assert counts == [12, 0, 12, 12, 1, 12, 12, 0]
    flat = built(dataset, statistics, learned_from)
    padded = by_listener(flat, counts, nominal=15)
    assert padded.weight.shape == (8, 15)
    assert padded.weight.sum(1).tolist() == counts
    ends = np.cumsum(counts)
    for listener, (end, count) in enumerate(zip(ends, counts, strict=True)):
        own = take(flat, slice(end - count, end))
        assert same(take(take(padded, torch.tensor(listener)), slice(0, count)), own)
    assert padded.batch.history.shape == (8, 15, HISTORY_LENGTH)


def test_of_more_examples_than_the_public_number_the_first_are_kept(dataset, statistics):
    flat = built(dataset, statistics, dataset.private[:1])
    assert same(take(by_listener(flat, [12], nominal=5), torch.tensor(0)), take(flat, slice(0, 5)))


def test_a_log_without_times_and_moods_is_read_as_such(dataset):
    bare = History(listener="a", tracks=np.arange(30))
    found = moments(bare, np.array([1, 25, 30]), dataset.catalogue)
    assert not found["hours"].any()
    assert np.isnan(found["state"]).all()
