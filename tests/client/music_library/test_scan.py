import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, select

from client.music_library.encode import Encoders
from client.music_library.library import read_tracks
from client.music_library.lyrics_file import read_lyrics_file
from client.music_library.scan import ScanCounts, scan
from client.store.database import create_database, open_database
from client.store.tables import vectors
from shared_model.errors import BadInput
from tests.client.conftest import KEY, everything_in

SECRET = "zebra lanterns over Quillfjord"
ALBUM = "Wandering Clerks/Grey Windows"


def tracks(history: Engine) -> dict[str, object]:
    with history.connect() as connection:
        return {Path(path).name: row for path, row in read_tracks(connection).items()}


def stored(history: Engine) -> dict[tuple[str, str], bytes | None]:
    with history.connect() as connection:
        rows = connection.execute(select(vectors.c.content_sha256, vectors.c.encoder, vectors.c.vector))
        return {(row.content_sha256, row.encoder): row.vector for row in rows}


def test_every_audio_file_is_a_track_whatever_it_lacks(history: Engine, music: Path, encoders: Encoders) -> None:
    counts = scan(history, music, encoders=encoders)
    assert counts == ScanCounts(
        found=15,
        new=15,
        with_lyrics=7,
        languages={"en": 6, "de": 1},
        with_audio=9,
        encoded_lyrics=2,
        encoded_audio=10,
        broken=5,
    )
    rows = tracks(history)
    assert rows["id3.mp3"].title == "Kettle"
    assert rows["07 - Some Clerk - Untagged.ogg"].artist == "Some Clerk"
    assert rows["instrumental.opus"].lyrics_sha256 is None
    faults = {name for name, row in rows.items() if row.fault is not None}
    assert faults == {"truncated.flac", "cut in its header.ogg", "empty.opus", "shopping list.mp3", "tags only.m4a"}


def test_vectors_are_as_encoded_by_content_and_encoder(history: Engine, music: Path, encoders: Encoders) -> None:
    scan(history, music, encoders=encoders)
    found, rows = stored(history), tracks(history)
    blob = found[(rows["id3.mp3"].content_sha256, encoders.audio.name)]
    expected = encoders.audio.encode(music / ALBUM / "id3.mp3")
    np.testing.assert_array_equal(np.frombuffer(blob, "<f4"), expected)
    assert found[(rows["silent.flac"].content_sha256, encoders.audio.name)] is None
    assert (rows["id3.mp3"].lyrics_sha256, "invented-lyrics") in found


def test_a_second_scan_encodes_and_writes_nothing(history: Engine, music: Path, encoders: Encoders) -> None:
    scan(history, music, encoders=encoders)
    again = scan(history, music, encoders=encoders)
    assert (again.unchanged, again.new, again.changed, again.removed) == (15, 0, 0, 0)
    assert (again.encoded_lyrics, again.encoded_audio) == (0, 0)
    assert again.with_audio == 9
    assert len(encoders.lyrics.given) == 2


def test_a_file_that_was_renamed_is_not_encoded_again(history: Engine, music: Path, encoders: Encoders) -> None:
    scan(history, music, encoders=encoders)
    (music / "stereo.ogg").rename(music / "wide.ogg")
    again = scan(history, music, encoders=encoders)
    assert (again.new, again.removed, again.encoded_audio) == (1, 1, 0)
    assert "stereo.ogg" not in tracks(history)


def test_files_of_the_same_content_are_encoded_once(history: Engine, music: Path, encoders: Encoders) -> None:
    shutil.copy(music / "stereo.ogg", music / "twice.ogg")
    counts = scan(history, music, encoders=encoders)
    assert (counts.found, counts.with_audio, counts.encoded_audio) == (16, 10, 10)
    assert len({"stereo.ogg", "twice.ogg"} & set(encoders.audio.given)) == 1


def test_a_changed_file_is_encoded_anew(history: Engine, music: Path, encoders: Encoders) -> None:
    scan(history, music, encoders=encoders)
    shutil.copy(music / "beside.flac", music / "text beside.wav")
    shutil.copy(music / "stereo.ogg", music / "truncated.flac")
    again = scan(history, music, encoders=encoders)
    assert (again.changed, again.encoded_audio, again.broken) == (2, 0, 4)
    (music / "stereo.ogg").write_bytes((music / "stereo.ogg").read_bytes()[:-3000])
    assert scan(history, music, encoders=encoders).encoded_audio == 1


def test_files_that_vanished_leave_their_vectors(history: Engine, music: Path, encoders: Encoders) -> None:
    scan(history, music, encoders=encoders)
    before = stored(history)
    shutil.move(music / "Wandering Clerks", music.parent / "elsewhere")
    assert scan(history, music, encoders=encoders).removed == 6
    assert stored(history) == before
    assert scan(history, music.parent / "elsewhere", encoders=encoders).encoded_audio == 0


def test_another_folder_is_left_alone(history: Engine, music: Path, encoders: Encoders, tmp_path: Path) -> None:
    other = Path(shutil.copytree(music / "Wandering Clerks", tmp_path / "music too"))
    scan(history, music, encoders=encoders)
    assert scan(history, other, encoders=encoders).removed == 0
    assert len(tracks(history)) == 15
    with history.connect() as connection:
        assert len(read_tracks(connection)) == 15 + 6


