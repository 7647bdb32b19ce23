"""Sound files, decoded in parts: what libsndfile reads, which is WAV, AIFF, FLAC, Ogg Vorbis, Opus and MP3."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import soundfile
import torch
from torch import Tensor

from shared_model.errors import BadInput

LONGEST_SAMPLES: Final = 192_000 * 86_400
"""A day at the highest rate: where a file does not know its length, libsndfile says 2**63 - 1."""

UNDECODABLE: Final = "it is truncated, or of a format that libsndfile cannot decode"


class Sound:
    """An open file. samples: its length by its header; sample_rate_hz."""

    def __init__(self, file: soundfile.SoundFile) -> None:
        self._file = file
        self.samples = int(file.frames)
        self.sample_rate_hz = int(file.samplerate)

    def read(self, begin: int, end: int) -> Tensor:
        """The samples from `begin` until before `end`, channels averaged, (T,) float32; fewer where the file ends.

        Raises:
            BadInput: they cannot be decoded.
        """
        try:
            if self._file.tell() != begin:
                self._file.seek(begin)
            samples = self._file.read(end - begin, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise BadInput(f"audio: {UNDECODABLE}") from error
        return torch.from_numpy(samples.mean(axis=1))


@contextmanager
def open_sound(path: Path) -> Iterator[Sound]:
    """The file, opened for reading.

    Raises:
        BadInput: it is missing, truncated, of an unknown format, or does not know its own length. No message names it.
    """
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.SoundFileError, OSError) as error:
        raise BadInput(f"audio: {UNDECODABLE}") from error
    with file:
        sound = Sound(file)
        if not 0 <= sound.samples <= LONGEST_SAMPLES:
            raise BadInput("audio: its header does not say how long it is; copy it again from its source")
        yield sound
