"""A track as its file, its tags and what lies beside it say."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from client.music_library.library import TrackRow
from client.music_library.lyrics_beside import Lyrics, embedded_lyrics, lyrics_beside
from client.music_library.lyrics_file import LyricsFile, SongLine
from client.music_library.tags import named_by_place, read_tags
from shared_model.encoders.language import language_of


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
    true as long as the track's own file is the same and this scan says nothing else. Their language: as the line or a
    header declares it, else as it was for the same words, else guessed.
    """
    is_same = before is not None and (before.size_bytes, before.modified_ns) == (status.st_size, status.st_mtime_ns)
    tags = read_tags(path)
    line = None if lyrics_file is None else lyrics_file.find(path, artist=tags.artist, title=tags.title)
    lyrics = _of_line(line) or lyrics_beside(path) or embedded_lyrics(tags.lyrics)
    lyrics_sha256 = None if lyrics is None else hashlib.sha256(lyrics.words.encode()).hexdigest()
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
    known = before.lyrics_language if before is not None and before.lyrics_sha256 == lyrics_sha256 else None
    if lyrics is not None:
        known = (line.lang if line else None) or lyrics.language or known or language_of(lyrics.words)
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
        lyrics_language=known,
    )
    return TrackRead(row=row, words=None if lyrics is None else lyrics.words)


def _of_line(line: SongLine | None) -> Lyrics | None:
    return None if line is None or line.lyrics is None else Lyrics(words=line.lyrics, language=line.lang)


def content_sha256_of(path: Path) -> str | None:
    """Of the file's bytes, read in pieces; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
