"""The language of lyrics, beside their hash."""

import json
from pathlib import Path

from sqlalchemy import Engine

from client.music_library.encode import Encoders
from client.music_library.library import TrackRow, read_tracks
from client.music_library.lyrics_file import read_lyrics_file
from client.music_library.scan import scan
from client.store.database import open_database
from tests.client.conftest import KEY

GERMAN = "Die Laterne am Kanal brennt noch, der Bäcker pfeift, und keiner weiß, wohin die Kähne fahren."


def languages(history: Engine) -> dict[str, str | None]:
    """Of the tracks with lyrics, by the file's name."""
    with history.connect() as connection:
        rows = read_tracks(connection).values()
    return {Path(row.path).name: row.lyrics_language for row in rows if row.lyrics_sha256 is not None}


def rows(history: Engine) -> dict[str, TrackRow]:
    with history.connect() as connection:
        return read_tracks(connection)


def test_languages_are_recorded_and_counted(history: Engine, music: Path, encoders: Encoders) -> None:
    (music / "stereo.txt").write_text("la la la la la")
    counts = scan(history, music, encoders=encoders)
    assert counts.languages == {"en": 6, "de": 1, "unsure": 1}
    assert list(counts.languages) == ["en", "de", "unsure"]
    assert sum(counts.languages.values()) == counts.with_lyrics == 8
    assert languages(history)["id3.mp3"] == "en"
    assert languages(history)["stereo.ogg"] is None


def test_what_is_declared_comes_before_what_is_guessed(history: Engine, music: Path, encoders: Encoders) -> None:
    (music / "stereo.lrc").write_text(f"[la:nl]\n[00:01.00]{GERMAN}")
    scan(history, music, encoders=encoders)
    assert languages(history)["stereo.ogg"] == "nl"
    (music / "stereo.lrc").write_text(f"[la:nobody's]\n[00:01.00]{GERMAN} {GERMAN}")
    assert scan(history, music, encoders=encoders).changed == 1
    assert languages(history)["stereo.ogg"] == "de"


def test_a_line_of_a_lyrics_file_declares_it(history: Engine, music: Path, encoders: Encoders) -> None:
    lines = music.parent / "songs.jsonl"
    (music / "silent.txt").write_text(GERMAN)
    lines.write_text(
        json.dumps({"id": "stereo", "lyrics": f"[la:nl]\n[00:01.00]{GERMAN}", "lang": "de-AT"})
        + "\n"
        + json.dumps({"id": "silent", "lang": "lb"})  # it says what the words beside the file are in
    )
    scan(history, music, encoders=encoders, lyrics_file=read_lyrics_file(lines))
    assert (languages(history)["stereo.ogg"], languages(history)["silent.flac"]) == ("de", "lb")
    # without it, it stays true as the words do
    scan(history, music, encoders=encoders)
    assert (languages(history)["stereo.ogg"], languages(history)["silent.flac"]) == ("de", "lb")


def test_other_words_are_asked_again(history: Engine, music: Path, encoders: Encoders) -> None:
    (music / "stereo.txt").write_text(GERMAN)
    scan(history, music, encoders=encoders)
    (music / "stereo.txt").write_text("The kettle hums beside the window, and nobody has asked the rain to stay.")
    scan(history, music, encoders=encoders)
    assert languages(history)["stereo.ogg"] == "en"


def test_tracks_scanned_before_languages_were_kept_get_theirs_without_encoding(
    history: Engine, music: Path, encoders: Encoders, tmp_path: Path
) -> None:
    scan(history, music, encoders=encoders)
    scanned = rows(history)
    with history.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE library_tracks DROP COLUMN lyrics_language")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    updated = open_database(tmp_path / "store.db", kind="history", key=KEY)
    assert set(languages(updated).values()) == {None}
    given = len(encoders.lyrics.given) + len(encoders.audio.given)
    counts = scan(updated, music, encoders=encoders)
    assert (counts.unchanged, counts.changed, counts.encoded_lyrics, counts.encoded_audio) == (15, 0, 0, 0)
    assert counts.languages == {"en": 6, "de": 1}
    assert len(encoders.lyrics.given) + len(encoders.audio.given) <= given + 5  # those whose sound cannot be read
    assert rows(updated) == scanned


def test_a_dry_run_tells_languages_and_keeps_none(history: Engine, music: Path, encoders: Encoders) -> None:
    assert scan(history, music, encoders=encoders, dry_run=True).languages == {"en": 6, "de": 1}
    assert languages(history) == {}
