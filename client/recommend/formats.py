"""A list of tracks as other programs read it: ListenBrainz's JSON, JSPF and M3U8, in their documented shapes."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from client.recommend.own_tracks import Named
from client.recommend.reasons import Reason

CREATOR: Final = "sottovoce"
_JSPF: Final = "https://musicbrainz.org/doc/jspf#playlist"
RECORDING: Final = "https://musicbrainz.org/recording/"
_LINE_ENDS: Final = frozenset("\n\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A recommended track as it is shown. path: of its file, absolute, or None; words: the reason in a sentence;
    past: the names of those of the reason."""

    named: Named
    path: str | None
    probability: float
    words: str
    reason: Reason | None
    past: tuple[Named, ...]

    @property
    def is_playable(self) -> bool:
        """Whether a playlist of lines can name its file."""
        return self.path is not None and not _LINE_ENDS & set(self.path)


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
    return {
        "playlist": {
            "title": title,
            "creator": CREATOR,
            "date": datetime.fromtimestamp(now_s, UTC).isoformat(),
            "extension": {_JSPF: {"public": False}},
            "track": [_track(entry) for entry in entries],
        }
    }


def m3u8(entries: Sequence[Entry], *, title: str, explain: bool) -> str:
    """An extended M3U playlist, with reasons as comments. What is not `is_playable` is left out: no player could."""
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(title)}"]
    for entry in entries:
        if entry.path is not None and entry.is_playable:
            seconds = round(entry.named.duration_ms / 1000) if entry.named.duration_ms else -1
            lines.append(f"#EXTINF:{seconds},{shown(entry.named)}")
            if explain:
                lines.append(f"# {one_line(entry.words)}")
            lines.append(entry.path)
    return "\n".join(lines) + "\n"


def shown(named: Named) -> str:
    """Artist and title in a line."""
    return f"{one_line(named.artist)} - {one_line(named.title)}"


def one_line(text: str) -> str:
    """Without line ends and control characters, which would also reach a terminal: names come from anybody's tags."""
    return " ".join("".join(" " if unicodedata.category(each) == "Cc" else each for each in text).split())


def _track(entry: Entry) -> dict[str, object]:
    named = entry.named
    track: dict[str, object] = {"title": named.title, "creator": named.artist, "annotation": entry.words}
    if named.recording_mbid:
        track["identifier"] = [RECORDING + named.recording_mbid]
    if entry.path:
        track["location"] = [Path(entry.path).as_uri()]
    if named.album:
        track["album"] = named.album
    if named.duration_ms:
        track["duration"] = named.duration_ms
    return track


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
        found["reason"] = _reason(entry)
    return found


def _reason(entry: Entry) -> dict[str, object]:
    reason = entry.reason
    if reason is None:
        return {"words": entry.words}
    past = [
        {"artist_name": named.artist, "track_name": named.title, "weight": each.weight}
        for named, each in zip(entry.past, reason.past, strict=True)
    ]
    return {"words": entry.words, "path": reason.path, "shares": reason.shares, "past": past, "plays": reason.plays}
