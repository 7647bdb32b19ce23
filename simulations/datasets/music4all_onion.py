"""Music4All-Onion (Moscati et al. 2022, doi:10.1145/3511808.3557656; Zenodo 6609677): plays, and tables of features.

Read by its documented layout, and NOT YET RUN ON THE FULL SET, which was not at hand: userid_trackid_timestamp.tsv.bz2,
252,984,396 lines `user_id, track_id, timestamp` of 119,140 listeners, a listener's newest first, the last field as
2020-01-31 23:59:59; and a table for each kind of feature (`simulations.datasets.feature_table`), as id_bert.tsv.bz2.
Unpacked tables are read as well. Of each listener the newest plays are kept: memory is that of listeners, not of lines.
"""

from array import array
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.errors import BadInput
from shared_model.history import History
from simulations.datasets.feature_table import find_table, opened
from simulations.datasets.play_log import PlayLog, dense_part

EVENTS = "userid_trackid_timestamp"
HEADER = ["user_id", "track_id", "timestamp"]
NEWEST = 300
"""Plays of each listener that are kept, as in the extracts of the other logs."""


class _Newest:
    """The newest plays of one listener, of any number of lines; they are held newest first, as the file has them."""

    def __init__(self) -> None:
        self._tracks, self._started_at_s = array("l"), array("d")

    def add(self, track: int, started_at_s: float) -> None:
        self._tracks.append(track)
        self._started_at_s.append(started_at_s)
        if len(self._tracks) == 4 * NEWEST:
            tracks, started_at_s_ = self.oldest_first()
            self._tracks, self._started_at_s = array("l", tracks[::-1]), array("d", started_at_s_[::-1])

    def oldest_first(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Of plays with the same stamp, the one lower in the file came first."""
        tracks, started_at_s = np.array(self._tracks, np.int64)[::-1], np.array(self._started_at_s)[::-1]
        newest = np.argsort(started_at_s, kind="stable")[-NEWEST:]
        return tracks[newest], started_at_s[newest]


def read_music4all_onion(folder: Path, *, name: str) -> tuple[Catalogue, tuple[History, ...]]:
    """The catalogue and the histories, filtered as `dense_part` says, with the start of every play.

    Raises:
        BadInput: the table of plays is missing, cannot be read to its end, has another header or a line that is no
            play, or nothing is left by the filter.
    """
    file = find_table(folder, EVENTS)
    tracks: dict[str, int] = {}
    listeners: dict[str, _Newest] = {}
    with opened(file) as lines:
        if next(lines, "").rstrip("\r\n").split("\t") != HEADER:
            raise BadInput(f"{file}: line 1 is not the header {'<tab>'.join(HEADER)}; give the table of plays")
        for number, line in enumerate(lines, start=2):
            listener, track, started_at_s = _play(line, where=f"{file}: line {number}")
            listeners.setdefault(listener, _Newest()).add(tracks.setdefault(track, len(tracks)), started_at_s)
    plays = [newest.oldest_first() for newest in listeners.values()]
    return dense_part(
        PlayLog(
            listener_ids=list(listeners),
            track_ids=list(tracks),
            listener=np.repeat(np.arange(len(plays)), [len(own) for own, _ in plays]),
            track=np.concatenate([np.empty(0, np.int64), *(own for own, _ in plays)]),
            started_at_s=np.concatenate([np.empty(0), *(times for _, times in plays)]),
            artist=np.full(len(tracks), UNKNOWN, dtype=np.int64),
            album=np.full(len(tracks), UNKNOWN, dtype=np.int64),
        ),
        name=name,
    )


def _play(line: str, *, where: str) -> tuple[str, str, float]:
    fields = line.rstrip("\r\n").split("\t")
    try:
        listener, track, at = fields
        started_at_s = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise BadInput(f"{where} is no listener, track and time; fetch the file again") from error
    return listener, track, started_at_s
