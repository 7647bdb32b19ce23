"""Audio files as mono waveforms."""

from pathlib import Path

import soundfile
import torch
from torch import Tensor

from shared_model.errors import BadInput


def read_clip(path: Path) -> tuple[Tensor, int]:
    """The clip as (T,) float32, its channels averaged, and its sample rate in Hz.

    Reads what libsndfile reads: WAV, FLAC, Ogg Vorbis, Opus, MP3.

    Raises:
        BadInput: the file is not there or cannot be decoded.
    """
    try:
        samples, sample_rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise BadInput(f"audio: cannot decode {path}: it is missing, truncated or of an unknown format") from error
    return torch.from_numpy(samples.mean(axis=1)), int(sample_rate_hz)
