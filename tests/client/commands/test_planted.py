"""Everything a listener does on a device, in real processes: what was planted lies readable nowhere it can be left."""

import json
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from client.profile import open_profile
from tests.client.prepared import pages

REPOSITORY = Path(__file__).parents[3]
TITLE, FOLDER, LYRIC = "Zqtitle der Forelle", "zqfolder", "zqlanterns over a cold zqharbour"
VALENCE = 0.731_733_173
ANSWER = struct.pack(">d", (VALENCE + 1) / 2)
SECRETS = {"title": TITLE.encode(), "folder": FOLDER.encode(), "lyric": LYRIC.encode(), "answer": ANSWER}
SPELLED = {name: secret.decode().encode("utf-16-le") for name, secret in SECRETS.items() if name != "answer"}
PLAYS = 40_000
QUICKLY = "import os; os.nice = lambda by: by; from client.cli import main; main()"  # a scan at the tests' own priority
WORDS = {"unk_token": "[UNK]", "pad_token": "[PAD]"}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """What the listener has anyway, and is not searched: an export, music, lyrics, a small encoder."""
    mine = tmp_path / "mine"
    (mine / FOLDER).mkdir(parents=True)
    soundfile.write(mine / FOLDER / "one.wav", [0.1, -0.1] * 22_050, 22_050)
    (mine / "songs.jsonl").write_text(json.dumps({"id": "one", "artist": "a", "title": TITLE, "lyrics": LYRIC}))
    with (mine / "plays.csv").open("w") as file:
        file.write("uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n")
        for number in range(PLAYS):
            file.write(f"{1_600_000_000 + 200 * number},,a{number % 50},,,,{TITLE} {number % 500},\n")
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=2, **small)).save_pretrained(mine / "encoder")
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1}, unk_token=WORDS["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **WORDS).save_pretrained(mine / "encoder")
    return mine


@pytest.fixture
def command(folder: Path, headless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is typed; temporary files go to a folder that is searched."""
    (tmp_path / "temporary").mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path / "temporary"))
    return lambda *words: [
        sys.executable,
        "-c",
        QUICKLY,
        *map(str, words),
        "--dir",
        str(folder),
    ]


def run(typed: list[str]) -> str:
    """Its exit code is 0; what it says on stderr, where a log would be."""
    ran = subprocess.run(typed, capture_output=True, text=True, cwd=REPOSITORY, stdin=subprocess.DEVNULL, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return ran.stderr


def readable(*folders: Path, keys: tuple[bytes, ...] = ()) -> set[str]:
    """Which secrets any file of the folders holds, as it is or decrypted by one of the keys."""
    held = set()
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        for content in (path.read_bytes(), *(pages(path, key) for key in keys)):
            held |= {name for name, secret in SECRETS.items() if secret in content or secret in path.name.encode()}
            held |= {name for name, secret in SPELLED.items() if secret in content}
    return held


@pytest.mark.integration
def test_line_25_nothing_planted_is_readable_in_profile_caches_temporary_files_or_logs(
    mine, command, folder, headless, tmp_path
):
    places = folder, headless, tmp_path / "temporary"
    said = run(command("consent", "grant", "listening")) + run(command("consent", "grant", "mood"))
    said += run(command("settings", f"encoders.lyrics={mine / 'encoder'}"))
    with subprocess.Popen(command("import", "lastfm", mine / "plays.csv"), cwd=REPOSITORY) as importing:
        while not any(path.stat().st_size for path in folder.glob("store.db-wal")):
            assert importing.poll() is None
            time.sleep(0.01)
        assert readable(*places) == set()  # while it is open and written
        importing.kill()
    assert readable(*places) == set()  # and as the kill left it
    said += run(command("import", "lastfm", mine / "plays.csv"))
    said += run(command("checkin", "--valence", VALENCE))
    said += run(command("scan", mine / FOLDER, "--lyrics", mine / "songs.jsonl"))
    said += run(command("recommend", "--from", "anywhere", "--explain"))
    said += run(command("doctor"))
    assert readable(*places) == set()
    assert not [name for name, secret in SECRETS.items() if name != "answer" and secret.decode() in said]
    assert str(VALENCE) not in said
    with open_profile(folder) as profile:
        keys = tuple(key for key in (profile._keys.data, profile._keys.mood) if key is not None)
    # it is there for who has the keys, so that the above proves something; but for the words of a song
    assert readable(folder, keys=keys) == SECRETS.keys() - {"lyric"}
    run(command("erase", "--all", "--yes"))
    assert readable(*places, keys=keys) == set()
    assert not folder.exists()
