import numpy as np
import pytest
from sqlalchemy import Engine, insert

from client.consent.kinds import MoodConsent
from client.consent.purpose import Purpose
from client.feedback.record import record_feedback
from client.feedback.said import About, Said
from client.music_library.library import NewVector, TrackRow, write_track
from client.recommend.own_tracks import Named, found_among
from client.recommend.release_file import open_release
from client.recommend.shelf import read_shelf
from client.store.tables import listens, recordings
from shared_model.listen import identity_of
from tests.client.recommend.small import LISTENING, receipt, small

ONE, TWO = ("b1a9c0e9-d987-4042-ae91-78d6a3267d69", "c1a9c0e9-d987-4042-ae91-78d6a3267d69")


def file(path: str, artist: str, title: str, *, mbid: str | None = None, audio: str | None = None) -> TrackRow:
    return TrackRow(
        path=path,
        size_bytes=1,
        modified_ns=1,
        content_sha256=audio,
        lyrics_sha256=None,
        artist=artist,
        title=title,
        album=None,
        recording_mbid=mbid,
        isrc=None,
        duration_ms=None,
        fault=None,
        lyrics_language=None,
    )


def encoded(content: str, encoder: str, numbers: list[float] | None) -> NewVector:
    vector = None if numbers is None else np.array(numbers, np.float32)
    return NewVector(content_sha256=content, encoder=encoder, modality="audio", vector=vector)


def keep(history: Engine, rows, new=(), played=()) -> None:
    """played: artist, title and mbid of recordings, each played once; the last of all was stored, and never played."""
    with history.begin() as connection:
        for row in rows:
            write_track(connection, row, new)
        for number, (artist, title, mbid) in enumerate(played, start=1):
            values = {"artist": artist, "title": title, "recording_mbid": mbid, "identity": identity_of(artist, title)}
            connection.execute(insert(recordings).values(id=number, **values))
            connection.execute(insert(listens).values(recording_id=number, started_at_s=number))


def test_files_plays_and_the_release_are_one_shelf(history: Engine) -> None:
    keep(
        history,
        [file("/b", "Artist 9", "T3"), file("/a", "Own", "Song"), file("/c", "own", "SONG")],
        played=[("OWN", "song", None), ("Heard", "Only", None)],
    )
    told = small()
    with_artist = int(np.flatnonzero(told.release.tracks.artist == told.release.tracks.artist.max())[0])
    known = f"Artist {told.release.tracks.artist[with_artist]}", f"T{with_artist}"
    with history.begin() as connection:
        write_track(connection, file("/d", known[0].upper(), known[1]), [])
    shelf = read_shelf(told.release, history, consent=LISTENING)
    assert len(shelf.collection.catalogue) == 20 + 3
    assert np.flatnonzero(shelf.in_library).tolist() == [with_artist, 20, 21]
    assert (shelf.own[20].path, shelf.own[21].path, shelf.own[with_artist].path) == ("/a", "/b", "/d")
    assert shelf.index_of == {1: 20, 2: 22}
    assert shelf.named(22) == Named(artist="Heard", title="Only")
    assert shelf.named(with_artist).artist == known[0].upper()  # as the device spells it
    other = next(index for index in range(20) if index != with_artist)
    assert shelf.named(other).title == f"T{other}"


def test_two_recordings_of_one_released_track_are_that_track(history: Engine) -> None:
    release = open_release(None)
    artist, title = release.tracks.artist_names[int(release.tracks.artist[5])], release.tracks.titles[5]
    keep(history, [file("/a", artist, title)], played=[(artist.upper(), title, None)])
    shelf = read_shelf(release, history, consent=LISTENING)
    assert len(shelf.collection.catalogue) == len(release.tracks)
    (index,) = np.flatnonzero(shelf.in_library)
    assert shelf.index_of == {1: index}


def test_what_was_said_of_a_track_is_found_by_name_and_by_id_in_the_release_and_on_the_device(history: Engine) -> None:
    release = open_release(None)
    artist, title = release.tracks.artist_names[int(release.tracks.artist[5])], release.tracks.titles[5]
    keep(history, [file("/a", "Own", "Song")], played=[("Heard", "Only", ONE)])
    for about, said in (
        (About(artist=artist.upper(), title=title), Said.HATE),
        (About(artist="own", title="song"), Said.LOVE),
        (About(artist="own", title="song"), Said.NOT_NOW),
        (About(recording_mbid=ONE), Said.HATE),
        (About(artist="no", title="where"), Said.HATE),
        (About(recording_mbid=TWO), Said.HATE),
    ):
        record_feedback(history, about, said, consent=LISTENING, at_s=100)
    shelf = read_shelf(release, history, consent=LISTENING)
    said = {index: sorted(each.said for each in words) for index, words in shelf.said.items()}
    first = len(release.tracks)
    assert said == {5: ["hate"], first: ["love", "not_now"], first + 1: ["hate"]}
    assert sorted(shelf.silent(101)) == [5, first, first + 1]


def test_each_track_is_found_by_its_own_strongest_id() -> None:
    released = [Named(artist="a", title="b"), Named(artist="c", title="d", recording_mbid=ONE)]
    wanted = [
        Named(artist="A", title="B", recording_mbid=ONE.upper()),
        Named(artist="C", title="D", recording_mbid=TWO),
        Named(artist="no", title="where"),
    ]
    assert found_among(wanted, released) == {0: 1, 1: 1}


def test_vectors_of_the_releases_encoder_count_and_others_are_left_out_and_counted(history: Engine) -> None:
    keep(
        history,
        [file("/a", "A", "one", audio="x"), file("/b", "A", "two", audio="y"), file("/c", "A", "three", audio="z")],
        new=[
            encoded("x", "audio 1", [3, 0, 4]),
            encoded("x", "audio 2", [9, 9, 9]),
            encoded("y", "audio 2", [1, 2, 3, 4]),
            encoded("z", "audio 2", None),
        ],
    )
    shelf = read_shelf(small().release, history, consent=LISTENING)
    audio = shelf.collection.rows[1]
    assert audio.present[20:].tolist() == [True, False, False]
    np.testing.assert_allclose(audio.vectors.rows(np.array([20]))[0], [0.6, 0, 0.8], atol=3e-3)
    assert shelf.left_out == {"audio": 1}


def test_what_was_played_is_not_read_without_the_consent(history: Engine) -> None:
    with pytest.raises(TypeError):
        read_shelf(small().release, history)
    with pytest.raises(AssertionError):
        read_shelf(small().release, history, consent=MoodConsent(receipt(Purpose.MOOD)))
