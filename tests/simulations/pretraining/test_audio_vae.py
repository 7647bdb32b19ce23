import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from shared_model.encoders.audio_vae import AudioEncoder
from simulations.pretraining.clips import read_clip

pytestmark = pytest.mark.integration


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulations.pretraining.audio_vae", "--epochs", "1"]
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True)


def write_tone(path: Path, hertz: float) -> None:
    time = np.arange(60_000) / 24_000
    soundfile.write(path, 0.2 * np.sin(2 * np.pi * hertz * time), 24_000, format="OGG", subtype="OPUS")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Four lieder, and three pieces of game music from two albums."""
    lieder, game_music = tmp_path / "lieder", tmp_path / "games"
    (lieder / "audio").mkdir(parents=True)
    game_music.mkdir()
    for number in range(4):
        write_tone(lieder / "audio" / f"song{number}.opus", 200 + 100 * number)
    for name in ("one__a", "one__b", "two__a"):
        write_tone(game_music / f"{name}.ogg", 440)
    return lieder, game_music


def test_the_command_writes_weights_that_the_encoder_loads(folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "weights.safetensors"
    done = run("--lieder", folders[0], "--game-music", folders[1], "--out", out)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"lieder", "game_music"}
    assert "epoch 1 of 1" in done.stderr
    assert AudioEncoder(out).encode(*read_clip(folders[0] / "audio" / "song0.opus")) is not None


@pytest.mark.parametrize(("out", "sentence"), [("w", "fewer than two albums"), ("absent/w", "does not exist; make it")])
def test_the_command_refuses_what_it_cannot_use_in_one_sentence(tmp_path: Path, out: str, sentence: str) -> None:
    done = run("--lieder", tmp_path, "--game-music", tmp_path, "--out", tmp_path / out)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
