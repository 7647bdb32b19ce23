"""What a listener likes, drawn from facts about the songs and from noise, never from a vector of the catalogue.

Letters: L listeners, N songs, A facts of the lyric (themes and languages), B facts of the score.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulations.datasets.lyric_themes import LANGUAGES, THEMES
from simulations.datasets.song_facts import SongFacts
from simulations.simulated_listeners.population import SimulatedPopulation

_CONTENT_WEIGHT = 1.8
_OWN_LANGUAGE = 1.5  # in standard deviations of the taste for themes
_COMPOSER_SPREAD = 0.7
_ERA_SPREAD = 0.3
_NOISE_SPREAD = 0.5


class Taste:
    """Utilities of every song for every listener of one population."""

    def __init__(
        self,
        facts: Sequence[SongFacts],
        population: SimulatedPopulation,
        log_popularity: NDArray[np.float64],
        *,
        rng: np.random.Generator,
    ) -> None:
        """log_popularity: (N,) of the songs, the same for everyone."""
        listeners = population.listeners
        self._drift = population.drift
        self._themes = _standardised([[np.sqrt(song.themes[theme]) for theme in THEMES] for song in facts])
        self._spoken = np.array([[song.language == each for each in LANGUAGES] for song in facts], dtype=np.float32)
        self._scores = _standardised([_score(song) for song in facts])

        self._likes_themes = _normal(rng, listeners, len(THEMES))
        self._likes_scores = _normal(rng, listeners, self._scores.shape[1])
        homes = rng.choice(list(population.languages), size=listeners, p=list(population.languages.values()))
        understands = _OWN_LANGUAGE * (homes[:, None] == np.array(LANGUAGES)) + 0.5 * _normal(rng, listeners, 1)
        self._languages = (understands + 0.3 * _normal(rng, listeners, len(LANGUAGES))).astype(np.float32)

        composers, eras = ([getattr(song, fact) for song in facts] for fact in ("composer", "era"))
        self._standing = (
            (population.popularity * log_popularity).astype(np.float32)
            + _COMPOSER_SPREAD * _one_for_each(composers, listeners, rng=rng)
            + _ERA_SPREAD * _one_for_each(eras, listeners, rng=rng)
            + _NOISE_SPREAD * rng.standard_normal((listeners, len(facts)), dtype=np.float32)
        )

    def utility(self, listeners: NDArray[np.int64], lyric_share: NDArray[np.float64]) -> NDArray[np.float32]:
        """(len(listeners), N): content by taste + popularity, composer, era and noise of listener and song.

        lyric_share: (len(listeners),) 0..1, what the lyric weighs in content; the score has the rest.
        """
        lyric_weight, score_weight = (_CONTENT_WEIGHT * share[:, None] for share in (lyric_share, 1 - lyric_share))
        of_lyric = np.hstack([self._likes_themes[listeners] / np.sqrt(len(THEMES)), self._languages[listeners]])
        of_score = self._likes_scores[listeners] / np.sqrt(self._scores.shape[1])
        weighted = np.hstack([lyric_weight * of_lyric, score_weight * of_score]).astype(np.float32)
        facts = np.hstack([self._themes, self._spoken, self._scores])
        utilities: NDArray[np.float32] = weighted @ facts.T + self._standing[listeners]
        return utilities

    def drift(self, listeners: NDArray[np.int64], *, rng: np.random.Generator) -> None:
        """Renew a little of these listeners' taste for themes and scores; its variance stays."""
        for likes in (self._likes_themes, self._likes_scores):
            renewed = rng.standard_normal((len(listeners), likes.shape[1]), dtype=np.float32)
            likes[listeners] = np.sqrt(1 - self._drift) * likes[listeners] + np.sqrt(self._drift) * renewed


def _score(song: SongFacts) -> list[float]:
    if song.score is None:
        return [np.nan] * 4
    score = song.score
    return [score.onset_rate, score.register, score.majorness, score.loudness_range_db]


def _standardised(rows: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    """Columns of mean 0 and deviation 1; a missing value or a constant column is 0, neither liked nor disliked."""
    values = np.array(rows, dtype=np.float64)
    known = ~np.isnan(values)
    counts = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, values - np.where(known, values, 0).sum(axis=0) / counts, 0)
    deviation = np.sqrt(np.square(centred).sum(axis=0) / counts)
    return (centred / np.where(deviation > 0, deviation, 1)).astype(np.float32)


def _normal(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    return rng.standard_normal((rows, columns), dtype=np.float32)


def _one_for_each(labels: Sequence[str | None], listeners: int, *, rng: np.random.Generator) -> NDArray[np.float32]:
    """(L, N): each listener's liking of each label, at the songs that have it."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return _normal(rng, listeners, len(numbers))[:, [numbers[label] for label in labels]]
