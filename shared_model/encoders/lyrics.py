"""Lyrics as vectors: a frozen Transformer from a local folder or the hub, mean-pooled, and whitened where its folder
holds statistics for it.

Letters: N texts, L tokens of a text, W windows of a text, D numbers of a raw vector, K of a vector.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from shared_model.catalogue import Modality
from shared_model.encoders.encoder_name import name_of
from shared_model.encoders.onnx_transformer import FILE as INT8
from shared_model.encoders.onnx_transformer import OnnxTransformer
from shared_model.encoders.whitening import FILE, PROBE, Whitening, read_whitening
from shared_model.encoders.words import has_words
from shared_model.errors import BadInput

LONGEST_WINDOW: Final = 512
"""Tokens of a window, its prefix and special tokens included; less where the tokenizer says so."""

WORD_SLACK: Final = 32
"""Tokens of a window kept free, so that a cut can move back to the beginning of a word."""

WINDOWS_AT_ONCE: Final = 4
"""Of a text: a hundred at once, of a text of 100,000 characters, took 2.2 GB."""

E5_PREFIX: Final = "query: "
"""What E5 models want before a text that is compared with others of its kind, says their model card."""


class LyricsEncoder:
    """A frozen sentence encoder. Every text is encoded alone: its vector does not depend on its neighbours.

    name: see `encoder_name`; vectors of another name are another space. dimension: K, which is D where nothing whitens.
    """

    def __init__(self, model: str | os.PathLike[str], *, prefix: str | None = None) -> None:
        """Load a folder as `save_pretrained` writes it, without any network, or a model of the hub by its name.

        prefix: what the model wants before every text; None takes what its family wants, see `prefix_of`.

        Raises:
            BadInput: there is no such model, the folder is not whole, or its whitening is of another model.
        """
        is_folder = Path(model).is_dir()
        self._tokenizer, self._model = _load(model, local_files_only=is_folder)
        self._prefix = prefix_of(model) if prefix is None else prefix
        self._longest = min(LONGEST_WINDOW, self._tokenizer.model_max_length)
        self.name = name_of(Path(model)) if is_folder else str(model)
        self._whitening = self._statistics(Path(model) / FILE) if is_folder else None
        self.dimension = self._size if self._whitening is None else self._whitening.matrix.shape[1]

    def encode(self, texts: Sequence[str | None]) -> Modality:
        """Vectors (N, K) of unit length; absent where a text is None, empty or says that there are no words."""
        raw = self.encode_raw(texts)
        return raw if self._whitening is None else self._whitening.of(raw)

    def encode_raw(self, texts: Sequence[str | None]) -> Modality:
        """As `encode`, before anything is whitened: (N, D). What statistics are fitted to."""
        vectors = np.zeros((len(texts), self._size), dtype=np.float32)
        present = np.zeros(len(texts), dtype=np.bool_)
        for row, text in enumerate(texts):
            if has_words(text):
                vectors[row] = self._encode_one(text)
                present[row] = True
        return Modality(vectors=vectors, present=present)

    def windows(self, text: str) -> list[str]:
        """The text in pieces of about equal length, each short enough to be read with its prefix.

        Cuts fall before words where the script has spaces, else between tokens.
        """
        tokens = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        starts = [start for start, _ in tokens["offset_mapping"]]
        room = self._longest - WORD_SLACK - len(self._tokenizer(self._prefix)["input_ids"])
        count = -(-len(starts) // room)
        cuts = [_word_start(text, starts, len(starts) * window // count) for window in range(1, count)]
        return [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    @property
    def _size(self) -> int:
        return int(self._model.config.hidden_size)

    def _statistics(self, file: Path) -> Whitening | None:
        if not file.exists():
            return None
        whitening = read_whitening(file)
        if not whitening.is_of(self._encode_one(PROBE)):
            raise BadInput(f"lyrics encoder: {file} was fitted to another model's vectors; fit it anew or remove it")
        return whitening

    def _encode_one(self, text: str) -> NDArray[np.float32]:
        pieces = [self._prefix + piece.strip() for piece in self.windows(text)]
        starts = range(0, len(pieces), WINDOWS_AT_ONCE)
        pooled = torch.cat([self._pooled(pieces[start : start + WINDOWS_AT_ONCE]) for start in starts])
        vector: NDArray[np.float32] = torch.nn.functional.normalize(pooled.mean(dim=0), dim=0).numpy()
        return vector

    @torch.inference_mode()
    def _pooled(self, pieces: list[str]) -> Tensor:
        """(W, D) of unit length."""
        batch = self._tokenizer(pieces, padding=True, truncation=True, max_length=self._longest, return_tensors="pt")
        hidden = self._model(**batch).last_hidden_state
        return torch.nn.functional.normalize(mean_pool(hidden, batch["attention_mask"]), dim=1)


def prefix_of(model: str | os.PathLike[str]) -> str:
    """What a model wants before every text, by the name of its folder or on the hub: E5_PREFIX for E5, else nothing."""
    return E5_PREFIX if "e5" in Path(model).name.lower() else ""


def mean_pool(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    """Mean over the tokens that are no padding. hidden: (W, L, D); attention_mask: (W, L). Returns (W, D)."""
    mask = attention_mask[:, :, None].to(hidden.dtype)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1)


def _load(model: str | os.PathLike[str], *, local_files_only: bool) -> tuple[Any, Any]:
    """Tokenizer and frozen model: float32 by torch, or in eight bits where the folder holds that."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # else a checkpoint without the pooler, which is not used here, prints a report
    logging.disable_progress_bar()
    eight_bit = Path(model) / INT8
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=local_files_only)
        if not tokenizer.is_fast:
            raise BadInput(f"lyrics encoder: {model} has no tokenizer.json, without which long lyrics cannot be cut")
        if local_files_only and eight_bit.is_file():
            return tokenizer, OnnxTransformer(eight_bit)
        transformer, loading = AutoModel.from_pretrained(
            model, local_files_only=local_files_only, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise BadInput(
            f"lyrics encoder: {model} cannot be loaded; name a folder with config.json, model.safetensors and the "
            "tokenizer, or a model of the hub"
        ) from error
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()
    # transformers draws missing weights at random: vectors of such a model would differ from run to run
    missing = sorted(name for name in loading["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise BadInput(f"lyrics encoder: {model} lacks {len(missing)} weights, first {missing[0]}; fetch it again")
    return tokenizer, transformer.eval().requires_grad_(requires_grad=False)


def _word_start(text: str, starts: Sequence[int], token: int) -> int:
    """The character where the last word at or before `token` begins, or the token itself if no word does nearby."""
    for candidate in range(token, max(token - WORD_SLACK, 0), -1):
        start = starts[candidate]
        if text[start].isspace() or text[start - 1].isspace():
            return start
    return starts[token]
