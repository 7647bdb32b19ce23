"""From a waveform to the log-mel patches that the audio VAE reads.

Letters: T samples, F frames, W windows (patches), M = 64 mel bands, P = 96 frames of a patch (1.92 s).
"""

from functools import cache
from typing import Final

import torch
import torchaudio
from torch import Tensor

from shared_model.errors import BadInput

SAMPLE_RATE_HZ: Final = 16_000
FFT_SAMPLES: Final = 1024
HOP_SAMPLES: Final = 320
"""20 ms between frames: short enough for a plucked string, long enough for a patch of two seconds in 96 frames."""

MEL_BANDS: Final = 64
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


@cache
def _mel_spectrogram() -> torch.nn.Module:
    transform: torch.nn.Module = torchaudio.transforms.MelSpectrogram(
        SAMPLE_RATE_HZ, n_fft=FFT_SAMPLES, hop_length=HOP_SAMPLES, n_mels=MEL_BANDS, f_min=30.0, norm=None
    )
    return transform


def log_mel(waveform: Tensor, sample_rate_hz: int) -> Tensor | None:
    """The normalised log-mel spectrogram of a mono waveform.

    waveform: (T,) float32, any level; sample_rate_hz: what it was recorded at, resampled to 16 kHz here.

    Returns (M, F) with F >= P, or None where there is nothing to hear (empty or silent). A sound shorter than a
    patch is repeated until it fills one: padding it with silence would describe the padding.

    Raises:
        BadInput: the waveform is not mono, holds NaN or infinity, or its sample rate is below 8 kHz.
    """
    if waveform.ndim != 1:
        raise BadInput(
            f"audio: expected a mono waveform, got shape {tuple(waveform.shape)}; average its channels first"
        )
    if sample_rate_hz < LOWEST_SAMPLE_RATE_HZ:
        raise BadInput(
            f"audio: a sample rate of {sample_rate_hz} Hz is below {LOWEST_SAMPLE_RATE_HZ} Hz; use a better recording"
        )
    if not bool(torch.isfinite(waveform).all()):
        raise BadInput("audio: the waveform holds NaN or infinity; decode the file again")
    rms = float(waveform.double().square().mean().sqrt()) if len(waveform) else 0.0
    if rms < SILENCE_RMS:
        return None
    levelled = waveform.float() * (LOUDNESS_RMS / rms)
    levelled = torchaudio.functional.resample(levelled, sample_rate_hz, SAMPLE_RATE_HZ)
    shortest = PATCH_FRAMES * HOP_SAMPLES
    if len(levelled) < shortest:
        levelled = levelled.repeat(-(-shortest // len(levelled)))
    power: Tensor = _mel_spectrogram()(levelled)
    return (torch.log(power + POWER_FLOOR) - LOG_MEAN) / LOG_DEVIATION


def spread_patches(spectrogram: Tensor, *, at_most: int) -> Tensor:
    """(M, F) -> (W, M, P): patches that cover the track evenly from its first frame to its last, at most `at_most`."""
    frames = spectrogram.shape[1]
    count = min(at_most, -(-frames // PATCH_FRAMES))
    starts = torch.linspace(0, frames - PATCH_FRAMES, count).round().int().tolist()
    return torch.stack([spectrogram[:, start : start + PATCH_FRAMES] for start in starts])
