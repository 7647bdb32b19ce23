"""The scan of a folder: each track is read, encoded where its content is new, and written before the next is begun.

Killed at any moment, what was written stays, nothing is half-written, and the same scan goes on where it stopped.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine

from client.music_library.encode import Encoders
from client.music_library.library import (
    NewVector,
    TrackRow,
    encoded_contents,
    read_tracks,
    remove_tracks,
    write_track,
)
from client.music_library.lyrics_file import LyricsFile
from client.music_library.read_track import TrackRead, read_track
from client.music_library.walk import Walked, audio_files
from shared_model.errors import BadInput

UNREADABLE = "it cannot be read"
UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCounts:
    """What a scan found and did.

    changed: the file, its tags or its lyrics; with_audio: there is a vector of its sound, which a silent track has not;
    languages: of the lyrics, by ISO 639-1 code, the most frequent first, UNSURE last; they sum to with_lyrics;
    encoded_*: contents, so that two equal files count once; broken: its sound cannot be read; unreadable: folders, and
    files whose names are no text, which are no tracks.
    """

    found: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    with_lyrics: int = 0
    languages: Mapping[str, int] = field(default_factory=dict)
    with_audio: int = 0
    encoded_lyrics: int = 0
    encoded_audio: int = 0
    broken: int = 0
    unreadable: int = 0


Advance = Callable[[int, int], None]
"""Takes the tracks done, and of how many."""
OnFault = Callable[[Path, str], None]
"""Takes a track, and why its sound is not read."""


def scan(
    history: Engine,
    folder: Path,
    *,
    encoders: Encoders,
    lyrics_file: LyricsFile | None = None,
    advance: Advance | None = None,
    on_fault: OnFault | None = None,
    dry_run: bool = False,
) -> ScanCounts:
    """Bring the library's rows under `folder` to what lies there now.

    dry_run: nothing is encoded or written; the counts are what would be.

    Raises:
        BadInput: the folder holds no audio file, or an encoder cannot be loaded. What was done before stays.
    """
    root = folder.absolute()
    walked = audio_files(root)
    state = _Scan(history, encoders, dry_run=dry_run)
    total = len(walked.files)
    for done, path in enumerate(walked.files):
        if advance is not None:
            advance(done, total)
        try:
            status = path.stat()
        except OSError:
            continue  # it went away meanwhile, and goes from the library below
        read = read_track(path, status, root=root, before=state.known.get(str(path)), lyrics_file=lyrics_file)
        fault = state.take(path, read)
        if fault is not None and on_fault is not None:
            on_fault(path, fault)
    if advance is not None:
        advance(total, total)
    gone = list(_gone(state.known, walked, root))
    if gone and not dry_run:
        with history.begin() as connection:
            remove_tracks(connection, gone)
    return replace(
        state.counts,
        languages=_ranked(state.languages),
        removed=len(gone),
        unreadable=len(walked.unreadable),
    )


class _Scan:
    """What the library holds, and what was counted so far."""

    def __init__(self, history: Engine, encoders: Encoders, *, dry_run: bool) -> None:
        self._history, self._encoders, self._dry_run = history, encoders, dry_run
        with history.connect() as connection:
            self.known = read_tracks(connection)
            self._heard = encoded_contents(connection, encoders.audio.name)
            self._worded = {} if encoders.lyrics is None else encoded_contents(connection, encoders.lyrics.name)
        self.counts = ScanCounts()
        self.languages: Counter[str] = Counter()

    def take(self, path: Path, read: TrackRead) -> str | None:
        """Encode what is new of the track and write it, in one step. Returns why its sound is not read, or None."""
        fault, new = None, []
        if read.row.content_sha256 is None:
            fault = UNREADABLE
        elif read.row.content_sha256 not in self._heard:
            try:
                new.append(self._audio(path, read.row.content_sha256))
            except BadInput as error:
                fault = str(error).removeprefix("audio: ")
        if read.words is not None and read.row.lyrics_sha256 is not None:
            new += self._lyrics(read.words, read.row.lyrics_sha256)
        row, before = replace(read.row, fault=fault), self.known.get(read.row.path)
        if not self._dry_run and (row != before or new):
            with self._history.begin() as connection:
                write_track(connection, row, new)
        self._count(before, row, new)
        return fault

    def _audio(self, path: Path, content_sha256: str) -> NewVector:
        encoder = self._encoders.audio
        vector = None if self._dry_run else encoder.encode(path)
        self._heard[content_sha256] = vector is not None
        return NewVector(content_sha256=content_sha256, encoder=encoder.name, modality="audio", vector=vector)

    def _lyrics(self, words: str, lyrics_sha256: str) -> list[NewVector]:
        encoder = self._encoders.lyrics
        if encoder is None or lyrics_sha256 in self._worded:
            return []
        vector = None if self._dry_run else encoder.encode(words)
        self._worded[lyrics_sha256] = vector is not None
        return [NewVector(content_sha256=lyrics_sha256, encoder=encoder.name, modality="lyrics", vector=vector)]

    def _count(self, before: TrackRow | None, row: TrackRow, new: list[NewVector]) -> None:
        counts, modalities = self.counts, [one.modality for one in new]
        # a language that was learnt of the same words, as after an update of this program, is no change of the track
        is_same = before is not None and row == replace(before, lyrics_language=row.lyrics_language)
        if row.lyrics_sha256 is not None:
            self.languages[row.lyrics_language or UNSURE] += 1
        self.counts = replace(
            counts,
            found=counts.found + 1,
            new=counts.new + (before is None),
            changed=counts.changed + (before is not None and not is_same),
            unchanged=counts.unchanged + is_same,
            with_lyrics=counts.with_lyrics + (row.lyrics_sha256 is not None),
            with_audio=counts.with_audio + self._heard.get(row.content_sha256 or "", False),
            encoded_lyrics=counts.encoded_lyrics + modalities.count("lyrics"),
            encoded_audio=counts.encoded_audio + modalities.count("audio"),
            broken=counts.broken + (row.fault is not None),
        )


def _ranked(languages: Counter[str]) -> dict[str, int]:
    return dict(sorted(languages.items(), key=lambda each: (each[0] == UNSURE, -each[1], each[0])))


def _gone(known: dict[str, TrackRow], walked: Walked, root: Path) -> Iterator[str]:
    """Known paths under `root` that were not found, but for those in folders that could not be looked into."""
    found = {str(path) for path in walked.files}
    above = f"{root}{os.sep}" if root.name else str(root)
    unseen = tuple(f"{path}{os.sep}" for path in walked.unreadable)
    for path in known:
        if path.startswith(above) and path not in found and not path.startswith(unseen):
            yield path
