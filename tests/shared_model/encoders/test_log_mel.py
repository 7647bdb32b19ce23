import math

import numpy as np
import pytest
import torch
import torchaudio
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import stft

from shared_model.encoders.log_mel import (
    FFT_SAMPLES,
    HOP_SAMPLES,
    LOG_DEVIATION,
    LOG_MEAN,
    LOUDNESS_RMS,
    MEL_BANDS,
    PATCH_FRAMES,
    POWER_FLOOR,
    SAMPLE_RATE_HZ,
    log_mel,
    spread_patches,
)
from shared_model.errors import BadInput


def tone(hertz: float, *, seconds: float = 3.0, sample_rate_hz: int = SAMPLE_RATE_HZ) -> torch.Tensor:
    return torch.sin(2 * math.pi * hertz * torch.arange(int(seconds * sample_rate_hz)) / sample_rate_hz)


def slow_log_mel(waveform: np.ndarray) -> np.ndarray:
    """The same by SciPy's STFT and triangles drawn one by one, on the HTK mel scale."""
    waveform = waveform * LOUDNESS_RMS / np.sqrt(np.mean(waveform**2))
    window = np.hanning(FFT_SAMPLES + 1)[:-1]
    padded = np.pad(waveform, FFT_SAMPLES // 2, mode="reflect")
    _, _, spectrum = stft(
        padded, window=window, nperseg=FFT_SAMPLES, noverlap=FFT_SAMPLES - HOP_SAMPLES, boundary=None, padded=False
    )
    power = np.abs(spectrum * window.sum()) ** 2
    hertz = np.linspace(0, SAMPLE_RATE_HZ / 2, FFT_SAMPLES // 2 + 1)
    mels = np.linspace(2595 * np.log10(1 + 30 / 700), 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700), MEL_BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    triangles = [np.interp(hertz, edges[i : i + 3], [0, 1, 0], left=0, right=0) for i in range(MEL_BANDS)]
    return (np.log(np.array(triangles) @ power + POWER_FLOOR) - LOG_MEAN) / LOG_DEVIATION


def test_it_agrees_with_a_slow_reference() -> None:
    noise = torch.randn(SAMPLE_RATE_HZ * 3, generator=torch.Generator().manual_seed(3))
    ours = log_mel(noise, SAMPLE_RATE_HZ)
    assert ours is not None
    np.testing.assert_allclose(ours.numpy(), slow_log_mel(noise.double().numpy()), atol=2e-3)


@pytest.mark.parametrize("sample_rate_hz", [8_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000])
def test_it_agrees_with_torchaudio_which_the_weights_were_trained_behind(sample_rate_hz: int) -> None:
    noise = torch.randn(sample_rate_hz * 3, generator=torch.Generator().manual_seed(3))
    levelled = noise * (LOUDNESS_RMS / float(noise.double().square().mean().sqrt()))
    resampled = torchaudio.functional.resample(levelled.double(), sample_rate_hz, SAMPLE_RATE_HZ).float()
    power = torchaudio.transforms.MelSpectrogram(
        SAMPLE_RATE_HZ, n_fft=FFT_SAMPLES, hop_length=HOP_SAMPLES, n_mels=MEL_BANDS, f_min=30.0, norm=None
    )(resampled)
    theirs = (torch.log(power + POWER_FLOOR) - LOG_MEAN) / LOG_DEVIATION
    torch.testing.assert_close(log_mel(noise, sample_rate_hz), theirs, atol=1e-5, rtol=0)


def test_a_higher_tone_lies_in_a_higher_band() -> None:
    loudest = []
    for hertz in (110, 440, 1760, 6000):
        spectrogram = log_mel(tone(hertz), SAMPLE_RATE_HZ)
        assert spectrogram is not None
        loudest.append(int(spectrogram.mean(dim=1).argmax()))
    assert loudest == sorted(set(loudest))


@given(gain=st.floats(0.01, 1000))
def test_the_level_says_nothing(gain: float) -> None:
    loud, quiet = log_mel(tone(440), SAMPLE_RATE_HZ), log_mel(tone(440) * gain, SAMPLE_RATE_HZ)
    assert loud is not None
    assert quiet is not None
    torch.testing.assert_close(loud, quiet, atol=1e-3, rtol=0)


@pytest.mark.parametrize("sample_rate_hz", [22_050, 24_000, 44_100, 48_000])
def test_the_sample_rate_of_the_recording_says_nothing_below_its_limit(sample_rate_hz: int) -> None:
    here, there = log_mel(tone(440), SAMPLE_RATE_HZ), log_mel(tone(440, sample_rate_hz=sample_rate_hz), sample_rate_hz)
    assert here is not None
    assert there is not None
    inner = slice(4, -4)  # resampling rings at both ends
    assert abs(here[:, inner].amax(dim=0) - there[:, inner].amax(dim=0)).max() < 0.01


@pytest.mark.parametrize(
    "waveform",
    [torch.zeros(0), torch.zeros(SAMPLE_RATE_HZ), torch.full((9000,), 5e-5), torch.full((9000,), 0.3), torch.ones(1)],
)
def test_silence_and_constants_are_absent(waveform: torch.Tensor) -> None:
    assert log_mel(waveform, SAMPLE_RATE_HZ) is None


@pytest.mark.parametrize("samples", [2, 100, 5000, PATCH_FRAMES * HOP_SAMPLES])
def test_a_short_sound_fills_one_patch(samples: int) -> None:
    spectrogram = log_mel(tone(440)[1 : samples + 1], SAMPLE_RATE_HZ)
    assert spectrogram is not None
    assert spectrogram.shape[0] == MEL_BANDS
    assert spectrogram.shape[1] >= PATCH_FRAMES
    assert torch.isfinite(spectrogram).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_waveform_with_nan_or_infinity_is_refused(bad: float) -> None:
    waveform = tone(440)
    waveform[77] = bad
    with pytest.raises(BadInput, match="holds NaN or infinity; decode"):
        log_mel(waveform, SAMPLE_RATE_HZ)


def test_stereo_and_telephone_rates_are_refused() -> None:
    with pytest.raises(BadInput, match="expected a mono waveform"):
        log_mel(torch.zeros(2, 100), SAMPLE_RATE_HZ)
    for sample_rate_hz in (0, -16_000, 4_000):
        with pytest.raises(BadInput, match="is below 8000 Hz"):
            log_mel(tone(440), sample_rate_hz)


@given(frames=st.integers(PATCH_FRAMES, 2000), at_most=st.integers(1, 40))
def test_patches_reach_from_the_first_frame_to_the_last(frames: int, at_most: int) -> None:
    spectrogram = torch.arange(frames).repeat(2, 1)
    patches = spread_patches(spectrogram, at_most=at_most)
    assert patches.shape == (min(at_most, math.ceil(frames / PATCH_FRAMES)), 2, PATCH_FRAMES)
    assert patches[0, 0, 0] == 0
    if len(patches) > 1:
        assert patches[-1, 0, -1] == frames - 1
