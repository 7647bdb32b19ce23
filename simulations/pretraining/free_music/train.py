"""Train the pooled VAE: python -m simulations.pretraining.free_music.train --corpus DIR --state FILE --out FILE.

One thread, no GPU. Killed at any moment, the same command goes on from the last checkpoint and ends with the same
weights: every step draws from a generator of its own. Letters: as in `objective`.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import torch
import typer
from safetensors.torch import save

from shared_model.durable import write_atomically
from shared_model.encoders.audio_vae import POOLED, AudioVAE, VaeShape
from shared_model.errors import BadInput, SottovoceError
from simulations.pretraining.free_music.checkpoint import load_checkpoint, save_checkpoint
from simulations.pretraining.free_music.corpus import read_corpus_index
from simulations.pretraining.free_music.draw import Source, draw_batch, open_sources
from simulations.pretraining.free_music.fit import measure
from simulations.pretraining.free_music.objective import losses

REAL_TRACKS: Final = 12
LIEDER: Final = 4
"""Of a batch."""

LEARNING_RATE: Final = 1.5e-3
LARGEST_GRADIENT: Final = 1e3
RISING_STEPS: Final = 100
FALLING_SHARE: Final = 0.3
"""Of all steps, the last. What goes before does not depend on their number, so that a training may be prolonged
(Hu et al., arXiv:2404.06395)."""

KL_WARM_UP_STEPS: Final = 600
CHECKPOINT_STEPS: Final = 50

Kinds = Sequence[tuple[Sequence[Source], int]]
Told = Callable[[int, dict[str, float]], None]


def learning_rate(step: int, steps: int) -> float:
    """Rising over the first hundred steps, falling in a line to nothing over the last three tenths."""
    rising = (step + 1) / RISING_STEPS
    falling = (steps - step) / (FALLING_SHARE * steps)
    return LEARNING_RATE * min(1.0, rising, falling)


def train(kinds: Kinds, *, shape: VaeShape, steps: int, seed: int, state: Path, told: Told) -> AudioVAE:
    """Adam over the steps that `state` does not hold yet, which it is written to as they are done.

    Raises:
        BadInput: `state` is damaged, or of a training of another seed, shape or tracks.
    """
    torch.manual_seed(seed)  # the layers' own initialisation reads the global generator
    vae = AudioVAE(shape).to(memory_format=torch.channels_last)  # a tenth to a half faster
    optimizer = torch.optim.Adam(vae.parameters())
    tracks = [len(sources) for sources, _ in kinds]
    about = json.dumps([asdict(shape), seed, tracks])
    begun = load_checkpoint(state, vae, optimizer, about=about)
    for step in range(begun, steps):
        batch = draw_batch(kinds, np.random.default_rng([seed, step]))
        found = losses(vae, batch, generator=torch.Generator().manual_seed(seed << 32 | step))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        optimizer.zero_grad()
        found.total(beta=min(1.0, step / KL_WARM_UP_STEPS)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(vae.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        told(step + 1, {name: getattr(found, name).item() for name in ("error", "kl", "contrast")})
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == steps:
            save_checkpoint(state, vae, optimizer, step=step + 1, about=about)
    return vae


def main(
    corpus: Annotated[Path, typer.Option(help="Folder of `simulations.pretraining.free_music.corpus`.")],
    state: Annotated[Path, typer.Option(help="Checkpoint, to go on from after a kill.")],
    out: Annotated[Path, typer.Option(help="Weights to write (safetensors, float16).")],
    steps: Annotated[int, typer.Option(min=1)] = 2_300,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Train the pooled VAE; the last line of output is its fit on tracks that it was not trained on."""
    torch.set_num_threads(1)
    try:
        for file in (state, out):
            if not file.parent.is_dir():
                raise BadInput(f"training: the folder {file.parent} does not exist; make it or name another")
        tracks = read_corpus_index(corpus)
        training = [track for track in tracks if track.split == "training"]
        kinds = [
            (open_sources([track for track in training if track.package != "lieder"], corpus), REAL_TRACKS),
            (open_sources([track for track in training if track.package == "lieder"], corpus), LIEDER),
        ]
        begun, sums = time.monotonic(), dict[str, float]()

        def told(step: int, parts: dict[str, float]) -> None:
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + value / CHECKPOINT_STEPS
            if step % CHECKPOINT_STEPS == 0:
                means = {name: round(value, 3) for name, value in sums.items()}
                typer.echo(json.dumps({"step": step, "seconds": round(time.monotonic() - begun), **means}), err=True)
                sums.clear()

        vae = train(kinds, shape=POOLED, steps=steps, seed=seed, state=state, told=told)
    except SottovoceError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    write_weights(vae, out)
    fit = {}
    for kind in ("lieder", "real music"):
        validation = [
            torch.from_numpy(np.array(track.spectrogram(corpus))).T
            for track in tracks
            if track.split == "validation" and (track.package == "lieder") == (kind == "lieder")
        ]
        fit[kind] = asdict(measure(vae, validation))
    print(json.dumps(fit))


def write_weights(vae: AudioVAE, out: Path) -> None:
    """In half precision, which `vae` is rounded to as well."""
    halves = {name: tensor.half().contiguous() for name, tensor in vae.state_dict().items()}
    vae.load_state_dict({name: tensor.float() for name, tensor in halves.items()})
    write_atomically(out, save(halves, metadata={"model": "sottovoce audio VAE, pooled"}))


if __name__ == "__main__":
    typer.run(main)
