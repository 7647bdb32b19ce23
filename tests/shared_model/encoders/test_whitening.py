import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.catalogue import Modality
from shared_model.encoders.e5_folder import WHITENING
from shared_model.encoders.encoder_name import name_of
from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.encoders.whitening import (
    FILE,
    PROBE,
    Whitening,
    fit_whitening,
    read_whitening,
    write_whitening,
)
from shared_model.errors import BadInput

FIXTURES = Path(__file__).with_name("fixtures")
SIZE = 6


def corpus(texts: int = 400, *, seed: int = 0) -> Modality:
    """Raw vectors that share a direction and vary more along some than along others; every tenth is absent."""
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((texts, 12)) * np.linspace(0.05, 1.0, 12) + 2.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    present = np.arange(texts) % 10 != 3
    vectors[~present] = 0
    return Modality(vectors=vectors.astype(np.float32), present=present)


def fitted(power: float, *, raw: Modality | None = None, size: int = SIZE) -> Whitening:
    raw = corpus() if raw is None else raw
    return fit_whitening(raw, size=size, power=power, probe=raw.vectors[0])


def projected(whitening: Whitening, raw: Modality) -> np.ndarray:
    return np.asarray((raw.vectors[raw.present] - whitening.mean) @ whitening.matrix, dtype=np.float64)


def test_at_full_power_all_directions_vary_alike_and_none_with_another() -> None:
    covariance = np.cov(projected(fitted(1.0), corpus()), rowvar=False, bias=True)
    np.testing.assert_allclose(covariance, covariance[0, 0] * np.eye(SIZE), atol=1e-6 * covariance[0, 0])


def test_at_no_power_it_is_the_strongest_directions_around_the_mean() -> None:
    raw = corpus()
    vectors = raw.vectors[raw.present].astype(np.float64)
    around = vectors - vectors.mean(axis=0)
    left, strengths, _ = np.linalg.svd(around, full_matrices=False)
    theirs = left[:, :SIZE] * strengths[:SIZE]
    ours = projected(fitted(0.0), raw)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-5)


@given(power=st.floats(0, 1), seed=st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_power_takes_a_strength_to_its_own_share(power: float, seed: int) -> None:
    raw = corpus(seed=seed)
    plain, whitened = (projected(fitted(each, raw=raw), raw).std(axis=0) for each in (0.0, power))
    np.testing.assert_allclose(whitened / whitened[0], (plain / plain[0]) ** (1 - power), rtol=1e-3)


def test_vectors_are_of_unit_length_and_what_is_absent_stays_so() -> None:
    raw = corpus()
    found = fitted(0.5).of(raw)
    assert found.vectors.shape == (400, SIZE)
    np.testing.assert_array_equal(found.present, raw.present)
    np.testing.assert_allclose(np.linalg.norm(found.vectors[found.present], axis=1), 1, atol=1e-6)
    assert not found.vectors[~found.present].any()


def test_a_text_that_is_the_mean_says_nothing() -> None:
    whitening = fitted(0.5)
    found = whitening.of(Modality(vectors=whitening.mean[None], present=np.array([True])))
    assert not found.present[0]
    assert not found.vectors.any()


def test_it_is_read_as_it_was_written_and_the_same_numbers_are_the_same_bytes(tmp_path: Path) -> None:
    whitening = fitted(0.5)
    for name in ("one", "two"):
        write_whitening(whitening, tmp_path / name, about={"texts": 400, "corpus": "invented"})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    found = read_whitening(tmp_path / "one")
    for name in ("mean", "matrix", "probe"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whitening, name))


def test_what_cannot_be_fitted_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="5 texts cannot tell 6 directions; give more than 6"):
        fitted(0.5, raw=corpus(6))
    for changes in ({"size": 13}, {"size": 0}, {"power": 1.5}):
        with pytest.raises(ValueError, match="out of range"):
            fitted(**{"power": 0.5, **changes})


