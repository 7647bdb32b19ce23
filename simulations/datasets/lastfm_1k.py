"""The original Last.fm-1K file, `userid-timestamp-artid-artname-traid-traname.tsv` (Celma 2010), 19 million plays.

A line is `listener, start (ISO 8601, Z), artist mbid, artist, track mbid, title` separated by tabs, all lines of a
listener together, newest first. It is read as a stream: one listener's plays at a time are held as objects, the rest as
numbers.
"""

import logging
from array import array
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.errors import BadInput
from shared_model.history import History
from simulations.datasets.play_log import PlayLog, dense_part

log = logging.getLogger(__name__)

LASTFM_1K = "userid-timestamp-artid-artname-traid-traname.tsv"
"""What the file is called."""

MAX_SKIPPED_LINES = 100
"""The published file has a handful of broken lines; a file with more than this is another file."""

RECENT_FRACTION = 0.2
"""With `last`, the newest part of each chronology that is considered."""


class _Play(NamedTuple):
    listener: str
    started_at_s: float
    track: str
    artist: str


def read_lastfm_1k(file: Path, *, name: str, last: int | None = 300) -> tuple[Catalogue, tuple[History, ...]]:
    """The catalogue and the histories of the file, filtered as `dense_part` says, with the start of every play.

    A track is its mbid or, where it has none, artist and title without case (`artist<tab>title`); that is also its id.
    last: keep the newest 20 % of each listener's plays, at most this many, as the extract behind the published numbers
    does (300); None keeps all. Lines that cannot be used are skipped, and counted in the event
    `lastfm_1k.lines_skipped`.

    Raises:
        BadInput: the file cannot be read, more than `MAX_SKIPPED_LINES` lines are broken, a listener's lines do not
            stand together, or nothing is left by the filter.
    """
    tracks: dict[str, int] = {}
    artists: dict[str, int] = {}
    plays_of: dict[str, int] = {}
    started_at_s, track, artist_of_track = array("d"), array("q"), array("q")
    for listener, plays in groupby(_plays(file), key=attrgetter("listener")):
        if listener in plays_of:
            raise BadInput(f"{file}: the lines of a listener do not stand together; sort the file by listener")
        recent = _oldest_first(plays, last)
        plays_of[listener] = len(recent)
        for play in recent:
            if play.track not in tracks:
                tracks[play.track] = len(tracks)
                artist_of_track.append(artists.setdefault(play.artist, len(artists)))
            track.append(tracks[play.track])
            started_at_s.append(play.started_at_s)
    return dense_part(
        PlayLog(
            listener_ids=list(plays_of),
            track_ids=list(tracks),
            listener=np.repeat(np.arange(len(plays_of)), np.array(list(plays_of.values()), dtype=np.int64)),
            track=np.array(track, dtype=np.int64),
            started_at_s=np.array(started_at_s, dtype=np.float64),
            artist=np.array(artist_of_track, dtype=np.int64),
            album=np.full(len(tracks), UNKNOWN, dtype=np.int64),
        ),
        name=name,
    )


def _oldest_first(plays: Iterable[_Play], last: int | None) -> list[_Play]:
    chronology = list(plays)
    chronology.reverse()  # before a stable sort: of plays with the same stamp, the one lower in the file came first
    chronology.sort(key=attrgetter("started_at_s"))
    if last is None:
        return chronology
    return chronology[-max(1, min(last, round(RECENT_FRACTION * len(chronology)))) :]


def _plays(file: Path) -> Iterator[_Play]:
    """The plays in the order of the file."""
    first_skipped, skipped, number = 0, 0, 0
    try:
        # a title may hold a carriage return, or bytes of an older encoding: neither ends a line or stops the reading
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                play = _parse(line)
                if play is not None:
                    yield play
                    continue
                first_skipped, skipped = first_skipped or number, skipped + 1
                if skipped > MAX_SKIPPED_LINES:
                    raise BadInput(
                        f"{file}: {skipped} of the first {number} lines are not plays (first: line {first_skipped}); "
                        "give the file userid-timestamp-artid-artname-traid-traname.tsv of Last.fm-1K"
                    )
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}); give the plays file of Last.fm-1K") from None
    if skipped:
        log.warning("lastfm_1k.lines_skipped skipped=%d first_line=%d lines=%d", skipped, first_skipped, number)


def _parse(line: str) -> _Play | None:
    """The play of a line, None where the line is not one."""
    fields = line.rstrip("\r\n").split("\t", maxsplit=5)
    if len(fields) != 6:
        return None
    listener, started_at, artist_mbid, artist, track_mbid, title = fields
    if not listener or not started_at.endswith("Z") or not (track_mbid or (artist and title)):
        return None
    try:
        started_at_s = datetime.fromisoformat(started_at).timestamp()
    except ValueError:
        return None
    artist = artist.casefold()
    return _Play(listener, started_at_s, track_mbid or f"{artist}\t{title.casefold()}", artist_mbid or artist)
