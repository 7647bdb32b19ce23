"""The memory paths and their channels: what each says of a candidate, by name.

A path is what an explanation names; its channels are the numbers that fusion reads. Personal paths are computed on
the device from its own history and never leave it.
"""

import numpy as np
from numpy.typing import NDArray

CHANNELS_OF = {
    "transitions": ("next", "next_plays", "previous", "soon", "soon_plays", "lately", "skipped"),
    "pairs": ("pair",),
    "neighbours": ("near_recent", "near_all"),
    "artist": ("same_artist", "artist_next", "artist_near", "artist_run"),
    "album": ("same_album", "album_run"),
    "popularity": ("popularity", "artist_popularity"),
    "own_counts": ("own_plays", "own_recent", "own_age", "own_last_10"),
    "own_sequence": ("own_next", "own_next_latest", "own_soon", "own_lately", "own_aligned", "own_matched"),
    "own_artists": ("own_artist", "own_album", "own_artist_next"),
}
"""Path -> channels. The last three paths are personal."""
MEMORY_PATHS = tuple(CHANNELS_OF)
"""P - M memory paths, in this order everywhere."""
PERSONAL = ("own_counts", "own_sequence", "own_artists")
CHANNELS = tuple(channel for channels in CHANNELS_OF.values() for channel in channels)
"""E channels, in this order everywhere."""
PATH_OF_CHANNEL = tuple(MEMORY_PATHS.index(path) for path, channels in CHANNELS_OF.items() for _ in channels)
"""Of each channel, the place of its path."""
FLOOR = 1e-3
"""A probability of this size is weak evidence; far below it, none."""

FORGETTING = 0.5
"""Base-level activation (Anderson and Schooler 1991): a play t steps ago weighs t^-0.5."""


def strength(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(1 + weight / FLOOR) / log(1 + 1 / FLOOR): 0 for none, 1 for a probability of 1, in the units of a logit.

    weight: at least 0, any shape; a weight above 1 (several plays that all point at a track) may give more than 1.
    """
    scaled: NDArray[np.float32] = np.log1p(weight / np.float32(FLOOR)) / np.float32(np.log1p(1 / FLOOR))
    return scaled
