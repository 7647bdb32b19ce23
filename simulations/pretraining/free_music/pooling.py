"""The last, linear step: a track's 64 numbers, so that tracks differ and excerpts of one track do not.

python -m simulations.pretraining.free_music.pooling --corpus DIR --weights FILE --out FILE. Fisher's discriminant of
what the pooled VAE gives and of the moments of the mel bands, fitted on excerpts of the training tracks, each as it is,
as draw.py has listeners hear it, and as codecs left it. Letters: N excerpts, M mel bands, F frames, V = 64.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from shared_model.encoders.audio_vae import LATENT, PATCHES_PER_TRACK, AudioVAE, band_moments, shape_of
from shared_model.encoders.log_mel import MEL_BANDS, spread_patches
from shared_model.errors import BadInput, SottovoceError
from simulations.pretraining.free_music.corpus import Heard, read_corpus_index
from simulations.pretraining.free_music.draw import as_listened
from simulations.pretraining.free_music.train import write_weights

EXCERPT_FRAMES: Final = 1500
EXCERPTS: Final = 10
"""Of a track at most, of half a minute, spread over it; of one shorter than a minute the halves."""

SHRINKAGE: Final = 0.05
"""Of the scatter within tracks towards the same scatter in every direction: there are fewer tracks than pairs of
directions. Between 0.01 and 0.2 the validation tracks saw no clear difference."""

SEED: Final = 1


def fit_pooling(vae: AudioVAE, tracks: Sequence[Heard], folder: Path) -> AudioVAE:
    """`vae`, whose pooling has learned by contrast, with a pooling and moments that are fitted to `tracks`.

    Raises:
        BadInput: there are no more tracks than numbers of a vector.
    """
    if vae.pooling is None or len(tracks) <= LATENT:
        raise BadInput(f"pooling: {len(tracks)} tracks cannot fit {LATENT} numbers, or the weights have no pooling")
    vae.eval()
    draw = np.random.default_rng(SEED)
    described, whose = [], []
    for number, track in enumerate(tracks):
        for excerpt in excerpts_of(track, folder, draw):
            described.append(describe(vae, excerpt))
            whose.append(number)
    projection = torch.from_numpy(fisher(np.stack(described), np.array(whose))).float()  # (V + 2M, V)
    fitted = AudioVAE(replace(vae.shape, moments=True))
    fitted.load_state_dict(vae.state_dict(), strict=False)
    with torch.no_grad():
        assert fitted.pooling is not None
        assert fitted.moments is not None
        fitted.pooling.weight.copy_(projection[:LATENT].T @ vae.pooling.weight)
        fitted.moments.weight.copy_(projection[LATENT:].T)
    return fitted


def describe(vae: AudioVAE, spectrogram: Tensor) -> NDArray[np.float64]:
    """spectrogram: (M, F). What the pooled VAE says of it, and the moments of its bands, (V + 2M,)."""
    with torch.inference_mode():
        patches = spread_patches(spectrogram, at_most=PATCHES_PER_TRACK)
        means, _ = vae.encode(patches)
        both = torch.cat([vae.pool(means[None], patches[None])[0], band_moments(patches[None])[0]])
    return np.asarray(both.double())


def fisher(described: NDArray[np.float64], whose: NDArray[np.int64]) -> NDArray[np.float64]:
    """described: (N, D); whose: (N,) number of the track. Returns (D, V), by which an excerpt's (D,) is multiplied.

    Within tracks every direction then varies by the same, and the V in which tracks vary most are kept.
    """
    deviations = described.std(axis=0) + 1e-9
    scaled = (described - described.mean(axis=0)) / deviations
    _, index = np.unique(whose, return_inverse=True)
    centres = np.stack([scaled[index == one].mean(axis=0) for one in range(index.max() + 1)])
    within = scaled - centres[index]
    scatter = within.T @ within / len(within)
    scatter += SHRINKAGE * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    values, axes = np.linalg.eigh(scatter)
    whitening = axes / np.sqrt(values)
    _, _, directions = np.linalg.svd(centres @ whitening, full_matrices=False)
    projection: NDArray[np.float64] = whitening @ directions[:LATENT].T / deviations[:, None]
    return projection


def excerpts_of(track: Heard, folder: Path, draw: np.random.Generator) -> list[Tensor]:
    """Spectrograms of half a minute at most, (M, F) each."""
    frames = track.spectrogram(folder)
    size = min(EXCERPT_FRAMES, len(frames) // 2)
    begins = np.linspace(0, len(frames) - size, min(EXCERPTS, len(frames) // size)).astype(int)
    clean = [torch.from_numpy(np.array(frames[begin : begin + size])).float().T for begin in begins]
    listened = [as_listened(one[None, None, None], draw)[0, 0, 0] for one in clean]
    lossy = [torch.from_numpy(np.load(folder / part)[1]).float().T for part in track.parts]
    return [*clean, *listened, *(one for one in lossy if one.shape[0] == MEL_BANDS)]


def main(
    corpus: Annotated[Path, typer.Option(help="Folder of `simulations.pretraining.free_music.corpus`.")],
    weights: Annotated[Path, typer.Option(help="Of `simulations.pretraining.free_music.train`.")],
    out: Annotated[Path, typer.Option(help="Weights to write (safetensors, float16).")],
) -> None:
    """Fit the last step and write the encoder's weights."""
    torch.set_num_threads(1)
    try:
        training = [track for track in read_corpus_index(corpus) if track.split == "training"]
        tensors = {name: tensor.float() for name, tensor in load_file(weights).items()}
        vae = AudioVAE(shape_of(tensors))
        vae.load_state_dict(tensors)
        write_weights(fit_pooling(vae, training, corpus), out)
    except SottovoceError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None


if __name__ == "__main__":
    typer.run(main)
