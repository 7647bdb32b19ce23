import math
from dataclasses import replace

import numpy as np
import pytest

from shared_model.catalogue import UNKNOWN
from shared_model.head.moment import MOMENT_FEATURES, RECENT, moment_features


def slow(history, position, catalogue):
    """One moment, by the descriptions of the features."""
    tracks = history.tracks.tolist()
    repeats = [tracks[place] in tracks[:place] for place in range(position)]
    latest, recent = tracks[position - 1], repeats[max(0, position - RECENT) :]
    pause, known = 0.0, float(history.started_at_s is not None and position < len(tracks))
    if known:
        seconds = max(history.started_at_s[position] - history.started_at_s[position - 1], 0)
        pause = math.log1p(seconds / 3600) / math.log1p(168)

    def same(labels):
        return float(position >= 2 and labels[latest] == labels[tracks[position - 2]] and labels[latest] != UNKNOWN)

    return [
        sum(recent) / len(recent),
        float(repeats[-1]),
        math.log1p(tracks[:position].count(latest)) / math.log1p(20),
        same(catalogue.artist),
        same(catalogue.album),
        math.log1p(position) / math.log1p(1000),
        pause,
        known,
    ]


@pytest.mark.parametrize("listener", range(8))
def test_features_agree_with_their_descriptions_one_moment_at_a_time(listener, dataset):
    history, catalogue = dataset.private[listener], dataset.catalogue
    positions = np.arange(1, len(history) + 1)
    expected = np.array([slow(history, position, catalogue) for position in positions])
    features = moment_features(history, positions, catalogue)
    assert features.dtype == np.float32
    assert features.shape == (len(history), len(MOMENT_FEATURES))
    np.testing.assert_allclose(features, expected, atol=1e-6)


def test_the_expectations_tell_moments_apart(dataset):
    history = dataset.private[2]
    expected = np.array([slow(history, position, dataset.catalogue) for position in range(1, len(history) + 1)])
    assert (expected.std(axis=0) > 0).all()


def test_clocks_that_were_set_back_give_no_negative_pause(dataset):
    history = dataset.private[0]
    back = replace(history, started_at_s=history.started_at_s[::-1].copy())
    assert not moment_features(back, np.arange(1, 20), dataset.catalogue)[:, 6].any()


def test_no_positions_give_no_rows(dataset):
    assert moment_features(dataset.private[0].before(1), np.arange(1, 1), dataset.catalogue).shape == (0, 8)
    assert moment_features(dataset.private[0].before(0), np.arange(1, 1), dataset.catalogue).shape == (0, 8)
