"""A track as its file, its tags and what lies beside it say."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from client.music_library.library import TrackRow
from client.music_library.lyrics_beside import embedded_lyrics, lyrics_beside
from client.music_library.lyrics_file import LyricsFile
from client.music_library.tags import named_by_place, read_tags


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRead:
    """row: what the library keeps, its fault not yet known; words: None where there are none, or none seen now."""

    row: TrackRow
    words: str | None = field(repr=False)


def read_track(
    path: Path, status: os.stat_result, *, root: Path, before: TrackRow | None, lyrics_file: LyricsFile | None
) -> TrackRead:
    """Read the file's tags and lyrics, and its content where size or time differ from `before`.

    Lyrics: of `lyrics_file`, else beside the file, else embedded. What a file of lyrics said in an earlier scan stays
    true as long as the track's own file is the same and this scan says nothing else.
    """
    is_same = before is not None and (before.size_bytes, before.modified_ns) == (status.st_size, status.st_mtime_ns)
    tags = read_tags(path)
    line = None if lyrics_file is None else lyrics_file.find(path, artist=tags.artist, title=tags.title)
    words = (line.lyrics if line else None) or lyrics_beside(path) or embedded_lyrics(tags.lyrics)
    lyrics_sha256 = None if words is None else hashlib.sha256(words.encode()).hexdigest()
    content_sha256 = None
    if line:
        tags = replace(tags, artist=tags.artist or line.artist, title=tags.title or line.title)
    named = named_by_place(tags, path, root=root)
    artist, title = named.artist, named.title
    if before is not None and is_same:
        content_sha256 = before.content_sha256
        if line is None:
            artist, title = tags.artist or before.artist, tags.title or before.title
            lyrics_sha256 = lyrics_sha256 or before.lyrics_sha256
    row = TrackRow(
        path=str(path),
        size_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
        content_sha256=content_sha256 or content_sha256_of(path),
        lyrics_sha256=lyrics_sha256,
        artist=artist,
        title=title,
        album=named.album,
        recording_mbid=tags.recording_mbid,
        isrc=tags.isrc,
        duration_ms=tags.duration_ms,
        fault=None,
    )
    return TrackRead(row=row, words=words)


def content_sha256_of(path: Path) -> str | None:
    """Of the file's bytes, read in pieces; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
