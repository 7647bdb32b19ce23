"""What a clip's notes do, by plain signal processing: how many, how high, major or minor, how uneven in loudness.

These are facts for the simulated listeners' taste, independent of the audio VAE. They avoid timbre, since the clips'
instruments are drawn at random for each song.

Letters: W frames, F frequencies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput

_FRAME_S = 0.128  # resolves neighbouring semitones above about 130 Hz
_HOP_S = 0.016
_LOWEST_NOTE, _HIGHEST_NOTE = 36, 96  # MIDI numbers of C2 and C7, the range of the parts that carry the tune
_SILENCE_DB = -60.0

# How well each degree of the scale fits a major or a minor key: Krumhansl and Kessler, Psychological Review 89 (1982).
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFeatures:
    """Measured from one clip.

    onset_rate: notes or chords a second; register: median pitch of the strongest note, MIDI number (60 = middle C);
    majorness: best major minus best minor key correlation, above 0 for major; loudness_range_db: between the quiet
    and the loud tenth.
    """

    onset_rate: float
    register: float
    majorness: float
    loudness_range_db: float


def score_features(samples: NDArray[np.float32], sample_rate: int) -> ScoreFeatures:
    """Measure one clip.

    samples: (T,) mono, about -1..1; sample_rate: Hz.

    Raises BadInput where the clip is shorter than one second or silent.
    """
    if len(samples) < sample_rate:
        raise BadInput(f"score features: the clip has {len(samples)} samples, under one second; give a longer one")
    spectra = _spectra(samples, sample_rate)
    energy = np.square(spectra).sum(axis=1)
    if not energy.max() > 0:
        raise BadInput("score features: the clip is silent; leave the song without audio instead")
    loudness_db = 10 * np.log10(np.maximum(energy / energy.max(), 1e-12))
    sounding = loudness_db > _SILENCE_DB
    frequencies: NDArray[np.float64] = np.arange(spectra.shape[1]) / _frame_samples(sample_rate) * sample_rate
    quiet, loud = np.percentile(loudness_db[sounding], [10, 90])
    return ScoreFeatures(
        onset_rate=round(_onsets(spectra) * sample_rate / len(samples), 2),
        register=round(float(np.median(_strongest_pitches(spectra[sounding], frequencies))), 1),
        majorness=round(_majorness(_chroma(spectra[sounding], frequencies)), 3),
        loudness_range_db=round(float(loud - quiet), 1),
    )


def _spectra(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Magnitudes (W, F) of Hann-windowed frames. A frame of silence comes first, so that the first note begins."""
    size, hop = _frame_samples(sample_rate), round(_HOP_S * sample_rate)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (size, 0)), size)[::hop]
    magnitudes: NDArray[np.float32] = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)).astype(np.float32)
    return magnitudes


def _frame_samples(sample_rate: int) -> int:
    return round(_FRAME_S * sample_rate)


def _onsets(spectra: NDArray[np.float32]) -> int:
    """How many times energy rises anew: peaks of the half-wave rectified flux of compressed magnitudes."""
    compressed = np.log1p(100 * spectra / spectra.max())
    lag = round(_FRAME_S / _HOP_S / 4)  # a quarter of a frame: neighbouring frames overlap too much to differ
    rise = np.maximum(compressed[lag:] - compressed[:-lag], 0).sum(axis=1)
    reach = round(0.048 / _HOP_S)  # two onsets nearer than 48 ms are one chord
    padded = np.pad(rise, reach, mode="constant")
    neighbourhood = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    # a decaying or sustained note still flickers: a peak has to rise above a tenth of the strong ones
    threshold = np.median(rise) + 0.1 * np.percentile(rise, 98)
    peaks = (rise >= neighbourhood.max(axis=1)) & (rise > threshold)
    return int(np.count_nonzero(peaks & ~np.concatenate([[False], peaks[:-1]])))


def _strongest_pitches(spectra: NDArray[np.float32], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """(W,) MIDI number of the note whose first four harmonics are strongest, in whole semitones."""
    notes = np.arange(_LOWEST_NOTE, _HIGHEST_NOTE + 1)
    fundamentals = 440.0 * 2.0 ** ((notes - 69) / 12)
    spacing = frequencies[1]
    salience = np.zeros((len(spectra), len(notes)), dtype=np.float32)
    for harmonic in range(1, 5):
        bins = np.minimum(np.rint(harmonic * fundamentals / spacing).astype(int), len(frequencies) - 1)
        # falling weights, else the octave below would do as well: its second harmonic is the note
        salience += 0.6 ** (harmonic - 1) * np.sqrt(spectra[:, bins])
    strongest: NDArray[np.float64] = notes[salience.argmax(axis=1)].astype(np.float64)
    return strongest


def _chroma(spectra: NDArray[np.float32], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """(12,) mean share of each pitch class, C first."""
    notes = np.zeros(len(frequencies), dtype=np.int64)
    notes[1:] = np.rint(69 + 12 * np.log2(frequencies[1:] / 440.0))
    inside = (notes >= _LOWEST_NOTE) & (notes <= _HIGHEST_NOTE)
    magnitudes = spectra[:, inside].mean(axis=0, dtype=np.float64)
    shares: NDArray[np.float64] = np.bincount(notes[inside] % 12, weights=magnitudes, minlength=12) / magnitudes.sum()
    return shares


def _majorness(chroma: NDArray[np.float64]) -> float:
    def best(template: NDArray[np.float64]) -> float:
        return max(float(np.corrcoef(np.roll(template, tonic), chroma)[0, 1]) for tonic in range(12))

    return best(_MAJOR) - best(_MINOR)
