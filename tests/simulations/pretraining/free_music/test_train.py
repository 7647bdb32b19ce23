import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from shared_model.encoders.audio_vae import AudioEncoder, AudioVAE, VaeShape
from shared_model.encoders.log_mel import MEL_BANDS
from shared_model.errors import BadInput
from simulations.pretraining.free_music import train as training
from simulations.pretraining.free_music.draw import Source
from simulations.pretraining.free_music.train import Kinds, learning_rate, train, write_weights

SMALL = VaeShape(encoder=(8, 8, 8, 8), decoder=(8, 8, 8, 8), latent=6, pooled=True)


def sources(count: int = 3) -> Kinds:
    draw = np.random.default_rng(0)
    rows = [draw.normal(size=(1, MEL_BANDS)) + 0.1 * draw.normal(size=(800, MEL_BANDS)) for _ in range(count)]
    return [([Source(clean=one.astype(np.float16), parts=()) for one in rows], count)]


def trained(
    state: Path, *, steps: int, seed: int = 1, count: int = 3, told: training.Told = lambda *_: None
) -> AudioVAE:
    return train(sources(count), shape=SMALL, steps=steps, seed=seed, state=state, told=told)


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    rates = [learning_rate(step, 1000) for step in range(1001)]
    assert rates[0] < rates[50] < rates[100] == rates[699] == training.LEARNING_RATE
    assert rates[699] > rates[850] > rates[999] > rates[1000] == 0


def test_tracks_are_told_apart_better_after_training(tmp_path: Path) -> None:
    contrasts: list[float] = []
    trained(tmp_path / "state", steps=60, told=lambda _, parts: contrasts.append(parts["contrast"]))
    assert np.mean(contrasts[-5:]) < 0.5 * np.mean(contrasts[:5])


def test_an_interrupted_training_ends_with_the_weights_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_STEPS", 4)
    whole = trained(tmp_path / "whole", steps=10).state_dict()

    def stop(step: int, _: dict[str, float]) -> None:
        if step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "parts", steps=10, told=stop)
    done: list[int] = []
    resumed = trained(tmp_path / "parts", steps=10, told=lambda step, _: done.append(step)).state_dict()
    assert done[0] == 5  # from the checkpoint at 4
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_checkpoint_of_another_training_and_a_damaged_one_are_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    trained(state, steps=2)
    with pytest.raises(BadInput, match="is of another training"):
        trained(state, steps=2, seed=2)
    with pytest.raises(BadInput, match="is of another training"):
        trained(state, steps=2, count=4)
    state.write_bytes(state.read_bytes()[:-50])
    with pytest.raises(BadInput, match="is damaged; remove it"):
        trained(state, steps=2)


def test_its_weights_are_an_encoder(tmp_path: Path) -> None:
    vae = trained(tmp_path / "state", steps=2)
    write_weights(vae, tmp_path / "weights.safetensors")
    sound = torch.randn(80_000, generator=torch.Generator().manual_seed(0))
    vector = AudioEncoder(tmp_path / "weights.safetensors").encode(sound, 16_000)
    assert vector is not None
    assert vector.shape == (64,)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Twenty tracks of which four are validated with, as `free_music.corpus` writes them."""
    folder, index = tmp_path / "corpus", []
    folder.mkdir()
    draw = np.random.default_rng(0)
    for number in range(24):
        frames = draw.normal(size=(800, MEL_BANDS)).astype(np.float16)
        np.save(folder / f"{number}.npy", frames)
        index.append(
            {
                "clean": f"{number}.npy",
                "parts": [],
                "path": f"{number}.ogg",
                "package": "lieder" if number % 3 == 0 else "a-package",
                "artist": None,
                "licence": "CC0",
                "seconds": 16.0,
                "split": "validation" if number < 4 else "training",
            }
        )
    (folder / "corpus.json").write_text(json.dumps(index))
    return folder


def command(corpus: Path, tmp_path: Path, *, steps: int) -> list[str]:
    where = ["--corpus", corpus, "--state", tmp_path / "state", "--out", tmp_path / "weights.safetensors"]
    return [sys.executable, "-m", "simulations.pretraining.free_music.train", *map(str, where), "--steps", str(steps)]


@pytest.mark.integration
def test_a_training_that_is_killed_goes_on(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    begun = subprocess.Popen(command(corpus, tmp_path, steps=60), env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (tmp_path / "state").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    assert not (tmp_path / "weights.safetensors").exists()
    done = subprocess.run(command(corpus, tmp_path, steps=60), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"lieder", "real music"}
    assert AudioEncoder(tmp_path / "weights.safetensors").name.startswith("audio_vae sha256:")


@pytest.mark.integration
def test_what_it_cannot_use_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path, tmp_path, steps=1), capture_output=True, text=True)
    assert done.returncode == 2
    assert "is missing or of another version" in done.stderr
    assert "Traceback" not in done.stderr
