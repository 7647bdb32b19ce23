"""Which file of the library a recording that was played is: by MusicBrainz id, ISRC, then artist and title."""

from sqlalchemy import Connection, select

from client.music_library.tags import normalised_isrc, normalised_mbid
from client.store.tables import library_tracks, recordings
from shared_model.listen import identity_of


class Matcher:
    """The tracks of a library, by what they are told by. Of several that agree, the one that was scanned first."""

    def __init__(self, connection: Connection) -> None:
        """Read the library's tracks."""
        self._by_mbid: dict[str, int] = {}
        self._by_isrc: dict[str, int] = {}
        self._by_identity: dict[str, int] = {}
        columns = library_tracks.c
        for row in connection.execute(
            select(columns.id, columns.recording_mbid, columns.isrc, columns.artist, columns.title).order_by(columns.id)
        ):
            if row.recording_mbid:
                self._by_mbid.setdefault(row.recording_mbid, row.id)
            if row.isrc:
                self._by_isrc.setdefault(row.isrc, row.id)
            self._by_identity.setdefault(identity_of(row.artist, row.title), row.id)

    def track_of(self, identity: str, *, recording_mbid: str | None = None, isrc: str | None = None) -> int | None:
        """The id of the track, or None. identity: `shared_model.listen.identity_of` of artist and title."""
        found = self._by_mbid.get(normalised_mbid(recording_mbid) or "")
        if found is None:
            found = self._by_isrc.get(normalised_isrc(isrc) or "")
        return self._by_identity.get(identity) if found is None else found


def match_recordings(connection: Connection) -> dict[int, int]:
    """The id of the track of every recording that has one in the library, by the recording's id."""
    matcher = Matcher(connection)
    columns = recordings.c
    matched = {
        row.id: matcher.track_of(row.identity, recording_mbid=row.recording_mbid, isrc=row.isrc)
        for row in connection.execute(select(columns.id, columns.identity, columns.recording_mbid, columns.isrc))
    }
    return {recording: track for recording, track in matched.items() if track is not None}
