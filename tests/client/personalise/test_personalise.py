import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine, select

from client.consent.kinds import MoodConsent
from client.consent.purpose import Purpose
from client.personalise import tune as tuning
from client.personalise.evaluate import FEWEST_PLAYS
from client.personalise.kept import head_in_use, tuned_heads
from client.personalise.personalise import personalise
from client.personalise.tune import PERSONAL, tune
from client.recommend.recommender import Recommender
from client.store.tables import personal_heads
from shared_model.errors import BadInput
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.release_0.release import Release0
from tests.client.recommend.small import LISTENING, heard, only, receipt, small

CYCLE = np.arange(60) % 10
"""Plays in a fixed order: what comes next is what came after it before."""


def recommender(release: Release0, played, *, states=None) -> Recommender:
    shelf = replace(small(), release=release).shelf()
    return Recommender.prepare(shelf, release.head, replace(heard(played), states=states), consent=LISTENING)


def stored(history: Engine) -> list[bytes]:
    with history.connect() as connection:
        return list(connection.execute(select(personal_heads.c.tensors).order_by(personal_heads.c.id)).scalars())


def test_what_is_personal_is_tuned_and_nothing_else(release: Release0) -> None:
    asked = recommender(release, CYCLE)
    draw = np.random.default_rng(0)
    found = tune(release.head, asked.shelf.collection, asked.history, consent=LISTENING, generator=draw)
    changed = {
        name for name, numbers in found.parameters.items() if not np.array_equal(numbers, release.head.parameters[name])
    }
    assert {"fusion.gate.weight", "fusion.gate.bias"} <= changed
    assert all(PERSONAL.match(name) for name in changed)
    assert not any("state" in name for name in changed)  # nobody answered


def test_the_tuned_copy_foresees_what_it_learned(release: Release0) -> None:
    release = replace(release, head=only(release, "popularity"))
    asked = recommender(release, CYCLE)
    draw = np.random.default_rng(0)
    tuned = tune(release.head, asked.shelf.collection, asked.history, consent=LISTENING, generator=draw)
    followed = release.head.shape.paths.index("own_sequence")
    moment = asked.recollection.moment(asked.history, now_s=2e9, shortlist=512)
    came = moment.candidates[0] == 0
    said = [replace(asked, head=head).score(moment).contributions[0, followed, came] for head in (release.head, tuned)]
    assert said[1] > said[0]


def test_held_out_plays_teach_nothing(history: Engine, release: Release0) -> None:
    states = np.full((60, len(STATE_FEATURES)), 0.5, np.float32)
    personalise(recommender(release, CYCLE, states=states), history, made_at_s=7)
    other, other_states = CYCLE.copy(), states.copy()
    other[48:], other_states[48:] = np.random.default_rng(3).integers(10, 20, size=12), -1
    personalise(recommender(release, other, states=other_states), history, made_at_s=7)
    first, second = stored(history)
    assert first == second
    assert tuned_heads(history)[0].evaluation["tuned"] != tuned_heads(history)[1].evaluation["tuned"]
    assert [head.evaluation["moods"] for head in tuned_heads(history)] == [True, True]


def test_the_same_moment_gives_the_same_copy_and_what_is_said_is_what_is_kept(history, release) -> None:
    found = [personalise(recommender(release, CYCLE), history, made_at_s=5) for _ in range(2)]
    first, second = stored(history)
    assert first == second
    assert [head.evaluation for head in reversed(tuned_heads(history))] == [each.as_json() for each in found]
    assert found[0].as_json()["moods"] is False
    assert found[0].release.plays == 12


def test_a_copy_that_is_clearly_better_is_taken_and_one_that_is_not_puts_the_release_back(
    history: Engine, release: Release0, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = replace(release, head=only(release, "popularity"))
    asked = recommender(release, CYCLE)
    monkeypatch.setattr(tuning, "tune", lambda *_, **__: only(release, "own_next"))
    found = personalise(asked, history, made_at_s=1)
    assert found.taken
    assert found.tuned.mrr_20 == 1
    assert found.compared.higher > 6
    assert found.compared.lower == 0
    assert head_in_use(history, release, moods=True) is not None
    monkeypatch.setattr(tuning, "tune", lambda *_, **__: release.head)
    found = personalise(asked, history, made_at_s=2)
    assert not found.taken
    assert found.compared.chance == 1
    assert head_in_use(history, release, moods=True) is None


def test_too_little_to_learn_from_is_a_sentence_and_changes_nothing(
    history: Engine, release: Release0, monkeypatch
) -> None:
    with pytest.raises(BadInput, match=f"it takes {FEWEST_PLAYS} plays to learn from, and there are 39"):
        personalise(recommender(release, CYCLE[:39]), history, made_at_s=1)
    with pytest.raises(BadInput, match="there are 0"):
        personalise(recommender(release, []), history, made_at_s=1)
    monkeypatch.setattr(tuning, "tune", lambda *_, **__: None)
    with pytest.raises(BadInput, match="none teaches it"):
        personalise(recommender(release, CYCLE), history, made_at_s=1)
    assert tuned_heads(history) == []


def test_one_play_teaches_nothing(release: Release0) -> None:
    asked = recommender(release, [3])
    draw = np.random.default_rng(0)
    assert tune(release.head, asked.shelf.collection, asked.history, consent=LISTENING, generator=draw) is None


def test_tuning_needs_the_consent_to_learn_from_listening(release: Release0) -> None:
    asked, draw = recommender(release, CYCLE), np.random.default_rng(0)
    with pytest.raises(TypeError):
        tune(release.head, asked.shelf.collection, asked.history, generator=draw)
    other = MoodConsent(receipt(Purpose.MOOD))
    with pytest.raises(AssertionError):
        tune(release.head, asked.shelf.collection, asked.history, consent=other, generator=draw)


def test_torch_is_imported_where_it_is_tuned_and_nowhere_before() -> None:
    program = (
        "import sys, client.personalise.personalise, client.personalise.kept, client.recommend.ask\n"
        "assert 'torch' not in sys.modules\n"
        "import client.personalise.tune\n"
        "assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
