import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model import durable
from shared_model.errors import BadInput
from shared_model.release_0 import counts
from shared_model.release_0.release import Release0
from shared_model.release_0.release_file import METADATA, read_release_0, write_release_0

Made = Callable[..., Release0]


def dense(release: Release0) -> dict[str, NDArray[np.float32]]:
    found = {}
    for name in ("follows", "precedes"):
        found |= {f"{name} {lag}": matrix.toarray() for lag, matrix in enumerate(getattr(release.statistics, name))}
    for name in ("after_pair", "artist_follows", "artist_precedes"):
        found[name] = getattr(release.statistics, name).toarray()
    return found | {name: getattr(release.statistics, name) for name in ("pair_keys", "plays", "artist_plays")}


def assert_same(one: Release0, other: Release0, *, precision: float) -> None:
    assert (one.name, one.simulated, one.head.shape) == (other.name, other.simulated, other.head.shape)
    for name, numbers in one.head.parameters.items():
        np.testing.assert_array_equal(other.head.parameters[name], numbers)
    for field in ("ids", "titles", "recording_mbids", "isrcs", "artist", "album", "artist_names", "album_names"):
        assert list(getattr(one.tracks, field)) == list(getattr(other.tracks, field))
    assert list(one.modalities) == list(other.modalities)
    for name, held in one.modalities.items():
        found = other.modalities[name]
        np.testing.assert_allclose(found.vectors, held.vectors, atol=precision)
        np.testing.assert_array_equal(found.present, held.present)
        np.testing.assert_array_equal(found.mean, held.mean)
        assert found.encoder == held.encoder
    for (name, numbers), again in zip(dense(one).items(), dense(other).values(), strict=True):
        np.testing.assert_array_equal(again, numbers, err_msg=name)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    tracks=st.integers(1, 30),
    sizes=st.sampled_from([{}, {"audio": 2}, {"lyrics": 5, "audio": 1}]),
    half=st.booleans(),
    small=st.booleans(),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    made: Made,
    seed: int,
    tracks: int,
    sizes: dict[str, int],
    half: bool,
    small: bool,
) -> None:
    release, path = made(seed, tracks=tracks, sizes=sizes), tmp_path_factory.mktemp("release") / "r.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "SMALL", 2**16 if small else 0)
        write_release_0(release, path, half=half)
        read = read_release_0(path)
        assert_same(release, read, precision=1e-3 if half else 0)
        first = path.read_bytes()
        write_release_0(release, path, half=half)
    assert path.read_bytes() == first
    assert read.sha256 == hashlib.sha256(first).hexdigest()
    read.forget()
    assert_same(release, read, precision=1e-3 if half else 0)


@pytest.fixture(scope="module")
def whole(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "r.safetensors"
    write_release_0(made(), path, half=True)
    return path


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_damaged_file_is_refused_in_a_sentence_or_read_as_another_release(
    tmp_path_factory: pytest.TempPathFactory, whole: Path, data: st.DataObject
) -> None:
    """Whatever is changed, nothing but BadInput comes of it, and no index points beyond its matrix."""
    content = bytearray(whole.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        header = int.from_bytes(content[:8], "little")
        last = data.draw(st.sampled_from([8, 8 + header, len(content)])) - 1
        for place in data.draw(st.lists(st.integers(0, last), min_size=1, max_size=4)):
            content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "r.safetensors"
    path.write_bytes(content)
    try:
        read = read_release_0(path)
    except BadInput as error:
        sentence = str(error)
    else:
        sentence = f"{path}: {len(dense(read))} arrays"
    assert str(path) in sentence


def test_a_file_with_something_after_its_end_is_refused(whole: Path, tmp_path: Path) -> None:
    longer = tmp_path / "r.safetensors"
    longer.write_bytes(whole.read_bytes() + b"\0")
    with pytest.raises(BadInput, match="follows the last array"):
        read_release_0(longer)


@pytest.mark.parametrize("content", [b"", b"12345678", b"\x02" + bytes(7) + b"{}", b"\xff" * 40, b"[" * 9999])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "r.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"r\.safetensors"):
        read_release_0(path)


def test_a_missing_file_and_other_tensors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no whole safetensors file"):
        read_release_0(tmp_path / "none")
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(3, np.float32)}, path)
    with pytest.raises(BadInput, match="is no release 0"):
        read_release_0(path)


