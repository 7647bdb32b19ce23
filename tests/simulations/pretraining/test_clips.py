from pathlib import Path

import numpy as np
import pytest
import soundfile

from shared_model.errors import BadInput
from simulations.pretraining.clips import read_clip


def test_channels_are_averaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "stereo.wav", np.array([[0.5, 0.0]] * 100), 8_000, "FLOAT")
    waveform, sample_rate_hz = read_clip(tmp_path / "stereo.wav")
    assert sample_rate_hz == 8_000
    assert waveform.tolist() == [0.25] * 100


def test_a_clip_that_is_no_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.ogg").write_text("not audio")
    for name in ("notes.ogg", "absent.ogg"):
        with pytest.raises(BadInput, match="cannot decode"):
            read_clip(tmp_path / name)
