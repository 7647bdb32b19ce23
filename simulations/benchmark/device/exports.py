"""Exports of invented plays in the shape of Spotify's, of any length, written as a stream."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from simulations.benchmark.device.large_release import artist_of, invented_plays, title_of

_FIRST_S = 1_400_000_000
_AT_ONCE = 10_000


def write_export(path: Path, *, plays: int, tracks: int) -> None:
    """`plays` plays of `tracks` tracks, a quarter of them skipped, with every key that a real entry has."""
    draw = np.random.default_rng(1)
    now_s = float(_FIRST_S)
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for start in range(0, plays, _AT_ONCE):
            some = min(_AT_ONCE, plays - start)
            played = invented_plays(some, tracks=tracks, draw=draw)
            skipped = draw.random(some) < 0.25
            lengths_ms = np.where(skipped, draw.integers(500, 30_000, some), draw.integers(120_000, 360_000, some))
            pauses_s = np.where(draw.random(some) < 0.93, 0, draw.exponential(3600, some))
            for place in range(some):
                now_s += lengths_ms[place] / 1000 + pauses_s[place]
                entry = _entry(int(played[place]), now_s, int(lengths_ms[place]), skipped=bool(skipped[place]))
                file.write(("," if start + place else "") + json.dumps(entry, indent=2))
        file.write("]")


def _entry(track: int, stopped_s: float, played_ms: int, *, skipped: bool) -> dict[str, object]:
    return {
        "ts": datetime.fromtimestamp(int(stopped_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": "linux",
        "ms_played": played_ms,
        "conn_country": "DE",
        "ip_addr": "192.0.2.1",
        "master_metadata_track_name": title_of(track),
        "master_metadata_album_artist_name": artist_of(track),
        "master_metadata_album_album_name": f"An album {track // 10}",
        "spotify_track_uri": f"spotify:track:{track:022x}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "reason_start": "trackdone",
        "reason_end": "fwdbtn" if skipped else "trackdone",
        "shuffle": False,
        "skipped": skipped,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": False,
    }