def test_a_file_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / FILE
    write_whitening(fitted(0.5), file, about={})
    content = file.read_bytes()
    for spoiled, said in [
        (content[:-9], "cannot be read; remove it"),
        (b"nothing", "cannot be read; remove it"),
        (content.replace(b"whitening 1", b"whitening 2"), "no file of 'sottovoce whitening 1'"),
    ]:
        file.write_bytes(spoiled)
        with pytest.raises(BadInput, match=said):
            read_whitening(file)
    with pytest.raises(BadInput, match="cannot be read"):
        read_whitening(tmp_path / "absent")


def test_numbers_that_do_not_belong_together_are_refused() -> None:
    ours = fitted(0.5)
    with pytest.raises(BadInput, match="do not belong together"):
        Whitening(mean=ours.mean[1:], matrix=ours.matrix, probe=ours.probe)
    with pytest.raises(BadInput, match="NaN or infinity"):
        Whitening(mean=ours.mean * np.float32("nan"), matrix=ours.matrix, probe=ours.probe)


@pytest.fixture
def whitened_folder(tiny: LyricsEncoder, tiny_folder: Path, tmp_path: Path) -> Path:
    """The tiny encoder with statistics of its own."""
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "tiny-bert"))
    draw = np.random.default_rng(0)
    words = ("the", "moon", "sea", "rain", "heart", "road", "mond", "meer")
    texts = [" ".join(draw.choice(words, 5)) for _ in range(60)]
    probe = tiny.encode_raw([PROBE]).vectors[0]
    write_whitening(
        fit_whitening(tiny.encode_raw(texts), size=4, power=0.5, probe=probe), folder / FILE, about={"texts": 60}
    )
    return folder


def test_an_encoder_whitens_by_the_statistics_of_its_folder(tiny: LyricsEncoder, whitened_folder: Path) -> None:
    encoder = LyricsEncoder(whitened_folder)
    texts = ["the moon the sea", None, "rain road"]
    assert encoder.dimension == 4
    np.testing.assert_array_equal(encoder.encode_raw(texts).vectors, tiny.encode(texts).vectors)
    found = encoder.encode(texts)
    np.testing.assert_array_equal(found.vectors, read_whitening(whitened_folder / FILE).of(tiny.encode(texts)).vectors)
    assert found.present.tolist() == [True, False, True]


def test_other_statistics_are_another_encoder(tiny: LyricsEncoder, whitened_folder: Path) -> None:
    first = LyricsEncoder(whitened_folder).name
    assert first == name_of(whitened_folder)
    assert first.startswith("tiny-bert whitened sha256:")
    assert tiny.name == "tiny-bert"
    statistics = read_whitening(whitened_folder / FILE)
    write_whitening(statistics, whitened_folder / FILE, about={"texts": 61})
    assert LyricsEncoder(whitened_folder).name not in (first, tiny.name)


def test_statistics_of_another_model_are_refused(whitened_folder: Path) -> None:
    ours = read_whitening(whitened_folder / FILE)
    other = Whitening(mean=ours.mean, matrix=ours.matrix, probe=-ours.probe)
    write_whitening(other, whitened_folder / FILE, about={})
    with pytest.raises(BadInput, match="was fitted to another model's vectors; fit it anew or remove it"):
        LyricsEncoder(whitened_folder)
    shutil.copyfile(WHITENING, whitened_folder / FILE)
    with pytest.raises(BadInput, match="was fitted to another model's vectors"):
        LyricsEncoder(whitened_folder)


def test_the_shipped_statistics_are_small_and_part_lyrics_that_raw_vectors_hold_alike(e5: LyricsEncoder) -> None:
    assert WHITENING.stat().st_size < 2**20
    lyrics: dict[str, str] = json.loads((FIXTURES / "lyrics.json").read_text(encoding="utf-8"))
    raw, whitened = e5.encode_raw(list(lyrics.values())).vectors, e5.encode(list(lyrics.values())).vectors
    apart = np.triu_indices(len(lyrics), 1)
    assert (raw @ raw.T)[apart].min() > 0.75
    assert (whitened @ whitened.T)[apart].max() < 0.5
    assert e5.dimension == whitened.shape[1] == 192
