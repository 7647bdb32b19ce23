from dataclasses import replace

import numpy as np
import pytest
import torch

from shared_model.errors import BadInput
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.memory_paths import MEMORY_PATHS, fit_public_statistics, memory_evidence
from shared_model.head.parameters import ParameterLayout
from shared_model.training.local_update import Model, loss
from simulations.evaluation.held_out import HELD_OUT, VALIDATION, training_part
from simulations.pretraining.release_0 import (
    FOLDS,
    Pretraining,
    latest_positions,
    public_examples,
    train_release_0,
)

PRETRAINING = Pretraining(learning_rate=0.02, batch_size=16, epochs=3, candidates=44, max_examples=20)


@pytest.fixture(scope="module")
def public(dataset):
    return public_examples(dataset.public, catalogue=dataset.catalogue, pretraining=PRETRAINING, seed=0)


def fresh(heads):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AttentiveFusionHead(heads["plain"].shape)


def trained(heads, tables, public, seed=0, progress=lambda share: None):
    head = fresh(heads)
    train_release_0(head, tables, public, pretraining=PRETRAINING, seed=seed, progress=progress)
    return head


def test_each_listeners_evidence_is_counted_on_the_other_fold(dataset, public):
    row = 0
    transitions = MEMORY_PATHS.index("transitions")
    for fold in range(FOLDS):
        others = [history.tracks for place, history in enumerate(dataset.public) if place % FOLDS != fold]
        statistics = fit_public_statistics(others, size=50)
        for history in dataset.public[fold::FOLDS]:
            positions = latest_positions(training_part(history), PRETRAINING.max_examples)
            contexts = [history.tracks[:position] for position in positions]
            dense = torch.from_numpy(memory_evidence(contexts, statistics, dataset.catalogue).dense(slice(None)))
            rows = slice(row, row + len(positions))
            expected = dense.gather(2, public.batch.candidates[rows][:, None].expand(-1, 6, -1))
            assert torch.equal(public.batch.evidence[rows], expected.half())
            row += len(positions)
    assert row == len(public.weight)
    assert public.batch.evidence[:, transitions].any()


def test_seeded_bug_evidence_that_knows_the_answer_would_be_seen(dataset, public):
    """Counted on everyone, the transition that is to be foreseen is always there; on the other fold it need not be."""
    answers = public.batch.evidence[:, MEMORY_PATHS.index("transitions"), 0]
    assert (answers == 0).any()
    everyone = fit_public_statistics([history.tracks for history in dataset.public], size=50)
    history = dataset.public[0]
    positions = latest_positions(training_part(history), 20)
    dense = memory_evidence([history.tracks[:at] for at in positions], everyone, dataset.catalogue).dense(slice(None))
    assert (dense[np.arange(20), MEMORY_PATHS.index("transitions"), history.tracks[positions]] > 0).all()


def test_the_newest_plays_of_public_listeners_are_not_learned_from(dataset, public):
    """The held-out plays of the first fold become others; its evidence is counted elsewhere, so nothing else does."""
    held_out = HELD_OUT + VALIDATION
    changed = list(dataset.public)
    for place in range(0, len(changed), FOLDS):
        tracks = changed[place].tracks.copy()
        tracks[-held_out:] = (tracks[-held_out:] + 11) % 50
        changed[place] = replace(changed[place], tracks=tracks)
    again = public_examples(changed, catalogue=dataset.catalogue, pretraining=PRETRAINING, seed=0)
    of_its_fold = slice(0, len(dataset.public[::FOLDS]) * 20)
    assert torch.equal(again.batch.candidates[of_its_fold], public.batch.candidates[of_its_fold])
    assert torch.equal(again.batch.evidence[of_its_fold], public.batch.evidence[of_its_fold])
    assert torch.equal(again.batch.history[of_its_fold], public.batch.history[of_its_fold])


@pytest.mark.parametrize(
    ("plays", "limit", "expected"), [(5, 3, [2, 3, 4]), (5, 9, [1, 2, 3, 4]), (1, 9, []), (0, 9, [])]
)
def test_the_latest_positions_each_have_a_play_before_them(plays, limit, expected, dataset):
    assert latest_positions(dataset.public[0].before(plays), limit).tolist() == expected


@pytest.mark.parametrize("listeners", [1, FOLDS - 1])
def test_fewer_listeners_than_folds_are_enough(listeners, dataset):
    few = dataset.public[:listeners]
    made = public_examples(few, catalogue=dataset.catalogue, pretraining=PRETRAINING, seed=0)
    assert len(made.weight) == 20 * listeners


def test_public_listening_with_nothing_to_learn_from_is_refused(dataset):
    for public in ((), (dataset.public[0].before(16),)):
        with pytest.raises(BadInput, match="public listeners has plays to learn from"):
            public_examples(public, catalogue=dataset.catalogue, pretraining=PRETRAINING, seed=0)


def test_training_lowers_the_loss(heads, tables, public):
    def measured(head):
        layout = ParameterLayout.of(head, tuple(name for name, _ in head.named_parameters()))
        with torch.no_grad():
            return float(loss(Model(head=head, tables=tables, layout=layout), dict(head.named_parameters()), public))

    assert measured(trained(heads, tables, public)) < 0.95 * measured(fresh(heads))


def test_a_seed_fixes_release_0(heads, tables, public):
    torch.manual_seed(1)
    one = trained(heads, tables, public).state_dict()
    torch.manual_seed(2)
    again, other = trained(heads, tables, public).state_dict(), trained(heads, tables, public, seed=1).state_dict()
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_public_listening_teaches_nothing_about_moods(heads, tables, public):
    head = trained(heads, tables, public)
    assert head.fusion.mix.weight.any()
    assert not head.fusion.gate_hidden.weight[:, :16].any()
    assert not head.fusion.mix_hidden.weight[:, 12:28].any()
    assert not any(attention.state.weight.any() for attention in head.attention)


def test_progress_rises_to_one(heads, tables, public):
    told = []
    trained(heads, tables, public, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) == 3 * -(-len(public.weight) // 16)
