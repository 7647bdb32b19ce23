"""The rows of a library: its tracks, and the vectors that were encoded, by content."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from client.store.tables import library_tracks, vectors

Modality = Literal["lyrics", "audio"]
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRow:
    """A row of `library_tracks`, without its id."""

    path: str
    size_bytes: int
    modified_ns: int
    content_sha256: str | None
    lyrics_sha256: str | None
    artist: str
    title: str
    album: str | None
    recording_mbid: str | None
    isrc: str | None
    duration_ms: int | None
    fault: str | None
    lyrics_language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVector:
    """vector: (D,), or None where there was nothing to encode, which is not asked again."""

    content_sha256: str
    encoder: str
    modality: Modality
    vector: NDArray[np.float32] | None


def read_tracks(connection: Connection) -> dict[str, TrackRow]:
    """Every track by its path."""
    columns = [column for column in library_tracks.columns if column.name != "id"]
    return {row.path: TrackRow(**row._mapping) for row in connection.execute(select(*columns))}


def encoded_contents(connection: Connection, encoder: str) -> dict[str, bool]:
    """SHA-256 of everything that `encoder` has been given, and whether there was anything to encode."""
    columns = select(vectors.c.content_sha256, vectors.c.vector.is_not(None)).where(vectors.c.encoder == encoder)
    return {content: bool(is_there) for content, is_there in connection.execute(columns)}


def write_track(connection: Connection, row: TrackRow, new: Sequence[NewVector]) -> None:
    """Insert or update the track, and insert its new vectors. The caller's transaction makes it one step."""
    values = asdict(row)
    statement = insert(library_tracks).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=values))
    for one in new:
        blob = None if one.vector is None else one.vector.astype("<f4").tobytes()
        connection.execute(
            insert(vectors)
            .values(content_sha256=one.content_sha256, encoder=one.encoder, modality=one.modality, vector=blob)
            .on_conflict_do_nothing()
        )


def remove_tracks(connection: Connection, paths: Iterable[str]) -> None:
    """Forget the tracks of these paths. Their vectors stay: the same content may come back under another name."""
    waiting = list(paths)
    for start in range(0, len(waiting), _ROWS_AT_ONCE):
        connection.execute(
            delete(library_tracks).where(library_tracks.c.path.in_(waiting[start : start + _ROWS_AT_ONCE]))
        )
