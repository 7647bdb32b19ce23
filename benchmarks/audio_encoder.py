"""What an audio encoder's vectors are worth on music that nobody trained on:

python benchmarks/audio_encoder.py --cache DIR --lieder DIR --corpus DIR --weights FILE [--weights FILE ...]

cache and corpus: of simulations.pretraining.free_music. The tables of docs/audio-encoder.md are its output; every
`+` or `-` is a 95 % interval of the difference to PCA of the same size that does not hold 0.
"""

from pathlib import Path
from typing import Annotated

import torch
import typer
from safetensors.torch import load_file

from shared_model.encoders.audio_vae import AudioVAE, shape_of
from simulations.benchmark.audio_encoder.excerpts import held_out_game_music, held_out_lieder, held_out_stems
from simulations.benchmark.audio_encoder.proof import Answer, Heard, ask, ask_stems, chance_of, hear
from simulations.benchmark.audio_encoder.rivals import Describe, encoder_of, mean_latent_of, plain_rivals
from simulations.pretraining.free_music.corpus import read_corpus_index

RIVAL = "PCA of mean and variance"


def main(
    cache: Annotated[Path, typer.Option(help="Folder of the fetched music.")],
    lieder: Annotated[Path, typer.Option(help="Folder with audio/*.opus.")],
    corpus: Annotated[
        Path, typer.Option(help="Folder of the spectrograms trained on, which the rivals are fitted to.")
    ],
    weights: Annotated[list[Path], typer.Option(help="Of the encoders.")],
) -> None:
    """Print a table for each kind of music."""
    torch.set_num_threads(1)
    training = [track for track in read_corpus_index(corpus) if track.split == "training"]
    descriptions: dict[str, Describe] = plain_rivals(training, corpus)
    for file in weights:
        tensors = {name: tensor.float() for name, tensor in load_file(file).items()}
        vae = AudioVAE(shape_of(tensors))
        vae.load_state_dict(tensors)
        descriptions[file.stem] = encoder_of(vae)
        if vae.shape.pooled:
            descriptions[f"{file.stem}, mean latent alone"] = mean_latent_of(vae)
    for title, heard in (
        ("real music", hear(list(held_out_game_music(cache)), degrade=True, advance=lambda: None)),
        ("lieder", hear(list(held_out_lieder(lieder)), degrade=False, advance=lambda: None)),
    ):
        table(title, heard, descriptions)
    stems = list(held_out_stems(cache))
    print(f"\nguitar or band, {len(stems)} excerpts of 10 s (chance 50.0 %)")
    for name, describe in descriptions.items():
        print(f"  {name}: {ask_stems(stems, describe):.1%}")


def table(title: str, heard: Heard, descriptions: dict[str, Describe]) -> None:
    """In Markdown."""
    answers = {name: ask(heard, describe) for name, describe in descriptions.items()}
    chance = chance_of(heard)
    print(
        f"\n{title}: {len(heard.first)} tracks\n\n| | chance | {' | '.join(answers)} |\n|{'---|' * (len(answers) + 2)}"
    )
    for probe in answers[RIVAL]:
        cells = [shown(probe, found[probe], answers[RIVAL][probe]) for found in answers.values()]
        at_chance = shown(probe, Answer(mean=chance[probe]), None) if probe in chance else "0" if "R2" in probe else ""
        print(f"| {probe} | {at_chance} | {' | '.join(cells)} |", flush=True)


def shown(probe: str, answer: Answer, rival: Answer | None) -> str:
    """A number, and whether it differs from the rival's."""
    text = f"{answer.mean:.3f}" if "R2" in probe or "cosine" in probe else f"{answer.mean:.1%}"
    between = None if rival is None else answer.ahead_of(rival)
    if between is None or between[0] <= 0 <= between[1]:
        return text
    return f"{text} {'+' if between[0] > 0 else '-'}"


if __name__ == "__main__":
    typer.run(main)
