import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from shared_model.encoders.log_mel import MEL_BANDS, log_mel
from shared_model.errors import BadInput
from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.pretraining.clips import read_clip
from simulations.pretraining.free_music import corpus
from simulations.pretraining.free_music.corpus import build_corpus, chance, is_held_out, read_corpus_index

SONGS = load_song_facts(EMBEDDED)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two pieces of a package, one that is held out, and two lieder of which one composer's is held out."""
    cache, lieder = tmp_path / "cache", tmp_path / "lieder"
    (lieder / "audio").mkdir(parents=True)
    cache.mkdir()
    draw, tracks = np.random.default_rng(0), []
    for name, role in [("one", "training"), ("two", "training"), ("three", "held out")]:
        soundfile.write(cache / f"{name}.flac", 0.1 * draw.standard_normal(24_000 * 20), 24_000)
        about = {"path": f"{name}.flac", "package": "a", "album": ".", "artist": None, "licence": "GPL-3+"}
        tracks.append({**about, "seconds": 20.0, "role": role})
    (cache / "music.json").write_text(json.dumps(tracks))
    with_clips = [song for song in SONGS if song.score is not None]
    chosen = [next(song for song in with_clips if is_held_out(song.composer) == held_out) for held_out in (True, False)]
    for song in chosen:
        sound = 0.1 * draw.standard_normal(24_000 * 20)
        soundfile.write(lieder / "audio" / f"{song.id}.opus", sound, 24_000, format="OGG", subtype="OPUS")
    monkeypatch.setattr(corpus, "load_song_facts", lambda _: tuple(chosen))
    return cache, lieder


def test_what_is_held_out_is_not_in_the_corpus(folders: tuple[Path, Path], tmp_path: Path) -> None:
    heard = list(build_corpus(*folders, tmp_path / "out"))
    assert sorted(Path(one.path).stem for one in heard if one.package == "a") == ["one", "two"]
    [lied] = [one for one in heard if one.package == "lieder"]
    assert not is_held_out(lied.artist or "")
    assert read_corpus_index(tmp_path / "out") == tuple(heard)


def test_spectrograms_are_those_of_the_files_and_parts_are_aligned_pairs(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    one = next(one for one in build_corpus(*folders, out) if one.path.endswith("one.flac"))
    expected = log_mel(*read_clip(folders[0] / "one.flac"))
    assert expected is not None
    np.testing.assert_array_equal(one.spectrogram(out), expected.T.half().numpy())
    if one.split == "training":
        assert len(one.parts) == 3
    for name in one.parts:
        clean, degraded = np.load(out / name).astype(np.float64)
        assert clean.shape == degraded.shape == (len(clean), MEL_BANDS)
        shifted = [np.square(np.roll(degraded, lag, axis=0) - clean)[5:-5].mean() for lag in (-1, 0, 1)]
        assert np.argmin(shifted) == 1
        assert shifted[1] > 0


def test_what_was_decoded_is_not_decoded_again(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = list(build_corpus(*folders, tmp_path / "out"))

    def read(path: Path) -> tuple[torch.Tensor, int]:
        raise AssertionError(path)

    monkeypatch.setattr(corpus, "read_clip", read)
    assert list(build_corpus(*folders, tmp_path / "out")) == first


def test_a_silent_track_is_left_out_and_a_damaged_one_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    soundfile.write(folders[0] / "one.flac", np.zeros(24_000 * 20), 24_000)
    first = next(iter(build_corpus(*folders, tmp_path / "out")))
    assert Path(first.path).stem == "two"
    (folders[0] / "two.flac").write_bytes(b"no music")
    with pytest.raises(BadInput, match="cannot decode"):
        list(build_corpus(*folders, tmp_path / "other"))


def test_a_name_decides_on_its_split_evenly() -> None:
    shares = [chance(str(number)) for number in range(2_000)]
    assert all(0 <= share < 1 for share in shares)
    assert abs(np.mean([share < 0.2 for share in shares]) - 0.2) < 0.05
    assert shares[:3] == [chance("0"), chance("1"), chance("2")]


def test_about_a_fifth_of_the_lieder_is_held_out_by_composer() -> None:
    held_out = {song.composer for song in SONGS if is_held_out(song.composer)}
    assert 15 < len(held_out) < 30
    assert 0.15 < sum(song.composer in held_out for song in SONGS) / len(SONGS) < 0.3


@pytest.mark.integration
def test_a_folder_without_music_is_refused_in_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulations.pretraining.free_music.corpus", "--cache", str(tmp_path)]
    where = ["--lieder", str(tmp_path), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, *where], capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 2
    assert "is missing or of another version; run" in done.stderr
    assert "Traceback" not in done.stderr
