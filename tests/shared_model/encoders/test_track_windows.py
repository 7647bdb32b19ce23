from collections.abc import Callable

import pytest
import torch

from shared_model.encoders.log_mel import log_mel, spread_patches
from shared_model.encoders.track_windows import is_covered, read_patches
from shared_model.errors import BadInput

RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]


def steady_noise(seconds: float, rate_hz: int) -> torch.Tensor:
    """As loud in every part as in all of it, so that only the frames could differ."""
    period = torch.randn(rate_hz // 4, generator=torch.Generator().manual_seed(rate_hz))
    return period.repeat(int(seconds * 4))


def reader(waveform: torch.Tensor, reads: list[tuple[int, int]] | None = None) -> Callable[[int, int], torch.Tensor]:
    def read(begin: int, end: int) -> torch.Tensor:
        if reads is not None:
            reads.append((begin, end))
        return waveform[begin:end]

    return read


@pytest.mark.parametrize("rate_hz", RATES)
def test_patches_are_those_of_the_whole_recording(rate_hz: int) -> None:
    waveform = steady_noise(21.5, rate_hz)[:-7]
    whole = log_mel(waveform, rate_hz)
    assert whole is not None
    read = read_patches(reader(waveform), samples=len(waveform), sample_rate_hz=rate_hz, at_most=4)
    torch.testing.assert_close(read, spread_patches(whole, at_most=4), atol=2e-3, rtol=0)


def test_no_more_is_read_than_the_patches_and_their_margins() -> None:
    reads: list[tuple[int, int]] = []
    waveform = steady_noise(120, 44_100)
    read_patches(reader(waveform, reads), samples=len(waveform), sample_rate_hz=44_100, at_most=3)
    assert len(reads) == 3
    assert reads[0][0] == 0
    assert reads[-1][1] == len(waveform)
    assert all((end - begin) / 44_100 < 2.1 for begin, end in reads)


def test_the_loudness_is_that_of_the_parts_read() -> None:
    waveform = steady_noise(40, 16_000)
    loud_between = waveform.clone()
    loud_between[5 * 16_000 : 15 * 16_000] *= 30  # between the parts
    here, there = (
        read_patches(reader(either), samples=len(either), sample_rate_hz=16_000, at_most=2)
        for either in (waveform, loud_between)
    )
    torch.testing.assert_close(here, there)


def test_silence_is_absent() -> None:
    silent = torch.zeros(40 * 16_000)
    assert read_patches(reader(silent), samples=len(silent), sample_rate_hz=16_000, at_most=2) is None


def test_a_part_that_ends_early_is_left_out() -> None:
    waveform = steady_noise(30, 16_000)
    patches = read_patches(reader(waveform), samples=60 * 16_000, sample_rate_hz=16_000, at_most=4)
    assert patches is not None
    assert len(patches) == 2


def test_a_recording_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match="ends before its header says"):
        read_patches(reader(torch.zeros(0)), samples=60 * 16_000, sample_rate_hz=16_000, at_most=4)
    with pytest.raises(BadInput, match="is below 8000 Hz"):
        read_patches(reader(torch.zeros(9)), samples=9, sample_rate_hz=4_000, at_most=4)


def test_a_minute_is_covered_and_an_hour_is_not() -> None:
    assert is_covered(61 * 44_100, 44_100, at_most=32)
    assert not is_covered(3600 * 44_100, 44_100, at_most=32)
