from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model.head.batch import Batch
from shared_model.history import History, Tracks
from shared_model.memory import moments as moments_module
from shared_model.memory.channels import CHANNELS
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.moments import HISTORY_LENGTH, RECORD_DECAY, RECORD_LENGTH, read_moments
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.training.moments import batch_of, joined
from simulations.datasets.dataset import Dataset

NOTHING = np.empty(0, np.int64)


def read(
    history: History, positions: NDArray[np.int64], paths: MemoryPaths, counted: Tracks = NOTHING, shortlist: int = 20
) -> Batch:
    """The moments with all that memory retrieves."""
    some = read_moments(history, positions, paths=paths, counted=counted, shortlist=shortlist)
    return joined([batch_of(moments, moments.candidates) for moments in some])


def assert_same(one: Batch, other: Batch) -> None:
    for name, field in one._asdict().items():
        torch.testing.assert_close(getattr(other, name), field, atol=0, rtol=0, equal_nan=True, msg=name)


@pytest.mark.parametrize("listener", range(8))
def test_a_moment_is_what_was_known_before_the_play(listener: int, dataset: Dataset, paths: MemoryPaths) -> None:
    history = dataset.private[listener]
    positions = np.arange(1, len(history))
    found = read(history, positions, paths)
    for row, position in enumerate(positions):
        listens = history.tracks[max(0, position - HISTORY_LENGTH) : position].tolist()
        missing = HISTORY_LENGTH - len(listens)
        assert found.history[row].tolist() == [-1] * missing + listens
        hours = [0.0] * HISTORY_LENGTH
        if history.started_at_s is not None:
            hours[missing:] = [
                (history.started_at_s[position] - before) / 3600
                for before in history.started_at_s[position - len(listens) : position]
            ]
        np.testing.assert_allclose(found.hours[row], hours, rtol=1e-6)
        unanswered = np.full(8, np.nan) if history.states is None else history.states[position]
        np.testing.assert_array_equal(found.state[row], unanswered)


@settings(deadline=None, max_examples=40)
@given(listener=st.integers(0, 7), position=st.integers(1, 15), seed=st.integers(0, 2**32))
def test_nothing_played_at_or_after_the_moment_is_seen(
    dataset: Dataset, paths: MemoryPaths, listener: int, position: int, seed: int
) -> None:
    """All later plays, times and answers are changed; the moment keeps the time and state that precede the play."""
    history, draw = dataset.private[listener], np.random.default_rng(seed)
    later = draw.integers(50, size=(len(history) - position) + int(draw.integers(5)))
    times, states = history.started_at_s, history.states
    if times is not None:
        times = np.r_[times[: position + 1], times[position] + draw.exponential(9e4, size=len(later) - 1).cumsum()]
    if states is not None:
        states = np.r_[states[: position + 1], draw.normal(size=(len(later) - 1, 8)).astype(np.float32)]
    changed = replace(history, tracks=np.r_[history.tracks[:position], later], started_at_s=times, states=states)
    at = np.arange(1, position + 1)
    before, after = read(history, at, paths), read(changed, at, paths)
    assert_same(take_last(before), take_last(after))
    for name in ("history", "moment", "record", "candidates", "evidence"):  # time and state of all came before
        assert torch.equal(getattr(before, name), getattr(after, name))


def take_last(batch: Batch) -> Batch:
    return Batch(*(field[-1:] for field in batch))


@pytest.mark.parametrize("first", [1, 9, 14])
@pytest.mark.parametrize("listener", [0, 2])
def test_the_record_is_the_decayed_mean_of_what_had_been_said_of_the_last_plays(
    listener: int, first: int, dataset: Dataset, paths: MemoryPaths
) -> None:
    """Oracle: each earlier moment asked for alone, what its channels said of the play that came, added up in a loop."""
    tracks = dataset.private[listener].tracks
    around = paths.around(tracks, counted=NOTHING)
    said = {
        at: paths.evidence(around, tracks, np.array([at])).read(tracks[at][None, None])[0, :, 0]
        for at in range(1, len(tracks))
    }
    positions = np.array([first, first + 1, first + 7, len(tracks) - 1, len(tracks)])
    found = read(dataset.private[listener], positions, paths).record
    assert found.shape == (len(positions), len(CHANNELS))
    for row, position in enumerate(positions.tolist()):
        total, weights = np.zeros(len(CHANNELS)), 0.0
        for ago in range(1, min(RECORD_LENGTH, position - 1) + 1):
            weight = RECORD_DECAY ** (ago - 1)
            total, weights = total + weight * said[position - ago], weights + weight
        np.testing.assert_allclose(found[row], total / max(weights, 1), rtol=1e-4, atol=1e-6)
    assert bool(found[0].any()) is (first > 1)  # before the first play nothing was said
    assert found[1:].any(1).all()


def test_evidence_is_that_of_the_candidates(dataset: Dataset, paths: MemoryPaths) -> None:
    history, positions = dataset.private[0], np.array([1, 7, 30])
    found = read(history, positions, paths)
    evidence = paths.evidence(paths.around(history.tracks, counted=NOTHING), history.tracks, positions)
    assert found.candidates.tolist() == paths.retrieval.shortlist(evidence, 20).tolist()
    assert torch.equal(found.evidence, torch.from_numpy(evidence.read(found.candidates.numpy())).half())


@settings(deadline=None, max_examples=15)
@given(listener=st.integers(0, 5), numbers=st.sampled_from([1, 50, 120, 1_000]), seed=st.integers(0, 1000))
def test_a_long_history_is_read_in_parts_that_change_nothing(
    dataset: Dataset, paths: MemoryPaths, listener: int, numbers: int, seed: int
) -> None:
    """Positions with gaps among them, so that parts begin at moments that only the record asks for."""
    history = dataset.public[listener]
    some = np.random.default_rng(seed).random(len(history)) < 0.3
    positions = np.r_[np.flatnonzero(some)[1:], len(history) - 1, len(history)]
    positions = np.unique(positions[positions > 0])
    whole = read(history, positions, paths, counted=history.tracks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moments_module, "NUMBERS_AT_ONCE", numbers)
        parts = list(read_moments(history, positions, paths=paths, counted=history.tracks, shortlist=20))
    assert len(parts) > 1
    assert np.concatenate([part.positions for part in parts]).tolist() == positions.tolist()
    assert_same(joined([batch_of(part, part.candidates) for part in parts]), whole)


def test_what_the_listener_added_to_the_statistics_is_not_read(dataset: Dataset, paths: MemoryPaths) -> None:
    """A public listener, counted, reads as the same listener whom nobody had counted."""
    history, others = dataset.public[0], [other.tracks for other in dataset.public[1:]]
    positions = np.arange(1, len(history) + 1)
    without = MemoryPaths.of(fit_public_statistics(others, dataset.catalogue), dataset.catalogue)
    assert_same(
        read(history, positions, paths, counted=history.tracks), read(history, positions, without, counted=NOTHING)
    )


def test_who_is_not_asked_about_has_no_moments(dataset: Dataset, paths: MemoryPaths) -> None:
    nobody = History(listener="nobody", tracks=NOTHING)
    assert not list(read_moments(nobody, NOTHING, paths=paths, counted=NOTHING, shortlist=5))


def test_a_log_without_times_and_moods_is_read_as_such(paths: MemoryPaths) -> None:
    bare = History(listener="a", tracks=np.arange(30))
    found = read(bare, np.array([1, 25, 30]), paths)
    assert not found.hours.any()
    assert found.state.isnan().all()
    assert found.evidence.isfinite().all()
