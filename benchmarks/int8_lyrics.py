"""What eight-bit arithmetic buys and costs the lyrics encoder: python benchmarks/int8_lyrics.py songs.jsonl E5_FOLDER

Songs a CPU second, and how many of a song's ten nearest neighbours stay, by vectors around their catalogue's mean.
The table of docs/music-library.md is its output on the 1,341 lieder.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.catalogue import Modality
from shared_model.encoders.centring import centre, present_mean
from shared_model.encoders.lyrics import LyricsEncoder

NEIGHBOURS = 10


def quantised(folder: Path, *, feed_forward: bool, eight_bit_activations: bool) -> LyricsEncoder:
    """With dynamically quantised linear layers, one scale a row; feed_forward: also those that end a layer."""
    encoder = LyricsEncoder(folder)
    transformer = encoder._model
    names = {name for name, module in transformer.named_modules() if isinstance(module, torch.nn.Linear)}
    if not feed_forward:
        names = {name for name in names if "output.dense" not in name or "attention" in name}
    quantisation = torch.ao.quantization
    per_row = dict.fromkeys(names, quantisation.per_channel_dynamic_qconfig)
    encoder._model = quantisation.quantize_dynamic(transformer, per_row)
    if eight_bit_activations:  # else seven, for processors whose sums of 16 bits overflow; torch has no setting for it
        for module in encoder._model.modules():
            if isinstance(module, torch.ao.nn.quantized.dynamic.Linear):
                module.version = 3
    return encoder


def nearest(queries: NDArray[np.float32], catalogue: NDArray[np.float32]) -> NDArray[np.int64]:
    """(N, 10): of each row of `queries` (N, D), the rows of `catalogue` (N, D) most like it, but for its own."""
    scores = queries @ catalogue.T
    np.fill_diagonal(scores, -np.inf)
    return np.argsort(-scores, axis=1)[:, :NEIGHBOURS]


def main(songs: Path, folder: Path) -> None:
    """Print a line for each kind."""
    texts = [json.loads(line)["lyrics"] for line in songs.read_text(encoding="utf-8").splitlines()]
    kinds = {
        "float32": lambda: LyricsEncoder(folder),
        "int8, as torch does it": lambda: quantised(folder, feed_forward=True, eight_bit_activations=False),
        "int8, eight-bit activations": lambda: quantised(folder, feed_forward=True, eight_bit_activations=True),
        "the same, but the ends of layers": lambda: quantised(folder, feed_forward=False, eight_bit_activations=True),
    }
    plain: Modality | None = None
    for name, make in kinds.items():
        encoder = make()
        started = time.process_time()
        raw = encoder.encode(texts)
        rate = len(texts) / (time.process_time() - started)
        plain = plain or raw
        mean = present_mean(plain)
        full, other = centre(plain, mean).vectors, centre(raw, mean).vectors
        truth, found = nearest(full, full), nearest(other, full)
        kept = np.mean([len(set(one) & set(two)) / NEIGHBOURS for one, two in zip(truth, found, strict=True)])
        cosine = float((full * other).sum(axis=1).mean())
        print(f"{name:<34} {rate:5.1f} songs/CPU s   cosine {cosine:.3f}   neighbours kept {kept:.0%}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # torch goes on to say that its quantised tensors will be removed
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
