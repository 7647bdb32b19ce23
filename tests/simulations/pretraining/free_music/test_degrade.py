import math

import pytest
import torch

from simulations.pretraining.free_music.degrade import CODECS, DEGRADATIONS, RATE_HZ, through_codec


def chord(seconds: float = 4.0, *, rate_hz: int = RATE_HZ) -> torch.Tensor:
    time = torch.arange(int(seconds * rate_hz)) / rate_hz
    swell = 0.6 + 0.4 * torch.sin(2 * math.pi * 1.5 * time)
    return swell * sum(0.1 * torch.sin(2 * math.pi * hertz * time) for hertz in (220, 277, 330, 1760))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("compression", [0.5, 0.95])
def test_a_codec_gives_back_the_same_moments_but_not_the_same_samples(codec: str, compression: float) -> None:
    sound = chord()
    heard = through_codec(sound, codec, compression=compression)
    assert len(heard) == len(sound)
    inner = sound[8_000:-8_000]
    likeness = {
        lag: float(torch.nn.functional.cosine_similarity(heard[8_000 + lag : 8_000 + lag + len(inner)], inner, dim=0))
        for lag in (-40, -20, 0, 20, 40)
    }
    assert max(likeness, key=lambda lag: likeness[lag]) == 0
    assert likeness[0] > 0.8
    assert not torch.equal(heard, sound)


def test_minutes_do_not_overflow_the_stack_of_libsndfile() -> None:
    assert len(through_codec(chord(60.0), "vorbis", compression=0.5)) == 60 * RATE_HZ


def test_degradations_keep_the_length_in_seconds_and_do_what_they_are_called() -> None:
    sound = chord(rate_hz=44_100)
    for degradation in DEGRADATIONS.values():
        heard, rate_hz = degradation(sound, 44_100)
        assert abs(len(heard) / rate_hz - 4) < 0.01
        assert torch.isfinite(heard).all()
    quiet, _ = DEGRADATIONS["-12 dB"](sound, 44_100)
    assert 20 * math.log10(float(quiet.square().mean().sqrt() / sound.square().mean().sqrt())) == pytest.approx(
        -12, abs=0.05
    )
    assert DEGRADATIONS["8,000 Hz"](sound, 44_100)[1] == 8_000
