"""Exports of invented plays of the tracks that the installed release holds, so that there is something to learn."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from shared_model.release_0.release_file import read_release_0
from shared_model.release_0.starter import STARTER

_FIRST_S = 1_600_000_000
_PLAYED_MS = 180_000


def write_listening(path: Path, *, plays: int, seed: int) -> None:
    """`plays` whole plays of three minutes, an hour apart, of favourites among the release's tracks; as Spotify's."""
    draw = np.random.default_rng(seed)
    tracks = read_release_0(STARTER).tracks
    favourites = draw.permutation(len(tracks))[:200]
    entries = []
    for play, place in enumerate(np.minimum(draw.geometric(0.02, size=plays) - 1, len(favourites) - 1)):
        track = int(favourites[place])
        artist = int(tracks.artist[track])
        entries.append(
            {
                "ts": datetime.fromtimestamp(_FIRST_S + 3_600 * play, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "ms_played": _PLAYED_MS,
                "master_metadata_track_name": tracks.titles[track],
                "master_metadata_album_artist_name": tracks.artist_names[artist] if artist >= 0 else "Unknown",
                "spotify_track_uri": f"spotify:track:{track:022x}",
                "skipped": False,
                "incognito_mode": False,
            }
        )
    path.write_text(json.dumps(entries), encoding="utf-8")
