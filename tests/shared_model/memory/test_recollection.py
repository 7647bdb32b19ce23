from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.errors import BadInput
from shared_model.history import History
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.moments import Moments, read_moments
from shared_model.memory.recollection import recollect
from simulations.datasets.dataset import Dataset

NOTHING = np.empty(0, np.int64)


def assert_same(one: Moments, other: Moments) -> None:
    np.testing.assert_array_equal(one.candidates, other.candidates)
    np.testing.assert_allclose(one.read(one.candidates), other.read(one.candidates), rtol=1e-3)
    for name, field in one.situation._asdict().items():
        np.testing.assert_allclose(getattr(other.situation, name), field, rtol=1e-5, err_msg=name)


@settings(deadline=None, max_examples=40)
@given(listener=st.integers(0, 7), steps=st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_now_is_read_as_the_moment_before_the_play_that_came(
    dataset: Dataset, paths: MemoryPaths, listener: int, steps: list[int]
) -> None:
    """Oracle: `read_moments` at the play that then came. What was recollected before is taken along."""
    history, earlier = dataset.private[listener], None
    for position in np.cumsum(steps):
        if position >= len(history):
            break
        past = history.before(int(position))
        earlier = recollect(past, paths=paths, counted=NOTHING, earlier=earlier)
        now = earlier.moment(
            past,
            now_s=0.0 if history.started_at_s is None else history.started_at_s[position],
            state=None if history.states is None else history.states[position],
            shortlist=20,
        )
        (known,) = read_moments(history, np.array([position]), paths=paths, counted=NOTHING, shortlist=20)
        assert_same(now, known)


def test_what_latest_plays_did_not_change_is_not_worked_out_again(dataset: Dataset, paths: MemoryPaths) -> None:
    history = History(listener="a", tracks=np.array([3, 7, 9, 3]))
    first = recollect(history, paths=paths, counted=NOTHING)
    again = replace(history, tracks=np.array([3, 7, 9, 3, 9]))
    assert recollect(again, paths=paths, counted=NOTHING, earlier=first).around is first.around
    new_track = replace(history, tracks=np.array([3, 7, 9, 3, 8]))
    assert recollect(new_track, paths=paths, counted=NOTHING, earlier=first).around is not first.around
    other_past = replace(history, tracks=np.array([3, 9, 9, 3, 7]))
    anew = recollect(other_past, paths=paths, counted=NOTHING)
    carried = recollect(other_past, paths=paths, counted=NOTHING, earlier=first)
    np.testing.assert_array_equal(carried.said, anew.said)


def test_answers_may_come_when_none_were_asked_before(dataset: Dataset, paths: MemoryPaths) -> None:
    history, state = History(listener="a", tracks=np.array([3, 7])), np.full(8, 0.5, np.float32)
    past = recollect(history, paths=paths, counted=NOTHING)
    assert (past.moment(history, now_s=0, state=state, shortlist=5).situation.state == 0.5).all()
    assert np.isnan(past.moment(history, now_s=0, shortlist=5).situation.state).all()


def test_among_some_tracks_only_they_are_listed(dataset: Dataset, paths: MemoryPaths) -> None:
    history, among = dataset.private[0], np.zeros(50, np.bool_)
    among[[1, 4, 30]] = True
    found = recollect(history, paths=paths, counted=NOTHING).moment(history, now_s=2e9, shortlist=20, among=among)
    assert set(found.candidates[0].tolist()) == {1, 4, 30}


def test_nothing_played_and_other_plays_are_refused(dataset: Dataset, paths: MemoryPaths) -> None:
    with pytest.raises(BadInput, match="nothing was played yet"):
        recollect(History(listener="a", tracks=NOTHING), paths=paths, counted=NOTHING)
    past = recollect(dataset.private[0], paths=paths, counted=NOTHING)
    with pytest.raises(BadInput, match="recollect them"):
        past.moment(dataset.private[1], now_s=0, shortlist=5)
