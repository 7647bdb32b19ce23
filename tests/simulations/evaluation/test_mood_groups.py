import numpy as np
import pytest
import torch

from shared_model.head.psychological_state import STATE_FEATURES
from simulations.evaluation import mood_groups as mood_groups_module
from simulations.evaluation.head_ranking import held_out_moments
from simulations.evaluation.held_out import held_out_targets
from simulations.evaluation.mood_groups import FEWEST, explain_by_mood, mood_groups


def states(**answers):
    columns = {name: np.full(len(next(iter(answers.values()))), np.nan) for name in STATE_FEATURES} | answers
    return np.array([columns[name] for name in STATE_FEATURES], dtype=np.float32).T


def test_groups_follow_the_answers():
    half = np.repeat([0.1, 0.5], 40)
    groups = mood_groups(states(valence_variability=half, valence=np.repeat([-0.5, 0.5], 40), arousal=half))
    assert list(groups) == ["steady mood", "variable mood", "low valence", "high arousal"]
    assert groups["steady mood"].tolist() == [True] * 40 + [False] * 40
    assert (groups["variable mood"] == ~groups["steady mood"]).all()
    assert (groups["low valence"] == groups["steady mood"]).all()
    assert (groups["high arousal"] == groups["variable mood"]).all()


def test_who_did_not_answer_is_in_no_group_of_a_mood():
    groups = mood_groups(states(valence=np.repeat([np.nan, 0.9], 40)))
    assert list(groups) == ["unanswered"]
    assert groups["unanswered"].tolist() == [True] * 40 + [False] * 40


@pytest.mark.parametrize(("members", "shown"), [(FEWEST - 1, False), (FEWEST, True)])
def test_a_group_of_few_moments_is_left_out(members, shown):
    valence = np.r_[np.full(members, -0.9), np.full(100, 0.9)]
    assert ("low valence" in mood_groups(states(valence=valence))) is shown


@pytest.mark.parametrize("kind", ["plain", "dense", "no modalities"])
def test_means_are_over_the_moments_of_a_group(kind, models, dataset, paths, counted, monkeypatch):
    monkeypatch.setattr(mood_groups_module, "FEWEST", 3)
    targets = held_out_targets(dataset.private)
    held_out = held_out_moments(dataset.private, targets, paths=paths, counted=counted)
    model = models[kind]
    attention, shares = explain_by_mood(model, model.vector(), held_out)
    groups = mood_groups(held_out.batch.state.numpy())
    assert {"steady mood", "variable mood", "unanswered"} <= set(groups)
    assert attention["groups"] == shares["groups"] == list(groups)
    assert shares["paths"] == list(model.head.shape.paths)
    assert set(attention) == {"groups", *(name for name, _ in model.head.shape.modalities)}
    with torch.no_grad():
        said = model.head(held_out.rows(slice(None)), model.tables)
    first = said.logits.argmax(1)
    for place, members in enumerate(groups.values()):
        of_paths = np.zeros(len(shares["paths"]))
        for row in np.flatnonzero(members):
            speaks_for = said.contributions[row, :, first[row]].clamp(min=0).numpy()
            of_paths += speaks_for / speaks_for.sum() / members.sum()
        np.testing.assert_allclose(shares["weights"][place], of_paths, atol=1e-5)
        for modality, (name, _) in enumerate(model.head.shape.modalities):
            latest_first = said.attention[members, modality].mean(0).numpy()[::-1]
            np.testing.assert_allclose(attention[name][place], latest_first, atol=1e-6)
