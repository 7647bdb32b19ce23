from dataclasses import replace

import numpy as np
import pytest

from simulations.evaluation.held_out import training_part
from simulations.pretraining.release_0 import Pretraining, public_examples
from simulations.quality.cold_tracks import draw_cold_tracks, plays_where, without_tracks
from simulations.quality.experiment import paths_of

COLD = draw_cold_tracks(50, share=0.2, seed=1)


@pytest.fixture
def left(dataset):
    return without_tracks(dataset.public, dataset.catalogue, COLD)


def test_the_share_and_the_seed_say_which_tracks_are_cold():
    assert COLD.sum() == 10
    assert (draw_cold_tracks(50, share=0.2, seed=1) == COLD).all()
    assert (draw_cold_tracks(50, share=0.2, seed=2) != COLD).any()
    assert not draw_cold_tracks(50, share=0.0, seed=1).any()


def test_no_cold_track_is_left_in_plays_statistics_or_catalogue(left, dataset):
    for history, whole in zip(left.learned, dataset.public, strict=True):
        assert history.tracks.tolist() == [track for track in whole.tracks if not COLD[track]]
        assert len(history.started_at_s) == len(history)
    statistics = paths_of(left.learned, dataset.catalogue).statistics
    assert not statistics.plays[COLD].any()
    for counts in (*statistics.follows, *statistics.precedes):
        assert counts[COLD].nnz == counts[:, COLD].nnz == 0
    assert statistics.after_pair[:, COLD].nnz == 0
    assert len(left.catalogue) == 40
    for name, modality in left.catalogue.modalities.items():
        assert (modality.vectors == dataset.catalogue.modalities[name].vectors[~COLD]).all()


def test_renumbered_plays_are_of_the_same_tracks(left, dataset):
    for history, renumbered in zip(left.learned, left.relearned, strict=True):
        ids = [left.catalogue.track_ids[track] for track in renumbered.tracks]
        assert ids == [dataset.catalogue.track_ids[track] for track in history.tracks]
        artists = left.catalogue.artist[renumbered.tracks]
        assert (artists == dataset.catalogue.artist[history.tracks]).all()


def test_training_cannot_tell_which_cold_track_was_played(left, dataset):
    """Cold tracks change places with each other everywhere; what is learned from stays bit for bit the same."""
    cold = np.flatnonzero(COLD)
    swap = np.arange(50)
    swap[cold] = np.roll(cold, 1)
    other = without_tracks(
        [replace(history, tracks=swap[history.tracks]) for history in dataset.public], dataset.catalogue, COLD
    )
    pretraining = Pretraining(learning_rate=0.01, batch_size=8, epochs=1, candidates=44, max_examples=20, moments=1000)
    one, two = (
        public_examples(some.relearned, paths=paths_of(some.relearned, some.catalogue), pretraining=pretraining, seed=0)
        for some in (left, other)
    )
    for field, other_field in zip(one.batch, two.batch, strict=True):
        assert np.array_equal(field, other_field, equal_nan=True)
    assert int(one.batch.candidates.max()) < 40


def test_plays_keep_their_times_and_states(dataset):
    history = training_part(dataset.private[0])
    kept = plays_where(history, np.arange(len(history)) % 2 == 0)
    assert kept.tracks.tolist() == history.tracks[::2].tolist()
    assert kept.started_at_s.tolist() == history.started_at_s[::2].tolist()
    assert np.array_equal(kept.states, history.states[::2], equal_nan=True)


@pytest.mark.parametrize("kind", ["central", "half"])
def test_the_targets_of_the_report_are_the_cold_ones(kind, request):
    done = request.getfixturevalue(kind)
    arrays, block = done.predictions(), done.result.cold_tracks
    cold = {f"t{track:02}" for track in np.flatnonzero(draw_cold_tracks(40, share=0.2, seed=3))}
    among = np.array([target in cold for target in arrays["target"]])
    assert (block.tracks, block.targets) == (8, among.sum())
    assert block.new_targets == (among & arrays["new"]).sum()
    assert 0 < block.targets < len(among)
    assert block.seen.hr_at_10 == pytest.approx((arrays["rank"][among] <= 10).mean())
    assert block.unseen.hr_at_10 != block.seen.hr_at_10
