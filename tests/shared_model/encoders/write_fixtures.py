"""Write the fixtures of this folder: python tests/shared_model/encoders/write_fixtures.py

Three invented lyrics, three synthesised clips, and the vectors that the frozen encoders gave them on the day of
writing. A change of an encoder shows as a disagreement with the catalogues that were stored before it.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from safetensors.numpy import save_file

from shared_model.encoders.audio_vae import AudioEncoder
from shared_model.encoders.e5_folder import write_e5_folder
from shared_model.encoders.lyrics import LyricsEncoder
from simulations.pretraining.clips import read_clip

FIXTURES = Path(__file__).with_name("fixtures")

LYRICS = {
    "kettle": "The kettle hums, the window's grey,\nI fold the letter, put it away,\nand trams go down to the bay.",
    "laterne": "Die Laterne am Kanal brennt noch,\nder Bäcker pfeift, die Stadt ist leer,\nich komm nicht mehr.",
    "grenier": "Dans le grenier dort un accordéon,\nla poussière lui tient lieu de chanson,\net la pluie aussi.",
}


def chord(seconds: float, sample_rate_hz: int) -> NDArray[np.float64]:
    """A minor triad of decaying harmonics, struck every half second."""
    time = np.arange(int(seconds * sample_rate_hz)) / sample_rate_hz
    decay = np.exp(-3 * (time % 0.5))
    tones = [np.sin(2 * np.pi * note * k * time) / k for note in (220.0, 261.6, 329.6) for k in (1, 2, 3)]
    return 0.1 * decay * np.sum(tones, axis=0)


def drum(seconds: float, sample_rate_hz: int) -> NDArray[np.float64]:
    """Bursts of noise, four a second."""
    time = np.arange(int(seconds * sample_rate_hz)) / sample_rate_hz
    noise = np.random.default_rng(7).standard_normal(len(time))
    return 0.1 * np.exp(-25 * (time % 0.25)) * noise


def glide(seconds: float, sample_rate_hz: int) -> NDArray[np.float64]:
    """A tone that rises from 100 Hz to 4 kHz."""
    time = np.arange(int(seconds * sample_rate_hz)) / sample_rate_hz
    rate = np.log(40.0) / seconds
    return 0.3 * np.sin(2 * np.pi * 100.0 * (np.exp(rate * time) - 1) / rate)


CLIPS = {"chord": (chord, 2.5, 16_000), "drum": (drum, 2.0, 22_050), "glide": (glide, 1.2, 24_000)}


def main() -> None:
    """Write lyrics.json, the clips and expected.safetensors."""
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / "lyrics.json").write_text(json.dumps(LYRICS, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name, (synthesise, seconds, sample_rate_hz) in CLIPS.items():
        soundfile.write(FIXTURES / f"{name}.flac", synthesise(seconds, sample_rate_hz), sample_rate_hz, "PCM_16")
    audio = AudioEncoder()
    expected = {name: audio.encode(*read_clip(FIXTURES / f"{name}.flac")) for name in CLIPS}
    with tempfile.TemporaryDirectory() as scratch:
        write_e5_folder(Path(scratch) / "multilingual-e5-small")
        encoder = LyricsEncoder(Path(scratch) / "multilingual-e5-small", prefix="query: ")
    expected |= dict(zip(LYRICS, encoder.encode(list(LYRICS.values())).vectors, strict=True))
    save_file(expected, FIXTURES / "expected.safetensors")


if __name__ == "__main__":
    main()
