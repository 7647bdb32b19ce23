"""The patches of a long recording, from the parts of it that they cover: an hour is never decoded into memory.

Each part is read with so much around it that its frames are those of the whole recording. One thing differs: the
loudness to which the recording is scaled is that of the parts read, not of all of it.
Letters: T samples, W windows (patches), M mel bands, P frames of a patch, F frames of the recording.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from shared_model.encoders.log_mel import (
    FFT_SAMPLES,
    HOP_SAMPLES,
    LOUDNESS_RMS,
    PATCH_FRAMES,
    SAMPLE_RATE_HZ,
    SILENCE_RMS,
    audible,
    check_sample_rate,
    log_mel_frames,
    loudness,
    mirrored,
    patch_starts,
)
from shared_model.encoders.resampling import factors, reach, resample
from shared_model.errors import BadInput

Read = Callable[[int, int], Tensor]
"""Takes the first sample and the one after the last; gives them as (T,), or fewer where the recording ends early."""

_HALF = FFT_SAMPLES // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What to read for a patch, in samples of the recording, and where the patch lies in it once it is at 16 kHz."""

    begin: int
    end: int
    first: int
    last: int
    mirror_before: int
    mirror_after: int


def is_covered(samples: int, sample_rate_hz: int, *, at_most: int) -> bool:
    """Whether `at_most` patches cover all of such a recording: it is then read whole."""
    return _frames(samples, sample_rate_hz) <= at_most * PATCH_FRAMES


def read_patches(read: Read, *, samples: int, sample_rate_hz: int, at_most: int) -> Tensor | None:
    """(W, M, P): what `spread_patches` takes from the whole recording's spectrogram; None where nothing can be heard.

    samples: T of the whole recording; more than `at_most` patches cover. A part that ends early is left out.

    Raises:
        BadInput: a part holds NaN or infinity, every part ends early, the rate is below 8 kHz, or `read` raises.
    """
    check_sample_rate(sample_rate_hz)
    pieces, squares, heard, varies = [], 0.0, 0, False
    for window in _windows(samples, sample_rate_hz, at_most=at_most):
        part = read(window.begin, window.end)
        if len(part) < window.end - window.begin:
            continue
        squares, heard = squares + loudness(part) ** 2 * len(part), heard + len(part)
        varies = varies or loudness(part - part.mean()) >= SILENCE_RMS
        piece = resample(part.float(), sample_rate_hz, SAMPLE_RATE_HZ)[window.first : window.last]
        pieces.append(mirrored(piece, window.mirror_before, window.mirror_after))
    if not pieces:
        raise BadInput("audio: it ends before its header says; copy it again from its source")
    rms = (squares / heard) ** 0.5
    return (
        None if rms < SILENCE_RMS or not varies else audible(log_mel_frames(torch.stack(pieces) * (LOUDNESS_RMS / rms)))
    )


def _frames(samples: int, sample_rate_hz: int) -> int:
    return 1 + _resampled(samples, sample_rate_hz) // HOP_SAMPLES


def _resampled(samples: int, sample_rate_hz: int) -> int:
    up, down = factors(sample_rate_hz, SAMPLE_RATE_HZ)
    return -(-samples * up // down)


def _windows(samples: int, sample_rate_hz: int, *, at_most: int) -> Iterator[_Window]:
    up, down = factors(sample_rate_hz, SAMPLE_RATE_HZ)
    margin, whole = reach(sample_rate_hz, SAMPLE_RATE_HZ), _resampled(samples, sample_rate_hz)
    for start in patch_starts(_frames(samples, sample_rate_hz), at_most=at_most):
        # at 16 kHz, with the half window that a frame reaches back and forth
        first = start * HOP_SAMPLES - _HALF
        last = (start + PATCH_FRAMES - 1) * HOP_SAMPLES + _HALF
        # both grids meet every `down` samples: a part that begins there is resampled at the same moments as the whole
        blocks = max(0, max(first, 0) // up - -(-margin // down))
        yield _Window(
            begin=blocks * down,
            end=min(samples, -(-last * down // up) + margin),
            first=max(first, 0) - blocks * up,
            last=min(last, whole) - blocks * up,
            mirror_before=max(0, -first),
            mirror_after=max(0, last - whole),
        )
