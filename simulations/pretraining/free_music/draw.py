"""Batches of excerpts: two of every track, each as its patches sound to a listener and as they are on the record.

Letters: N tracks of a batch, W patches of an excerpt, M mel bands, P frames of a patch, F frames of a track or part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared_model.encoders.log_mel import LOG_DEVIATION, LOG_MEAN, MEL_BANDS, PATCH_FRAMES, POWER_FLOOR
from simulations.pretraining.free_music.corpus import Heard

PATCHES: Final = 4
EXCERPT_FRAMES: Final = 750
"""Fifteen seconds, within which an excerpt's patches lie."""

LOSSY_SHARE: Final = 0.4
"""Of the excerpts of tracks that have parts that went through a codec."""

TRANSFORMED_SHARE: Final = 0.5
"""Of the tracks are sounded higher or lower, slower or faster, both excerpts alike: as other tracks would be."""

LARGEST_SHIFT: Final = 3
"""Mel bands: two to four semitones in the middle of the scale."""

LARGEST_STRETCH: Final = 1.15
GAIN_DEVIATION_DB: Final = 1.5
"""A part of a track is scaled by its own loudness, not by the track's."""

TILT_DEVIATION_DB: Final = 2.0
"""Between the lowest band and the highest: another mastering, or another microphone."""

NARROW_SHARE: Final = 0.15
"""Of the excerpts have no bands above a limit, as of a lower sample rate."""

LOWEST_LIMIT: Final = 42
"""The first band that may be empty: what 8 kHz hold is all below band 47."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """heard, clean: (N, 2, W, M, P), float32 log-mel: what is encoded, and what the decoder is to give back."""

    heard: Tensor
    clean: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A track that excerpts are drawn from: clean (F, M), and parts (2, F, M), all mapped."""

    clean: NDArray[np.float16]
    parts: tuple[NDArray[np.float16], ...]


def open_sources(tracks: Sequence[Heard], folder: Path) -> list[Source]:
    """The tracks' files, mapped; parts shorter than an excerpt are left out."""
    sources = []
    for track in tracks:
        parts = [np.load(folder / part, mmap_mode="r") for part in track.parts]
        long_enough = tuple(part for part in parts if part.shape[1] >= EXCERPT_FRAMES)
        sources.append(Source(clean=track.spectrogram(folder), parts=long_enough))
    return sources


def draw_batch(kinds: Sequence[tuple[Sequence[Source], int]], draw: np.random.Generator) -> Batch:
    """So many tracks of each kind, none twice; long tracks are drawn more often, by the root of their length."""
    heard, clean = [], []
    for sources, count in kinds:
        lengths = np.sqrt([len(source.clean) for source in sources])
        for index in draw.choice(len(sources), size=count, replace=False, p=lengths / lengths.sum()):
            pairs = _two_excerpts(sources[index], draw)
            heard.append(np.stack([pair[0] for pair in pairs]))
            clean.append(np.stack([pair[1] for pair in pairs]))
    return Batch(
        heard=as_listened(torch.from_numpy(np.stack(heard)).float(), draw),
        clean=torch.from_numpy(np.stack(clean)).float(),
    )


def _two_excerpts(source: Source, draw: np.random.Generator) -> list[tuple[NDArray[np.float16], NDArray[np.float16]]]:
    """Heard and clean, (W, M, P) each, of two places of the track, with one shift and one stretch."""
    shift, stretch = 0, 1.0
    if draw.random() < TRANSFORMED_SHARE:
        shift = int(draw.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1))
        stretch = float(LARGEST_STRETCH ** draw.uniform(-1, 1))
    bands = np.clip(np.arange(MEL_BANDS) + shift, 0, MEL_BANDS - 1)
    steps = np.rint(np.arange(PATCH_FRAMES) * stretch).astype(np.int64)
    excerpts = []
    for _ in range(2):
        both: tuple[NDArray[np.float16], NDArray[np.float16]] = (source.clean, source.clean)
        if source.parts and draw.random() < LOSSY_SHARE:
            part = source.parts[draw.integers(len(source.parts))]
            both = (part[1], part[0])
        starts = _starts(len(both[0]), int(steps[-1]) + 1, draw)
        rows = np.minimum(starts[:, None] + steps, len(both[0]) - 1)
        heard, clean = (np.asarray(frames[rows][:, :, bands]).transpose(0, 2, 1) for frames in both)
        excerpts.append((heard, clean))
    return excerpts


def _starts(frames: int, needed: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """First frames of the patches of an excerpt, (W,)."""
    excerpt = min(frames, EXCERPT_FRAMES)
    begin = draw.integers(frames - excerpt + 1)
    return np.asarray(begin + draw.integers(max(1, excerpt - needed + 1), size=PATCHES), dtype=np.int64)


def as_listened(patches: Tensor, draw: np.random.Generator) -> Tensor:
    """(N, E, W, M, P) louder or quieter, tilted and narrowed, each excerpt in its own way."""
    excerpts = patches.shape[:2]
    slope = np.linspace(-0.5, 0.5, MEL_BANDS)
    decibels = (
        draw.normal(0, GAIN_DEVIATION_DB, (*excerpts, 1)) + draw.normal(0, TILT_DEVIATION_DB, (*excerpts, 1)) * slope
    )
    factors = torch.from_numpy(10 ** (decibels / 10)).float()[:, :, None, :, None]
    limits = np.where(draw.random(excerpts) < NARROW_SHARE, draw.integers(LOWEST_LIMIT, MEL_BANDS, excerpts), MEL_BANDS)
    audible = torch.from_numpy(np.arange(MEL_BANDS) < limits[..., None])[:, :, None, :, None]
    power = (torch.exp(patches * LOG_DEVIATION + LOG_MEAN) - POWER_FLOOR).clamp(min=0) * factors * audible
    return (torch.log(power + POWER_FLOOR) - LOG_MEAN) / LOG_DEVIATION
