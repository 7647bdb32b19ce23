import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.encoders.resampling import reach, resample

RATES = [8_000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]


def noise(samples: int) -> torch.Tensor:
    return torch.randn(samples, generator=torch.Generator().manual_seed(samples))


@pytest.mark.parametrize("rate_hz", RATES)
def test_it_agrees_with_torchaudio(rate_hz: int) -> None:
    waveform = noise(rate_hz + 3)
    # in double precision: in single, torchaudio rounds the moments at which its kernel is sampled
    theirs = torchaudio.functional.resample(waveform.double(), rate_hz, 16_000)
    torch.testing.assert_close(resample(waveform, rate_hz, 16_000), theirs.float(), atol=2e-6, rtol=0)


@settings(max_examples=30, deadline=None)
@given(samples=st.integers(0, 400), rate_hz=st.sampled_from([*RATES, 44_056]))
def test_its_length_is_the_time_it_lasts_rounded_up(samples: int, rate_hz: int) -> None:
    assert len(resample(noise(samples), rate_hz, 16_000)) == -(-samples * 16_000 // rate_hz)


@pytest.mark.parametrize("rate_hz", RATES)
def test_nothing_further_than_its_reach_has_a_say(rate_hz: int) -> None:
    click = torch.zeros(2 * rate_hz)
    click[rate_hz] = 1.0
    sounding = resample(click, rate_hz, 16_000).nonzero()[:, 0] / 16_000
    assert (sounding - 1.0).abs().max() * rate_hz <= reach(rate_hz, 16_000)


def test_the_rate_wanted_is_left_alone() -> None:
    waveform = noise(100)
    assert resample(waveform, 16_000, 16_000) is waveform