def rewritten(whole: Path, path: Path, *, about: dict[str, object] | None = None, **arrays: NDArray | None) -> Path:
    """The same release with some arrays changed, or left out where they are None."""
    held = safetensors.numpy.load_file(whole)
    changed = held | {name.replace("__", "."): array for name, array in arrays.items()}
    with safetensors.safe_open(whole, framework="numpy") as file:
        metadata = json.loads(file.metadata()[METADATA]) | (about or {})
    kept = {name: array for name, array in changed.items() if array is not None}
    safetensors.numpy.save_file(kept, path, {METADATA: json.dumps(metadata)})
    return path


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        ({"format": 2}, "is of format 2"),
        ({"width": 0}, "width"),
        ({"width": 6}, "must be float32"),
        ({"simulated": "perhaps"}, "simulated"),
        ({"more": 1}, "more"),
        ({"modalities": []}, "head:"),
    ],
)
def test_another_format_or_description_is_refused(
    about: dict[str, object], problem: str, whole: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=problem):
        read_release_0(rewritten(whole, tmp_path / "r.safetensors", about=about))


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"tracks__artist": None}, "artist"),
        ({"tracks__artist": np.full(20, 99, np.int32)}, "artist labels"),
        ({"tracks__titles.offsets": np.zeros(1, np.int64)}, "offsets do not fit"),
        ({"counts__plays": np.full(20, np.nan, np.float32)}, "plays"),
        ({"counts__pair_keys": np.array([5, 3, 2**63 - 1])}, "pair_keys"),
        ({"counts__follows.0.indptr": np.zeros(3, np.int32)}, "indptr"),
        ({"lyrics__mean": np.zeros(3, np.float32)}, "mean"),
        ({"lyrics__vectors": np.zeros((20, 7), np.int32)}, "vectors"),
        ({"head__fusion.gate.bias": np.full(33, np.inf, np.float32)}, "NaN or infinity"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict, problem: str, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=problem):
        read_release_0(rewritten(whole, tmp_path / "r.safetensors", **arrays))


@pytest.mark.parametrize("wrong", [20, 65_535])
def test_an_index_beyond_the_catalogue_is_refused(wrong: int, whole: Path, tmp_path: Path) -> None:
    """It would be read from beyond the end of memory."""
    indices = safetensors.numpy.load_file(whole)["counts.follows.2.indices"].copy()
    indices[-1] = wrong
    with pytest.raises(BadInput, match=r"follows\.2\.indices"):
        read_release_0(rewritten(whole, tmp_path / "r.safetensors", **{"counts__follows.2.indices": indices}))


def test_what_was_read_outlives_its_path(whole: Path, made: Made, tmp_path: Path) -> None:
    path = tmp_path / "r.safetensors"
    shutil.copy(whole, path)
    read = read_release_0(path)
    write_release_0(made(1), path, half=True)
    assert_same(made(0), read, precision=1e-3)
    assert read.sha256 == hashlib.sha256(whole.read_bytes()).hexdigest()


def test_a_kill_while_writing_leaves_the_release_that_was_there(
    whole: Path, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.safetensors"
    shutil.copy(whole, path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(durable.os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_release_0(made(1), path, half=True)
    assert path.read_bytes() == whole.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_could_not_be_compared_is_not_written(made: Made, tmp_path: Path) -> None:
    release = made()
    lyrics = release.modalities["lyrics"]
    longer = replace(release, modalities=release.modalities | {"lyrics": replace(lyrics, vectors=2 * lyrics.vectors)})
    with pytest.raises(BadInput, match="other lengths than 1"):
        write_release_0(longer, tmp_path / "r", half=True)
    twice = replace(release, tracks=replace(release.tracks, ids=release.tracks.titles))
    with pytest.raises(BadInput, match="comes twice"):
        write_release_0(twice, tmp_path / "r", half=True)
    with pytest.raises(BadInput, match="choose another folder"):
        write_release_0(release, tmp_path / "none" / "r", half=True)
    with pytest.raises(BadInput, match="no file yet"):
        _ = release.sha256
