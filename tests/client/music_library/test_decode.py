from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from client.music_library.decode import open_sound
from shared_model.errors import BadInput


def test_parts_are_those_of_the_whole_with_channels_averaged(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (4000, 2))
    soundfile.write(tmp_path / "a.wav", samples, 8_000, "FLOAT")
    with open_sound(tmp_path / "a.wav") as sound:
        assert (sound.samples, sound.sample_rate_hz) == (4000, 8_000)
        whole = sound.read(0, 4000)
        torch.testing.assert_close(whole, torch.from_numpy(samples.mean(axis=1)).float())
        torch.testing.assert_close(sound.read(1000, 1100), whole[1000:1100])
        torch.testing.assert_close(sound.read(50, 60), whole[50:60])
        assert len(sound.read(3990, 4100)) == 10


@pytest.mark.parametrize("name", ["absent.ogg", "shopping list.mp3", "empty.opus", "cut in its header.ogg"])
def test_what_cannot_be_opened_is_refused_without_its_name(name: str) -> None:
    music = Path(__file__).parents[2] / "fixtures" / "music"
    with pytest.raises(BadInput, match="it is truncated, or of a format") as raised, open_sound(music / name):
        pass
    assert name.split(".")[0] not in str(raised.value)


def test_a_file_cut_in_its_middle_is_refused_when_it_is_read() -> None:
    music = Path(__file__).parents[2] / "fixtures" / "music"
    with open_sound(music / "truncated.flac") as sound, pytest.raises(BadInput, match="it is truncated"):
        sound.read(0, sound.samples)
