"""What eight-bit arithmetic buys and costs the lyrics encoder: python benchmarks/int8_lyrics.py songs.jsonl E5_FOLDER

Songs a CPU second, and how many of a song's ten nearest neighbours stay, by vectors as a catalogue has them. The table
of docs/lyrics-encoder.md is its output on 300 of the 1,341 lieder among all of them.
"""

import json
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.encoders.lyrics import LyricsEncoder, prefix_of
from shared_model.encoders.onnx_transformer import FILE
from simulations.pretraining.int8_lyrics import export_onnx, write_int8_folder

NEIGHBOURS = 10
ASKED = 300

Numbers = NDArray[np.float32]


def quantised(folder: Path, *, feed_forward: bool, eight_bit_activations: bool) -> LyricsEncoder:
    """With dynamically quantised linear layers, one scale a row; feed_forward: also those that end a layer."""
    encoder = LyricsEncoder(folder)
    transformer = encoder._model
    names = {name for name, module in transformer.named_modules() if isinstance(module, torch.nn.Linear)}
    if not feed_forward:
        names = {name for name in names if "output.dense" not in name or "attention" in name}
    quantisation = torch.ao.quantization
    per_row = dict.fromkeys(names, quantisation.per_channel_dynamic_qconfig)
    encoder._model = quantisation.quantize_dynamic(transformer, per_row)  # type: ignore[no-untyped-call]
    if eight_bit_activations:  # else seven, for processors whose sums of 16 bits overflow; torch has no setting for it
        for module in encoder._model.modules():
            if isinstance(module, torch.ao.nn.quantized.dynamic.Linear):
                module.version = 3
    return encoder


def by_onnx_runtime(folder: Path, scratch: Path, *, int8: bool) -> LyricsEncoder:
    """The same encoder, its Transformer run by ONNX Runtime: as devices may have it, or with its whole weights."""
    eight = scratch / "int8"
    if not eight.exists():
        write_int8_folder(folder, eight)
    if int8:
        return LyricsEncoder(eight, prefix=prefix_of(folder))
    whole = Path(shutil.copytree(eight, scratch / "whole"))
    export_onnx(folder, whole / FILE)
    return LyricsEncoder(whole, prefix=prefix_of(folder))


def nearest(queries: Numbers, catalogue: Numbers) -> NDArray[np.int64]:
    """(Q, 10): of each of the first Q rows of `catalogue` (N, D), here `queries` (Q, D), the rows most like it."""
    scores = queries @ catalogue.T
    scores[np.arange(len(queries)), np.arange(len(queries))] = -np.inf
    return np.argsort(-scores, axis=1)[:, :NEIGHBOURS]


def main(songs: Path, folder: Path) -> None:
    """Print a line for each kind."""
    texts = [json.loads(line)["lyrics"] for line in songs.read_text(encoding="utf-8").splitlines()]
    catalogue = LyricsEncoder(folder).encode(texts).vectors
    truth = nearest(catalogue[:ASKED], catalogue)
    with tempfile.TemporaryDirectory() as scratch:
        kinds: dict[str, Callable[[], LyricsEncoder]] = {
            "float32": lambda: LyricsEncoder(folder),
            "int8, as torch does it": lambda: quantised(folder, feed_forward=True, eight_bit_activations=False),
            "int8, eight-bit activations": lambda: quantised(folder, feed_forward=True, eight_bit_activations=True),
            "the same, but the ends of layers": lambda: quantised(
                folder, feed_forward=False, eight_bit_activations=True
            ),
            "ONNX Runtime, float32": lambda: by_onnx_runtime(folder, Path(scratch), int8=False),
            "ONNX Runtime, int8": lambda: by_onnx_runtime(folder, Path(scratch), int8=True),
        }
        for name, make in kinds.items():
            encoder = make()
            started = time.process_time()
            found = encoder.encode(texts[:ASKED]).vectors
            rate = ASKED / (time.process_time() - started)
            kept = np.mean(
                [
                    len(set(one) & set(two)) / NEIGHBOURS
                    for one, two in zip(truth, nearest(found, catalogue), strict=True)
                ]
            )
            cosine = float((found * catalogue[:ASKED]).sum(axis=1).mean())
            print(f"{name:<34} {rate:5.1f} songs/CPU s   cosine {cosine:.3f}   neighbours kept {kept:.0%}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # torch goes on to say that its quantised tensors will be removed
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
