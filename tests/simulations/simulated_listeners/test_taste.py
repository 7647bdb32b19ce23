from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from simulations.datasets.song_facts import SongFacts
from simulations.simulated_listeners.population import SimulatedPopulation
from simulations.simulated_listeners.taste import Taste

_LISTENERS = 300


def _utility(facts: Sequence[SongFacts], *, lyric_share: float, **settings) -> np.ndarray:
    population = SimulatedPopulation(listeners=_LISTENERS, **settings)
    taste = Taste(facts, population, np.zeros(len(facts)), rng=np.random.default_rng(0))
    return taste.utility(np.arange(_LISTENERS), np.full(_LISTENERS, lyric_share))


def _mute(facts: Sequence[SongFacts]) -> list[SongFacts]:
    return [replace(song, themes=dict.fromkeys(song.themes, 0.0), language=None) for song in facts]


def _silent(facts: Sequence[SongFacts]) -> list[SongFacts]:
    return [replace(song, score=None) for song in facts]


def test_content_is_shared_between_lyric_and_score(facts):
    lyric, score, mixed = (_utility(facts, lyric_share=share) for share in (1, 0, 0.25))
    assert mixed == pytest.approx(0.25 * lyric + 0.75 * score, abs=1e-3)


def test_the_lyrics_share_reads_themes_and_language_alone(facts):
    assert np.array_equal(_utility(facts, lyric_share=1), _utility(_silent(facts), lyric_share=1))
    assert not np.array_equal(_utility(facts, lyric_share=1), _utility(_mute(facts), lyric_share=1))


def test_the_rest_reads_the_score_alone(facts):
    assert np.array_equal(_utility(facts, lyric_share=0), _utility(_mute(facts), lyric_share=0))
    assert not np.array_equal(_utility(facts, lyric_share=0), _utility(_silent(facts), lyric_share=0))


def test_listeners_prefer_the_language_they_understand(facts):
    utility = _utility(facts, lyric_share=1, languages={"fr": 1.0})
    french = np.array([song.language == "fr" for song in facts])
    others = np.array([song.language in ("de", "en") for song in facts])
    assert utility[:, french].mean() > utility[:, others].mean() + 1


def test_a_song_without_a_clip_is_neither_liked_nor_disliked_for_its_sound(facts):
    without = next(index for index, song in enumerate(facts) if song.score is None)
    rest = _utility(_silent(facts), lyric_share=0)
    assert np.array_equal(_utility(facts, lyric_share=0)[:, without], rest[:, without])


def test_drift_moves_taste_and_keeps_its_spread(facts):
    population = SimulatedPopulation(listeners=_LISTENERS, drift=0.2)
    everyone = np.arange(_LISTENERS)
    taste = Taste(facts, population, np.zeros(len(facts)), rng=np.random.default_rng(0))
    shares = np.zeros(_LISTENERS)
    rest = _utility(_silent(facts), lyric_share=0)
    first = taste.utility(everyone, shares) - rest
    rng = np.random.default_rng(1)
    taste.drift(everyone[:-1], rng=rng)
    once = taste.utility(everyone, shares) - rest
    for _ in range(30):
        taste.drift(everyone[:-1], rng=rng)
    late = taste.utility(everyone, shares) - rest
    assert np.array_equal(first[-1], late[-1])
    # one session keeps sqrt(1 - 0.2) of taste, thirty-one keep 0.03
    assert np.corrcoef(first[:-1].ravel(), once[:-1].ravel())[0, 1] == pytest.approx(np.sqrt(0.8), abs=0.03)
    assert abs(np.corrcoef(first[:-1].ravel(), late[:-1].ravel())[0, 1]) < 0.15
    assert late.std() == pytest.approx(first.std(), rel=0.1)
