"""From a waveform to the log-mel patches that the audio VAE reads.

Letters: T samples, F frames, W windows (patches), M = 64 mel bands, P = 96 frames of a patch (1.92 s), C = 513
frequencies.
"""

import math
from functools import cache
from typing import Final

import torch
from torch import Tensor

from shared_model.encoders.resampling import resample
from shared_model.errors import BadInput

SAMPLE_RATE_HZ: Final = 16_000
FFT_SAMPLES: Final = 1024
HOP_SAMPLES: Final = 320
"""20 ms between frames: short enough for a plucked string, long enough for a patch of two seconds in 96 frames."""

MEL_BANDS: Final = 64
LOWEST_HZ: Final = 30.0
PATCH_FRAMES: Final = 96

LOWEST_SAMPLE_RATE_HZ: Final = 8_000
"""Below it the upper half of the mel bands would be empty, which the model has never met."""

LOUDNESS_RMS: Final = 0.1
"""Every waveform is scaled to it, so that the level of the mastering says nothing."""

SILENCE_RMS: Final = 1e-4
"""-80 dB of full scale: below it there is nothing to hear, only dither and the noise of a codec."""

POWER_FLOOR: Final = 1e-2
LOG_MEAN: Final = -0.13
LOG_DEVIATION: Final = 2.98
"""Mean and standard deviation of log(power + floor) over the training clips: constants, never fitted to a track."""

EMPTY: Final = (math.log(POWER_FLOOR) - LOG_MEAN) / LOG_DEVIATION
"""What a band holds in which there is nothing."""


def log_mel(waveform: Tensor, sample_rate_hz: int) -> Tensor | None:
    """The normalised log-mel spectrogram of a mono waveform.

    waveform: (T,) float32, any level; sample_rate_hz: what it was recorded at, resampled to 16 kHz here.

    Returns (M, F) with F >= P, or None where there is nothing to hear: empty, silent, constant, or nothing between 30
    and 8,000 Hz. A sound shorter than a patch is repeated until it fills one: padding it with silence would describe
    the padding.

    Raises:
        BadInput: the waveform is not mono, holds NaN or infinity, or its sample rate is below 8 kHz.
    """
    check_sample_rate(sample_rate_hz)
    rms = loudness(waveform)
    if rms < SILENCE_RMS or loudness(waveform - waveform.mean()) < SILENCE_RMS:
        return None
    levelled = resample(waveform.float() * (LOUDNESS_RMS / rms), sample_rate_hz, SAMPLE_RATE_HZ)
    shortest = PATCH_FRAMES * HOP_SAMPLES
    if len(levelled) < shortest:
        levelled = levelled.repeat(-(-shortest // len(levelled)))
    return audible(log_mel_frames(mirrored(levelled, FFT_SAMPLES // 2, FFT_SAMPLES // 2)))


def audible(spectrogram: Tensor) -> Tensor | None:
    """The spectrogram, or None where no band of any frame rises above the floor: as of ultrasound alone."""
    return spectrogram if float(spectrogram.amax()) > EMPTY + 0.1 else None


def check_sample_rate(sample_rate_hz: int) -> None:
    """Raises BadInput for a rate below 8 kHz."""
    if sample_rate_hz < LOWEST_SAMPLE_RATE_HZ:
        raise BadInput(
            f"audio: a sample rate of {sample_rate_hz} Hz is below {LOWEST_SAMPLE_RATE_HZ} Hz; use a better recording"
        )


def loudness(waveform: Tensor) -> float:
    """The root mean square of (T,), 0 for none. Raises BadInput: it is not mono, or holds NaN or infinity."""
    if waveform.ndim != 1:
        raise BadInput(
            f"audio: expected a mono waveform, got shape {tuple(waveform.shape)}; average its channels first"
        )
    if not bool(torch.isfinite(waveform).all()):
        raise BadInput("audio: the waveform holds NaN or infinity; decode the file again")
    return float(waveform.double().square().mean().sqrt()) if len(waveform) else 0.0


def mirrored(waveform: Tensor, before: int, after: int) -> Tensor:
    """(T,) with its ends mirrored, so that frames are centred on their moment at the ends, too."""
    padded: Tensor = torch.nn.functional.pad(waveform[None], (before, after), mode="reflect")[0]
    return padded


def log_mel_frames(levelled: Tensor) -> Tensor:
    """Frames that begin at every hop and end within (..., T). Returns (..., M, F), F = 1 + (T - 1024) // 320."""
    spectrum = torch.stft(
        levelled, FFT_SAMPLES, HOP_SAMPLES, window=_hann_window(), center=False, return_complex=True
    )  # (..., C, F)
    power = torch.matmul(_mel_filters(), spectrum.abs().square())
    return (torch.log(power + POWER_FLOOR) - LOG_MEAN) / LOG_DEVIATION


def patch_starts(frames: int, *, at_most: int) -> list[int]:
    """First frames of the patches that cover `frames` evenly from the first to the last, at most `at_most`."""
    count = min(at_most, -(-frames // PATCH_FRAMES))
    starts: list[int] = torch.linspace(0, frames - PATCH_FRAMES, count).round().int().tolist()
    return starts


def spread_patches(spectrogram: Tensor, *, at_most: int) -> Tensor:
    """(M, F) -> (W, M, P): patches that cover the track evenly from its first frame to its last, at most `at_most`."""
    starts = patch_starts(spectrogram.shape[1], at_most=at_most)
    return torch.stack([spectrogram[:, start : start + PATCH_FRAMES] for start in starts])


@cache
def _hann_window() -> Tensor:
    return torch.hann_window(FFT_SAMPLES)


@cache
def _mel_filters() -> Tensor:
    """(M, C): triangles of height 1, evenly spaced on the HTK mel scale, 2595 log10(1 + hertz / 700)."""
    lowest, highest = (2595.0 * math.log10(1.0 + hertz / 700.0) for hertz in (LOWEST_HZ, SAMPLE_RATE_HZ / 2))
    edges = 700.0 * (10.0 ** (torch.linspace(lowest, highest, MEL_BANDS + 2) / 2595.0) - 1.0)
    hertz = torch.linspace(0, SAMPLE_RATE_HZ // 2, FFT_SAMPLES // 2 + 1)
    widths = edges[1:] - edges[:-1]
    rising = (hertz - edges[:-2, None]) / widths[:-1, None]
    falling = (edges[2:, None] - hertz) / widths[1:, None]
    return torch.minimum(rising, falling).clamp(min=0.0)
