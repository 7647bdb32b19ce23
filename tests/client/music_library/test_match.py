from sqlalchemy import Engine, insert

from client.music_library.library import TrackRow, write_track
from client.music_library.match import Matcher, match_recordings
from client.store.tables import recordings
from shared_model.listen import identity_of

ONE, TWO = ("b1a9c0e9-d987-4042-ae91-78d6a3267d69", "c1a9c0e9-d987-4042-ae91-78d6a3267d69")


def track(path: str, artist: str, title: str, *, mbid: str | None = None, isrc: str | None = None) -> TrackRow:
    return TrackRow(
        path=path,
        size_bytes=1,
        modified_ns=1,
        content_sha256=None,
        lyrics_sha256=None,
        artist=artist,
        title=title,
        album=None,
        recording_mbid=mbid,
        isrc=isrc,
        duration_ms=None,
        fault=None,
    )


def test_a_recording_is_found_by_its_mbid_then_its_isrc_then_its_names(history: Engine) -> None:
    rows = [
        track("/1", "Clerks", "Kettle", mbid=ONE),
        track("/2", "Clerks", "Kettle (live)", isrc="DEA123456789"),
        track("/3", "Clerks", "“Grey”  Windows"),
        track("/4", "Clerks", "Kettle"),
    ]
    played = [
        ("other", "names", ONE.upper(), None),
        ("other", "names too", TWO, "de-a12-34-56789"),
        ("CLERKS", '"Grey" windows', None, None),
        ("Clerks", "Kettle", None, None),
        ("Clerks", "Unowned", None, "no isrc"),
    ]
    with history.begin() as connection:
        for row in rows:
            write_track(connection, row, [])
        for artist, title, mbid, isrc in played:
            identity = identity_of(artist, title)
            values = {"identity": identity, "artist": artist, "title": title, "recording_mbid": mbid, "isrc": isrc}
            connection.execute(insert(recordings).values(values))
        assert match_recordings(connection) == {1: 1, 2: 2, 3: 3, 4: 1}


def test_an_empty_library_owns_nothing(history: Engine) -> None:
    with history.connect() as connection:
        assert Matcher(connection).track_of(identity_of("Clerks", "Kettle"), recording_mbid=ONE) is None
        assert match_recordings(connection) == {}
