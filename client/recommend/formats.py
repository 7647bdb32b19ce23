"""A list of tracks as other programs read it: ListenBrainz's JSON, JSPF and M3U8, in their documented shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from client.recommend.own_tracks import Named
from client.recommend.reasons import Reason

CREATOR = "sottovoce"
_JSPF = "https://musicbrainz.org/doc/jspf#playlist"
_RECORDING = "https://musicbrainz.org/recording/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A recommended track as it is shown. path: of its file, or None; words: the reason in a sentence."""

    named: Named
    path: str | None
    probability: float
    words: str
    reason: Reason | None
    past: tuple[Named, ...]


def listenbrainz(entries: Sequence[Entry], *, now_s: int, explain: bool) -> dict[str, object]:
    """As ListenBrainz answers for recommendations, with names beside the ids; explain: with reasons."""
    return {
        "payload": {
            "last_updated": now_s,
            "type": "next",
            "entity": "recording",
            "user_name": CREATOR,
            "count": len(entries),
            "total_mbid_count": sum(entry.named.recording_mbid is not None for entry in entries),
            "offset": 0,
            "mbids": [_recommended(entry, explain=explain) for entry in entries],
        }
    }


def jspf(entries: Sequence[Entry], *, now_s: int, title: str) -> dict[str, object]:
    """A JSPF playlist, which nobody but its owner is to see."""
    tracks = []
    for entry in entries:
        track: dict[str, object] = {
            "title": entry.named.title,
            "creator": entry.named.artist,
            "annotation": entry.words,
        }
        if entry.named.recording_mbid:
            track["identifier"] = [_RECORDING + entry.named.recording_mbid]
        if entry.path:
            track["location"] = [Path(entry.path).as_uri()]
        if entry.named.album:
            track["album"] = entry.named.album
        if entry.named.duration_ms:
            track["duration"] = entry.named.duration_ms
        tracks.append(track)
    return {
        "playlist": {
            "title": title,
            "creator": CREATOR,
            "date": datetime.fromtimestamp(now_s, UTC).isoformat(),
            "extension": {_JSPF: {"public": False}},
            "track": tracks,
        }
    }


def m3u8(entries: Sequence[Entry], *, title: str) -> str:
    """An extended M3U playlist in UTF-8. Tracks without a file are left out: no player could play them."""
    lines = ["#EXTM3U", f"#PLAYLIST:{_one_line(title)}"]
    for entry in entries:
        if entry.path:
            seconds = -1 if entry.named.duration_ms is None else round(entry.named.duration_ms / 1000)
            shown = _one_line(f"{entry.named.artist} - {entry.named.title}")
            lines += [f"#EXTINF:{seconds},{shown}", entry.path]
    return "\n".join(lines) + "\n"


def _recommended(entry: Entry, *, explain: bool) -> dict[str, object]:
    named = entry.named
    found: dict[str, object] = {
        "recording_mbid": named.recording_mbid,
        "score": round(entry.probability, 6),
        "artist_name": named.artist,
        "track_name": named.title,
        "release_name": named.album,
        "path": entry.path,
    }
    if explain:
        found["reason"] = {"words": entry.words} | (
            {}
            if entry.reason is None
            else {
                "path": entry.reason.path,
                "shares": entry.reason.shares,
                "past": [
                    {"artist_name": past.artist, "track_name": past.title, "weight": each.weight}
                    for past, each in zip(entry.past, entry.reason.past, strict=True)
                ],
                "plays": entry.reason.plays,
            }
        )
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())
