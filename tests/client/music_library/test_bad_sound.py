"""Any file gives a vector, or none for a reason that is said: never a crash, never a vector of zeros."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from client.music_library.encode import LazyAudio
from shared_model.encoders.log_mel import HOP_SAMPLES, PATCH_FRAMES, patch_starts
from shared_model.errors import BadInput

MUSIC = Path(__file__).parents[2] / "fixtures" / "music"
ENCODER = LazyAudio(None)


def tune(rate_hz: int, *, seconds: float = 3.0) -> NDArray[np.float64]:
    """Four notes a second, (T,)."""
    notes = np.random.default_rng(0).permutation(np.arange(24))[np.arange(int(4 * seconds)) % 24]
    hertz = np.repeat(220 * 2 ** (notes / 12), rate_hz // 4)
    return 0.2 * np.sin(2 * np.pi * np.cumsum(hertz) / rate_hz)


def encoded(path: Path) -> NDArray[np.float32]:
    vector = ENCODER.encode(path)
    assert vector is not None
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) > 0
    return vector


def cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize(
    ("rate_hz", "channels", "suffix"),
    [
        (16_000, 1, "wav"),
        (44_100, 2, "flac"),
        (48_000, 8, "wav"),
        (192_000, 1, "flac"),
        (192_000, 8, "wav"),
        (8_000, 1, "wav"),
    ],
)
def test_the_tune_is_the_same_whatever_the_rate_and_the_channels(
    tmp_path: Path, rate_hz: int, channels: int, suffix: str
) -> None:
    soundfile.write(tmp_path / "reference.wav", tune(16_000), 16_000)
    path = tmp_path / f"tune.{suffix}"
    soundfile.write(path, np.repeat(tune(rate_hz)[:, None], channels, axis=1), rate_hz)
    assert cosine(encoded(path), encoded(tmp_path / "reference.wav")) > 0.98


@pytest.mark.parametrize("seconds", [0.01, 1.0])
def test_a_short_file_has_a_vector(tmp_path: Path, seconds: float) -> None:
    soundfile.write(tmp_path / "short.wav", tune(44_100)[: int(44_100 * seconds)], 44_100)
    encoded(tmp_path / "short.wav")


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((48_000, 2)),
        np.full((48_000, 2), 0.3),
        np.stack([tune(48_000), -tune(48_000)], axis=1),
        0.2 * np.sin(2 * np.pi * 21_000 * np.arange(48_000) / 48_000),
        np.zeros((0, 1)),
    ],
    ids=["silence", "a constant", "channels that cancel each other", "ultrasound", "no samples"],
)
@pytest.mark.parametrize("times", [1, 80])
def test_what_nobody_can_hear_is_missing(tmp_path: Path, samples: NDArray[np.float64], times: int) -> None:
    soundfile.write(tmp_path / "quiet.wav", np.concatenate([samples] * times), 48_000, "FLOAT")
    assert ENCODER.encode(tmp_path / "quiet.wav") is None


def test_a_rate_below_that_of_telephones_is_refused_with_the_reason(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "low.wav", tune(4_000), 4_000)
    with pytest.raises(BadInput, match="4000 Hz is below 8000 Hz; use a better recording"):
        ENCODER.encode(tmp_path / "low.wav")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused_with_the_reason(tmp_path: Path, bad: float) -> None:
    samples = tune(16_000)
    samples[77] = bad
    soundfile.write(tmp_path / "nan.wav", samples, 16_000, "FLOAT")
    with pytest.raises(BadInput, match="holds NaN or infinity; decode the file again"):
        ENCODER.encode(tmp_path / "nan.wav")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A tune of 70 s, so that it is read in parts, in every format."""
    folder, files = tmp_path_factory.mktemp("whole"), {}
    for suffix, container, subtype in [
        ("wav", "WAV", "PCM_16"),
        ("flac", "FLAC", "PCM_16"),
        ("ogg", "OGG", "VORBIS"),
        ("opus", "OGG", "OPUS"),
        ("mp3", "MP3", "MPEG_LAYER_III"),
    ]:
        soundfile.write(folder / suffix, tune(16_000, seconds=70), 16_000, subtype, format=container)
        files[suffix] = (folder / suffix).read_bytes()
    return files


@given(
    suffix=st.sampled_from(["wav", "flac", "ogg", "opus", "mp3"]),
    kept=st.floats(0, 1),
    damaged=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=20),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_has_a_vector_or_is_missing_or_refused(
    tmp_path: Path, whole: dict[str, bytes], suffix: str, kept: float, damaged: list[tuple[float, int]]
) -> None:
    content = bytearray(whole[suffix])
    for place, byte in damaged:
        content[int(place * len(content))] = byte
    path = tmp_path / f"damaged.{suffix}"
    path.write_bytes(content[: int(kept * len(content))])
    try:
        vector = ENCODER.encode(path)
    except BadInput:
        return
    assert vector is None or (np.isfinite(vector).all() and np.linalg.norm(vector) > 0)


MEASURE = """
import json, resource, sys
from pathlib import Path
from client.music_library.encode import LazyAudio
vector = LazyAudio(None).encode(Path(sys.argv[1]))
peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"length": float((vector ** 2).sum()), "peak_kib": peak_kib}))
"""


@pytest.mark.integration
def test_ten_hours_are_read_in_parts_and_take_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    rate_hz, hours = 16_000, 10
    soundfile.write(tmp_path / "minute.wav", tune(rate_hz, seconds=60), rate_hz)
    samples = hours * 3600 * rate_hz
    with soundfile.SoundFile(tmp_path / "hours.wav", "w", rate_hz, 1, "PCM_16") as file:
        # a file with holes: what lies between the patches takes no room on disk
        for start in patch_starts(1 + samples // HOP_SAMPLES, at_most=32):
            file.seek(max(0, start * HOP_SAMPLES - rate_hz))
            file.write(tune(rate_hz, seconds=PATCH_FRAMES * HOP_SAMPLES / rate_hz + 2))
    assert 0.99 * samples < soundfile.info(tmp_path / "hours.wav").frames < 1.01 * samples
    found = {}
    for name in ("minute", "hours"):
        path = str(tmp_path / f"{name}.wav")
        told = subprocess.run([sys.executable, "-c", MEASURE, path], check=True, capture_output=True, text=True)
        found[name] = json.loads(told.stdout)
    assert found["hours"]["length"] > 0
    # decoded at once they would be 2.3 GB
    assert found["hours"]["peak_kib"] < found["minute"]["peak_kib"] + 32 * 1024
