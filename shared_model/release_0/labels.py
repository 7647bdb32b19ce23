"""Artists and albums of a device's tracks by the release's labels: names are compared without case and width.

Letters: n tracks of the device, N of all.
"""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN
from shared_model.listen import normalised
from shared_model.release_0.release import ReleasedTracks

Labels = NDArray[np.int64]


def labelled(
    tracks: ReleasedTracks, artists: Sequence[str | None], albums: Sequence[str | None]
) -> tuple[Labels, Labels]:
    """Artist and album (N,) of the release's tracks and then of n further ones, by their names, None where not known.

    A name that the release does not know becomes a new label. An album is known by its name and its artist.
    """
    if not artists:
        return tracks.artist, tracks.album
    known: dict[Hashable | None, int] = {}
    for label, name in enumerate(tracks.artist_names):
        known.setdefault(_spelled(name), label)
    artist = _numbered([_spelled(name) for name in artists], known, first=len(tracks.artist_names))
    spelled = [_spelled(name) for name in albums]
    keys = [None if name is None else (int(label), name) for label, name in zip(artist, spelled, strict=True)]
    album = _numbered(keys, _albums_of(tracks, set(artist.tolist())), first=len(tracks.album_names))
    return np.concatenate([tracks.artist, artist]), np.concatenate([tracks.album, album])


def _numbered(keys: Sequence[Hashable | None], known: Mapping[Hashable | None, int], *, first: int) -> Labels:
    """(n,) label of each key: the known one, or a new one from `first` on; `UNKNOWN` for None."""
    new: dict[Hashable | None, int] = {}
    labels = [
        UNKNOWN if key is None else known[key] if key in known else new.setdefault(key, first + len(new))
        for key in keys
    ]
    return np.array(labels, np.int64)


def _albums_of(tracks: ReleasedTracks, artists: set[int]) -> dict[Hashable | None, int]:
    """Label by (artist, name) of the albums of those artists."""
    at = np.flatnonzero(np.isin(tracks.artist, list(artists)) & (tracks.album != UNKNOWN))
    pairs = np.unique(np.stack([tracks.artist[at], tracks.album[at]], axis=1), axis=0).tolist()
    found: dict[Hashable | None, int] = {}
    for artist, album in pairs:
        name = _spelled(tracks.album_names[album])
        if name is not None:
            found.setdefault((artist, name), album)
    return found


def _spelled(name: str | None) -> str | None:
    """A name as it is compared; None where there is nothing in it."""
    return normalised(name or "") or None
