"""Clips as spectrograms in memory, whole albums held out for validation.

Letters: M mel bands, F frames of a track, P frames of a patch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from shared_model.encoders.log_mel import PATCH_FRAMES, log_mel
from shared_model.errors import BadInput
from simulations.pretraining.clips import read_clip

HELD_OUT_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Spectrograms of one kind of music, (M, F) float16 each, and the share of a batch that is drawn from them."""

    training: Sequence[Tensor]
    validation: Sequence[Tensor]
    share: float


def read_corpus(clips: Iterable[Path], *, share: float, generator: torch.Generator) -> Corpus:
    """Spectrograms of all audible clips, split by album: what stands before `__` in a file's name, or all of it.

    Raises:
        BadInput: there are fewer than two albums, or a clip cannot be decoded.
    """
    albums: dict[str, list[Tensor]] = {}
    for clip in sorted(clips):
        spectrogram = log_mel(*read_clip(clip))
        if spectrogram is not None:
            albums.setdefault(clip.stem.partition("__")[0], []).append(spectrogram.half())
    if len(albums) < 2:
        raise BadInput("pretraining: fewer than two albums to train on and to hold out; name the folder of the clips")
    names = list(albums)
    order = [names[i] for i in torch.randperm(len(names), generator=generator).tolist()]
    held_out = max(1, round(HELD_OUT_SHARE * len(order)))
    return Corpus(
        training=[track for name in order[held_out:] for track in albums[name]],
        validation=[track for name in order[:held_out] for track in albums[name]],
        share=share,
    )


def draw_patches(tracks: Sequence[Tensor], count: int, generator: torch.Generator) -> list[Tensor]:
    """`count` patches (M, P) float32 at random places of random tracks."""
    which = torch.randint(len(tracks), (count,), generator=generator).tolist()
    where = torch.rand(count, generator=generator).tolist()
    patches = []
    for track, place in zip(which, where, strict=True):
        start = int(place * (tracks[track].shape[1] - PATCH_FRAMES + 1))
        patches.append(tracks[track][:, start : start + PATCH_FRAMES].float())
    return patches