def test_tracks_in_a_folder_that_cannot_be_read_now_stay(
    history: Engine, music: Path, encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(history, music, encoders=encoders)
    listed = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "Wandering Clerks":
            raise PermissionError
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    counts = scan(history, music, encoders=encoders)
    assert (counts.found, counts.removed, counts.unreadable) == (9, 0, 1)


def test_lyrics_that_appear_later_are_encoded(history: Engine, music: Path, encoders: Encoders) -> None:
    scan(history, music, encoders=encoders)
    (music / "stereo.txt").write_text(SECRET)
    again = scan(history, music, encoders=encoders)
    assert (again.changed, again.encoded_lyrics, again.encoded_audio) == (1, 1, 0)


def test_a_lyrics_file_gives_words_and_names_to_files_without_tags(
    history: Engine, music: Path, encoders: Encoders
) -> None:
    lines = music.parent / "songs.jsonl"
    lines.write_text(
        f'{{"id": "stereo", "title": "Wide", "composer": "Some Clerk", "lyrics": "{SECRET}"}}\n'
        f'{{"id": "id3", "title": "Not this", "lyrics": "{SECRET} too"}}\n'
    )
    scan(history, music, encoders=encoders, lyrics_file=read_lyrics_file(lines))
    rows = tracks(history)
    assert (rows["stereo.ogg"].artist, rows["stereo.ogg"].title) == ("Some Clerk", "Wide")
    assert rows["id3.mp3"].title == "Kettle"
    assert SECRET in encoders.lyrics.given
    # without it, what it said stays true of the same file, until the file changes
    again = scan(history, music, encoders=encoders)
    assert again.unchanged == 15 - 1  # the lyrics in the tags of one count again
    assert tracks(history)["stereo.ogg"] == rows["stereo.ogg"]
    (music / "stereo.ogg").write_bytes((music / "stereo.ogg").read_bytes() + b"\0")
    scan(history, music, encoders=encoders)
    assert (tracks(history)["stereo.ogg"].title, tracks(history)["stereo.ogg"].lyrics_sha256) == ("stereo", None)


def test_no_words_are_kept_or_told(
    history: Engine, music: Path, encoders: Encoders, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    (music / "stereo.txt").write_text(SECRET)
    (music / "truncated.lrc").write_text(f"[00:01.00]{SECRET}")
    scan(history, music, encoders=encoders, on_fault=lambda path, fault: told.append(fault))
    assert SECRET in encoders.lyrics.given
    shutil.rmtree(music)
    assert SECRET.encode() not in everything_in(tmp_path)
    assert all(SECRET.encode() not in (blob or b"") for blob in stored(history).values())
    with history.connect() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        dump = "".join(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)  # noqa: S608
    output = capfd.readouterr()
    assert SECRET not in dump + output.out + output.err + "".join(told)
    assert not any(word in fault for fault in told for word in ("truncated.flac", "empty", "music"))


def test_without_a_lyrics_encoder_words_wait_for_one(history: Engine, music: Path, encoders: Encoders) -> None:
    counts = scan(history, music, encoders=replace(encoders, lyrics=None))
    assert (counts.with_lyrics, counts.encoded_lyrics, counts.encoded_audio) == (7, 0, 10)
    again = scan(history, music, encoders=encoders)
    assert (again.encoded_lyrics, again.encoded_audio, again.unchanged) == (2, 0, 15)


def test_a_dry_run_counts_what_would_be_done_and_does_nothing(history: Engine, music: Path, encoders: Encoders) -> None:
    counts = scan(history, music, encoders=encoders, dry_run=True)
    assert (counts.new, counts.encoded_lyrics) == (15, 2)
    assert not tracks(history)
    assert not stored(history)
    assert not encoders.audio.given


def test_every_track_is_told_of(history: Engine, music: Path, encoders: Encoders) -> None:
    steps: list[tuple[int, int]] = []
    scan(history, music, encoders=encoders, advance=lambda done, total: steps.append((done, total)))
    assert steps == [(done, 15) for done in range(16)]


def test_stopped_in_the_middle_a_scan_keeps_what_was_done_and_goes_on(
    history: Engine, music: Path, encoders: Encoders
) -> None:
    def stop(done: int, total: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(history, music, encoders=encoders, advance=stop)
    assert len(tracks(history)) == 6
    given = len(encoders.audio.given)
    counts = scan(history, music, encoders=encoders)
    assert (counts.unchanged, counts.new) == (6, 9)
    assert counts.encoded_audio < 10
    assert len(encoders.audio.given) > given


def test_a_folder_without_music_forgets_nothing(history: Engine, music: Path, encoders: Encoders) -> None:
    scan(history, music, encoders=encoders)
    shutil.rmtree(music)
    music.mkdir()
    with pytest.raises(BadInput, match="is its disk there"):
        scan(history, music, encoders=encoders)
    assert len(tracks(history)) == 15


SCANNING = """
import sys
from pathlib import Path
from client.music_library.encode import Encoders, LazyAudio
from client.music_library.scan import scan
from client.store.database import open_database
from tests.client.music_library.conftest import CountingLyrics
history = open_database(Path(sys.argv[1]), kind="history", key=bytes(range(32)))
encoders = Encoders(lyrics=CountingLyrics(), audio=LazyAudio(None))
scan(history, Path(sys.argv[2]), encoders=encoders, advance=lambda done, total: print(done, flush=True))
"""


@pytest.mark.parametrize("after", [1, 5, 11])
def test_killed_at_any_moment_and_begun_again_it_is_as_if_it_had_never_been_killed(
    tmp_path: Path, music: Path, encoders: Encoders, after: int
) -> None:
    create_database(tmp_path / "killed.db", kind="history", key=KEY).dispose()
    program = [sys.executable, "-c", SCANNING, str(tmp_path / "killed.db"), str(music)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == after:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    killed = open_database(tmp_path / "killed.db", kind="history", key=KEY)
    assert len(tracks(killed)) >= after
    scan(killed, music, encoders=encoders)
    whole = create_database(tmp_path / "whole.db", kind="history", key=KEY)
    scan(whole, music, encoders=encoders)
    assert tracks(killed) == tracks(whole)
    assert stored(killed) == stored(whole)
