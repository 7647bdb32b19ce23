"""Real listening as a folder of two tables, as extracted from Last.fm-1K and from 30Music.

`sequences.tsv` holds a listener and the ids of the plays in order, separated by spaces; `tracks.tsv` holds track,
artist and album, -1 where not known. Both have a header. The extracts hold the last 20 % of each listener's chronology,
at most 300 plays. Research data, not for commercial use, and not part of this project.
"""

from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.errors import BadInput
from shared_model.history import History
from simulations.datasets.play_log import PlayLog, dense_part

SEQUENCES_HEADER = ["listener", "tracks"]
TRACKS_HEADER = ["track", "artist", "album"]


def read_listening(folder: Path, *, name: str) -> tuple[Catalogue, tuple[History, ...]]:
    """The catalogue and the histories of a folder, filtered as `dense_part` says; without times or states.

    Raises:
        BadInput: a table cannot be read, a line of it is not as described, or nothing is left by the filter.
    """
    track_ids, artist, album = _read_tracks(folder / "tracks.tsv")
    listener_ids, listener, track = _read_sequences(folder / "sequences.tsv", track_ids)
    log = PlayLog(
        listener_ids=listener_ids,
        track_ids=list(track_ids),
        listener=listener,
        track=track,
        started_at_s=None,
        artist=artist,
        album=album,
    )
    return dense_part(log, name=name)


def _read_tracks(file: Path) -> tuple[dict[str, int], NDArray[np.int64], NDArray[np.int64]]:
    """Track ids with their row, and the artist and album of each row."""
    rows: dict[str, int] = {}
    names: dict[str, int] = {"-1": UNKNOWN}  # artists and albums share one space of ids
    artist, album = array("q"), array("q")
    for number, (track, artist_id, album_id) in _lines(file, TRACKS_HEADER):
        if rows.setdefault(track, len(rows)) != len(artist):
            raise BadInput(f"{file}: line {number} describes track {track} a second time; remove one of the two")
        artist.append(names.setdefault(artist_id, len(names)))
        album.append(names.setdefault(album_id, len(names)))
    return rows, np.array(artist, dtype=np.int64), np.array(album, dtype=np.int64)


def _read_sequences(file: Path, track_rows: dict[str, int]) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Listener ids, and of every play whose it is and the row of its track."""
    plays_of: dict[str, int] = {}
    track = array("q")
    for number, (listener_id, sequence) in _lines(file, SEQUENCES_HEADER):
        if listener_id in plays_of:
            raise BadInput(f"{file}: line {number} is a second line of the same listener; join the two")
        before = len(track)
        try:
            track.extend(track_rows[played] for played in sequence.split(" "))
        except KeyError as unknown:
            raise BadInput(
                f"{file}: line {number} plays track {unknown.args[0]!r}, which tracks.tsv beside it does not describe; "
                "add it there"
            ) from None
        plays_of[listener_id] = len(track) - before
    listener = np.repeat(np.arange(len(plays_of)), np.array(list(plays_of.values()), dtype=np.int64))
    return list(plays_of), listener, np.array(track, dtype=np.int64)


def _lines(file: Path, header: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each line under the header."""
    try:
        with file.open(encoding="utf-8", newline="\n") as lines:
            if _fields(next(lines, "")) != header:
                raise BadInput(f"{file}: line 1 is not the header {'<tab>'.join(header)}; give a table of that form")
            for number, line in enumerate(lines, start=2):
                fields = _fields(line)
                if len(fields) != len(header):
                    raise BadInput(f"{file}: line {number} has {len(fields)} fields, not {len(header)}; mend that line")
                yield number, fields
    except OSError as error:
        raise BadInput(
            f"{file}: cannot be read ({error.strerror}); give the folder that holds sequences.tsv and tracks.tsv"
        ) from None
    except UnicodeDecodeError:
        raise BadInput(f"{file}: is not UTF-8 text; give a table as it was extracted") from None


def _fields(line: str) -> list[str]:
    return line.rstrip("\r\n").split("\t")
