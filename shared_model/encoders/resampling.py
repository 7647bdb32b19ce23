"""Another sample rate: band-limited interpolation by a windowed sinc, in polyphase form.

The kernel is the one of `torchaudio.functional.resample` at its defaults (Smith, "Digital Audio Resampling", 2002;
Hann window, six zero crossings), which the committed audio weights were trained behind; torchaudio is the tests'
oracle and is not needed here. Letters: T samples.
"""

import math
from functools import cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import resample_poly
from torch import Tensor

ZERO_CROSSINGS: Final = 6
ROLLOFF: Final = 0.99
"""The low-pass cuts at this share of the lower of the two Nyquist frequencies."""


def resample(waveform: Tensor, from_hz: int, to_hz: int) -> Tensor:
    """(T,) float32 at `from_hz` -> (ceil(T * to_hz / from_hz),) float32 at `to_hz`. Before and after it is silence."""
    up, down = factors(from_hz, to_hz)
    if up == down or not len(waveform):
        return waveform
    resampled: NDArray[np.float32] = resample_poly(waveform.numpy(), up, down, window=_kernel(up, down))
    return torch.from_numpy(resampled)


def factors(from_hz: int, to_hz: int) -> tuple[int, int]:
    """Up and down: `down` samples at `from_hz` last as long as `up` samples at `to_hz`, and no fewer do."""
    common = math.gcd(from_hz, to_hz)
    return to_hz // common, from_hz // common


def reach(from_hz: int, to_hz: int) -> int:
    """How many samples at `from_hz` before and after a moment have a say in the sample of that moment."""
    up, down = factors(from_hz, to_hz)
    return math.ceil(ZERO_CROSSINGS / ROLLOFF * max(1.0, down / up)) + 1


@cache
def _kernel(up: int, down: int) -> NDArray[np.float32]:
    """The sinc at the `up * down` moments a second that both grids share, an odd number of taps."""
    half = math.floor(ZERO_CROSSINGS / ROLLOFF * max(up, down))
    crossings = np.arange(-half, half + 1) * (ROLLOFF * min(up, down) / (up * down))
    window = np.cos(crossings * np.pi / ZERO_CROSSINGS / 2) ** 2
    # resample_poly multiplies by `up`
    taps = np.sinc(crossings) * window * (ROLLOFF * min(up, down) / down / up)
    kernel: NDArray[np.float32] = taps.astype(np.float32)
    return kernel
