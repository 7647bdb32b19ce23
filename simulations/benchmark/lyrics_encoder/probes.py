"""What is asked of lyrics vectors. Letters: V verses, L languages, N songs, Q queries, D numbers of a vector.

All vectors are of unit length. Every answer is one number for each item asked, so that items can be resampled.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]

NEIGHBOURS: Final = 10
SAME_POEM: Final = 0.97
"""Cosine of raw vectors from which two songs are settings of one poem, which any encoder finds."""


def translations_first(verses: Vectors, songs: Vectors) -> NDArray[np.float64]:
    """Of each verse, in how many of the L (L - 1) directions its translation is the nearest of all verses in that
    language and of all songs, (V,). verses: (V, L, D); songs: (N, D)."""
    count, languages, _ = verses.shape
    hits = np.zeros((count, languages, languages))
    for asked in range(languages):
        among_songs = (verses[:, asked] @ songs.T).max(axis=1, initial=-1.0)
        for other in range(languages):
            scores = verses[:, asked] @ verses[:, other].T
            own = np.diag(scores).copy()
            np.fill_diagonal(scores, -1.0)
            hits[:, asked, other] = own > np.maximum(scores.max(axis=1), among_songs)
    found: NDArray[np.float64] = hits[:, ~np.eye(languages, dtype=bool)].mean(axis=1)
    return found


def cosines(verses: Vectors) -> tuple[float, float]:
    """Mean cosine of two translations of a verse, and of two verses that are none, in two languages each."""
    between = np.einsum("vad,wbd->vwab", verses, verses)
    count, languages, _ = verses.shape
    others = ~np.eye(languages, dtype=bool)
    same = between[np.arange(count), np.arange(count)][:, others]
    unrelated = between[~np.eye(count, dtype=bool)][:, others]
    return float(same.mean()), float(unrelated.mean())


def main_themes(shares: NDArray[np.float64], languages: NDArray[np.str_]) -> NDArray[np.int64]:
    """The theme of each song whose share of words is the largest against its mean in the song's language, (N,); -1
    where no word is of any. shares: (N, themes)."""
    relative = np.zeros_like(shares)
    for language in np.unique(languages):
        here = languages == language
        means = shares[here].mean(axis=0)
        relative[here] = np.divide(shares[here], means, out=np.zeros_like(shares[here]), where=means > 0)
    return np.where(shares.max(axis=1) > 0, relative.argmax(axis=1), -1)


def theme_of_neighbours(
    songs: Vectors, themes: NDArray[np.int64], allowed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each song, the share of its ten nearest allowed ones that have its theme, and that share of all allowed ones.

    songs: (N, D); allowed: (N, N), which songs each may have as neighbours; those with fewer than twenty are left out.
    Both (M,), M at most N.
    """
    near, chance = [], []
    scores = songs @ songs.T
    for song in np.flatnonzero(themes >= 0):
        among = np.flatnonzero(allowed[song] & (themes >= 0))
        if len(among) < 2 * NEIGHBOURS:
            continue
        nearest = among[np.argsort(-scores[song, among], kind="stable")[:NEIGHBOURS]]
        near.append((themes[nearest] == themes[song]).mean())
        chance.append((themes[among] == themes[song]).mean())
    return np.array(near), np.array(chance)


def average_precision(queries: Vectors, songs: Vectors, relevant: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of each query, the mean over relevant songs of the precision at their rank, (Q,). relevant: (Q, N)."""
    order = np.argsort(-(queries @ songs.T), axis=1, kind="stable")
    hits = np.take_along_axis(relevant, order, axis=1)
    precision = hits.cumsum(axis=1) / np.arange(1, songs.shape[0] + 1)
    return np.asarray((precision * hits).sum(axis=1) / hits.sum(axis=1))
