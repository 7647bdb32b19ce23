import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from shared_model.encoders.encoder_name import name_of
from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.encoders.onnx_transformer import FILE, OnnxTransformer
from shared_model.encoders.whitening import FILE as WHITENING
from shared_model.encoders.whitening import PROBE, fit_whitening, write_whitening
from shared_model.errors import BadInput
from simulations.pretraining.int8_lyrics import write_int8_folder

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "moon", "sea", "rain", "heart", "road", "mond", "meer")
SPECIAL = {"unk_token": "[UNK]"}
PADDING = {"pad_token": "[PAD]"}
TEXTS = ["the moon the sea", "rain road heart", "mond meer " * 100]


@pytest.fixture(scope="module")
def plain_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Transformer of random weights, wide enough for its rows to have scales, with statistics of its own."""
    folder = tmp_path_factory.mktemp("plain") / "my-encoder-2"
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, **SPECIAL))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **SPECIAL, **PADDING)
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=64, **sizes)).save_pretrained(folder)
    encoder, draw = LyricsEncoder(folder), np.random.default_rng(0)
    some = encoder.encode_raw([" ".join(draw.choice(WORDS[4:], 6)) for _ in range(60)])
    probe = encoder.encode_raw([PROBE]).vectors[0]
    write_whitening(fit_whitening(some, size=6, power=0.5, probe=probe), folder / WHITENING, about={})
    return folder


@pytest.fixture(scope="module")
def int8_folder(plain_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("int8") / "my-encoder-2"
    write_int8_folder(plain_folder, folder)
    return folder


def test_its_vectors_are_nearly_those_of_the_whole_weights(plain_folder: Path, int8_folder: Path) -> None:
    plain, eight = LyricsEncoder(plain_folder), LyricsEncoder(int8_folder)
    assert eight.dimension == plain.dimension == 6
    cosines = (plain.encode_raw(TEXTS).vectors * eight.encode_raw(TEXTS).vectors).sum(axis=1)
    assert cosines.min() > 0.995
    assert not np.array_equal(plain.encode(TEXTS).vectors, eight.encode(TEXTS).vectors)
    assert eight.encode(["", "Instrumental", None]).present.tolist() == [False] * 3


def test_a_text_has_one_vector_whatever_is_encoded_beside_it(int8_folder: Path) -> None:
    encoder = LyricsEncoder(int8_folder)
    together = encoder.encode(TEXTS).vectors
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(encoder.encode([text]).vectors[0], vector)


def test_it_is_another_encoder_whose_vectors_are_never_mixed_with_the_first(
    plain_folder: Path, int8_folder: Path
) -> None:
    plain, eight = LyricsEncoder(plain_folder).name, LyricsEncoder(int8_folder).name
    assert eight == name_of(int8_folder)
    assert eight.startswith("my-encoder-2 int8 sha256:")
    assert eight.endswith(plain.removeprefix("my-encoder-2"))
    assert eight != plain


def test_the_folder_is_smaller_and_holds_no_other_weights(plain_folder: Path, int8_folder: Path) -> None:
    names = {file.name for file in int8_folder.iterdir()}
    assert names == {file.name for file in plain_folder.iterdir()} - {"model.safetensors"} | {FILE}
    assert [file.name for file in int8_folder.parent.iterdir()] == ["my-encoder-2"]  # no scratch is left


def test_what_cannot_be_converted_is_a_sentence_and_leaves_nothing(plain_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="exists already; name a new folder"):
        write_int8_folder(plain_folder, tmp_path)
    with pytest.raises(BadInput, match="cannot be loaded"):
        write_int8_folder(tmp_path, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_a_sentence(int8_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(int8_folder, tmp_path / "damaged"))
    content = (folder / FILE).read_bytes()
    for spoiled in (content[: len(content) // 2], b"nothing"):
        (folder / FILE).write_bytes(spoiled)
        with pytest.raises(BadInput, match="is truncated or no ONNX file"):
            LyricsEncoder(folder)


def test_without_onnxruntime_one_sentence_says_what_to_do(int8_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BadInput, match="needs onnxruntime; `pip install onnxruntime`"):
        OnnxTransformer(int8_folder / FILE)


@pytest.mark.integration
def test_it_is_a_command(plain_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulations.pretraining.int8_lyrics"]
    subprocess.run([*command, "--from", plain_folder, "--out", tmp_path / "out"], check=True, timeout=300)
    assert LyricsEncoder(tmp_path / "out").dimension == 6
