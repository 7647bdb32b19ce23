"""Sound as lossy codecs leave it, by libsndfile: what a listener's file may have gone through.

libsndfile gives no choice of a bit rate but a level of compression from 0 to 1. For Opus 1 - level is linear in the bit
rate from 6 to 256 kbit/s a channel; for Vorbis and MP3 it is a quality. All three come back without a delay.
Letters: T samples.
"""

import io
from collections.abc import Callable
from typing import Final

import soundfile
import torch
from torch import Tensor

from shared_model.encoders.resampling import resample

CODECS: Final = {"opus": ("OGG", "OPUS"), "vorbis": ("OGG", "VORBIS"), "mp3": ("MP3", "MPEG_LAYER_III")}

RATE_HZ: Final = 24_000
"""All three codecs know it, and it holds everything that log-mel hears."""

_AT_ONCE = 4096
"""libsndfile 1.2 overflows its stack where Vorbis is written in one piece of millions of samples."""


def through_codec(waveform: Tensor, codec: str, *, compression: float) -> Tensor:
    """(T,) float32 at 24 kHz, encoded and decoded, (T,).

    codec: a key of CODECS; compression: 0 the largest file, the smallest just below 1, which MP3 refuses.
    """
    container, subtype = CODECS[codec]
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", RATE_HZ, 1, subtype, format=container, compression_level=compression
    ) as writing:
        for part in torch.split(waveform.clamp(-1, 1), _AT_ONCE):
            writing.write(part.numpy())
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return torch.from_numpy(decoded)


def opus_24(waveform: Tensor, sample_rate_hz: int) -> tuple[Tensor, int]:
    """(T,) after Opus at 24 kbit/s mono, at 24 kHz."""
    return through_codec(resample(waveform, sample_rate_hz, RATE_HZ), "opus", compression=1 - (24 - 6) / 250), RATE_HZ


def quieter(waveform: Tensor, sample_rate_hz: int) -> tuple[Tensor, int]:
    """(T,) at -12 dB, in 16 bits."""
    return torch.round(waveform * 10 ** (-12 / 20) * 32_767) / 32_767, sample_rate_hz


def resampled(waveform: Tensor, sample_rate_hz: int) -> tuple[Tensor, int]:
    """(T,) at 22,050 Hz, the rate of old games."""
    return resample(waveform, sample_rate_hz, 22_050), 22_050


def narrowed(waveform: Tensor, sample_rate_hz: int) -> tuple[Tensor, int]:
    """(T,) at 8 kHz, as by telephone: the upper third of the mel bands is empty."""
    return resample(waveform, sample_rate_hz, 8_000), 8_000


Degradation = Callable[[Tensor, int], tuple[Tensor, int]]

DEGRADATIONS: Final[dict[str, Degradation]] = {
    "Opus 24 kbit/s": opus_24,
    "-12 dB": quieter,
    "22,050 Hz": resampled,
    "8,000 Hz": narrowed,
}
