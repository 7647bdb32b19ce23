"""What a file's tags say of its recording, and what its place says where they say nothing."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tinytag import TinyTag, TinyTagException

UNKNOWN_ARTIST: Final = "Unknown artist"
LONGEST_TEXT: Final = 1_000
_MBID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
# MusicBrainz Picard calls the recording "track": in Vorbis comments, in MP4 and in TXXX frames
_MBID_FIELDS = ("musicbrainz_trackid", "musicbrainz track id", "musicbrainz/track id")
# in ID3 it is a frame that tinytag skips: UFID, an owner and the id (https://picard-docs.musicbrainz.org, appendix B)
_UFID = re.compile(rb"http://musicbrainz\.org\0([0-9a-fA-F-]{36})")
_LARGEST_ID3_BYTES = 64_000_000  # the cover may come before the frame
_NUMBER = re.compile(r"^(?:\d{1,2}-)?\d{1,3}(?:\s*[-._)]\s*|\s+)(?=\S)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """artist, title, album: None where the file has no such tag; lyrics: every text that is embedded, as it is."""

    artist: str | None = None
    title: str | None = None
    album: str | None = None
    recording_mbid: str | None = None
    isrc: str | None = None
    duration_ms: int | None = None
    lyrics: tuple[str, ...] = field(default=(), repr=False)


def read_tags(path: Path) -> Tags:
    """The tags of any file: those of one without, of an unknown format, or broken, are empty. Covers are not read."""
    try:
        tag = TinyTag.get(path)
    except (TinyTagException, OSError):
        return Tags()
    other = {name.lower(): values for name, values in tag.other.items()}
    mbids = [value for name in _MBID_FIELDS for value in other.get(name, [])]
    return Tags(
        artist=_text(tag.artist) or _text(tag.albumartist) or _text(tag.composer),
        title=_text(tag.title),
        album=_text(tag.album),
        recording_mbid=_first_mbid(mbids) or _id3_mbid(path),
        isrc=next((isrc for isrc in map(normalised_isrc, other.get("isrc", [])) if isrc), None),
        duration_ms=_milliseconds(tag.duration),
        lyrics=tuple(other.get("lyrics", [])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a track is called; artist and title are never empty."""

    artist: str
    title: str
    album: str | None


def named_by_place(tags: Tags, path: Path, *, root: Path) -> Names:
    """The names of the tags; each that they lack, of the file and of its folders under `root`.

    A file's name is read as "Title", "07 Title" or "07 - Artist - Title", folders as Artist/Album or as Artist.
    """
    stem = _text(path.stem) or path.name
    stem = _NUMBER.sub("", stem) or stem
    before, dash, after = stem.partition(" - ")
    folders = path.relative_to(root).parts[:-1]
    if dash:
        artist, title = before, after
    else:
        artist, title = (folders[-2:] or [UNKNOWN_ARTIST])[0], stem
    return Names(
        artist=tags.artist or _text(artist) or UNKNOWN_ARTIST,
        title=tags.title or _text(title) or stem,
        album=tags.album or (folders[-1] if len(folders) > 1 else None),
    )


def normalised_isrc(isrc: str | None) -> str | None:
    """Twelve capitals and digits, without hyphens; None for what is no ISRC."""
    bare = re.sub(r"[\s-]", "", isrc or "").upper()
    return bare if _ISRC.fullmatch(bare) else None


def normalised_mbid(mbid: str | None) -> str | None:
    """In small letters; None for what is no MusicBrainz id."""
    bare = (mbid or "").strip().lower()
    return bare if _MBID.fullmatch(bare) else None


def _text(value: str | None) -> str | None:
    clean = " ".join((value or "").replace("\0", " ").encode("utf-8", "replace").decode("utf-8").split())
    return clean[:LONGEST_TEXT] or None


def _milliseconds(seconds: float | None) -> int | None:
    return round(seconds * 1000) if seconds and math.isfinite(seconds) and 0 < seconds < 2**31 else None


def _first_mbid(values: list[str]) -> str | None:
    return next((mbid for mbid in map(normalised_mbid, values) if mbid), None)


def _id3_mbid(path: Path) -> str | None:
    """The recording's id of an ID3v2 tag at the beginning of the file."""
    try:
        with path.open("rb") as file:
            header = file.read(10)
            if len(header) < 10 or not header.startswith(b"ID3"):
                return None
            size = sum((byte & 0x7F) << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True))
            found = _UFID.search(file.read(min(size, _LARGEST_ID3_BYTES)))
    except OSError:
        return None
    return None if found is None else normalised_mbid(found.group(1).decode())
