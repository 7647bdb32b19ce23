"""Train the audio VAE: python -m simulations.pretraining.audio_vae --lieder DIR --game-music DIR --out FILE.

One thread, no GPU: log-mel spectrograms are computed once and kept, every epoch draws new patches from them.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import torch
import typer
from safetensors.torch import save

from shared_model.durable import write_atomically
from shared_model.encoders.log_mel import PATCH_FRAMES
from shared_model.errors import BadInput, SottovoceError
from simulations.pretraining.spectrogram_corpus import read_corpus
from simulations.pretraining.vae_training import BATCH, measure, train

REAL_MUSIC_SHARE: Final = 0.2
"""Of each batch, though real music is 3 % of the hours: listeners hear bands, not one sound font."""


def main(
    lieder: Annotated[Path, typer.Option(help="Folder with audio/*.opus")],
    game_music: Annotated[Path, typer.Option(help="Folder with *.ogg")],
    out: Annotated[Path, typer.Option(help="Weights to write (safetensors, float16)")],
    epochs: Annotated[int, typer.Option(min=1)] = 30,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Train the audio VAE; the last line of output is its fit on the tracks held out."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(seed)
    try:
        if not out.parent.is_dir():  # else the weights would be lost after minutes of training
            raise BadInput(f"pretraining: the folder {out.parent} does not exist; make it or name another with --out")
        corpora = {
            "lieder": read_corpus(lieder.glob("audio/*.opus"), share=1 - REAL_MUSIC_SHARE, generator=generator),
            "game_music": read_corpus(game_music.glob("*.ogg"), share=REAL_MUSIC_SHARE, generator=generator),
        }
    except SottovoceError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    frames = sum(track.shape[1] for corpus in corpora.values() for track in corpus.training)
    vae = train(
        list(corpora.values()),
        epochs=epochs,
        batches=max(1, frames // (PATCH_FRAMES * BATCH)),  # as many patches as the clips hold without overlap
        generator=generator,
        epoch_finished=lambda epoch, loss: typer.echo(f"epoch {epoch} of {epochs}: loss {loss:.1f} nats", err=True),
    )
    vae.load_state_dict({name: tensor.half().float() for name, tensor in vae.state_dict().items()})
    weights = {name: tensor.half() for name, tensor in vae.state_dict().items()}
    write_atomically(out, save(weights, metadata={"model": "sottovoce audio VAE"}))
    typer.echo(json.dumps({name: asdict(measure(vae, corpus.validation)) for name, corpus in corpora.items()}))


if __name__ == "__main__":
    typer.run(main)
