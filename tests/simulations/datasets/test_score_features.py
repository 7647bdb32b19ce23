"""Clips with known notes: what is synthesised has to be measured."""

import numpy as np
import pytest

from shared_model.errors import BadInput
from simulations.datasets.score_features import score_features

_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
_MINOR_SCALE = (0, 2, 3, 5, 7, 8, 11, 12)


def _clip(
    notes: list[int], *, notes_a_second: float, seconds: float = 8.0, sample_rate: int = 24_000, overtone: float = 0.5
) -> np.ndarray:
    """Notes in turn, plucked: four harmonics that fade. overtone: what each harmonic keeps of the one below."""
    samples = np.zeros(round(seconds * sample_rate))
    length = round(sample_rate / notes_a_second)
    for turn, start in enumerate(range(0, len(samples) - length + 1, length)):
        time_s = np.arange(length) / sample_rate
        frequency_hz = 440 * 2 ** ((notes[turn % len(notes)] - 69) / 12)
        harmonics = sum(overtone**h * np.sin(2 * np.pi * frequency_hz * (h + 1) * time_s) for h in range(4))
        edges = np.minimum(1, np.minimum(time_s, time_s[::-1]) / 0.01)
        samples[start : start + length] = harmonics * np.exp(-2 * time_s) * edges
    return (0.8 * samples / np.abs(samples).max()).astype(np.float32)


def _scale(tonic: int, degrees: tuple[int, ...]) -> list[int]:
    return [tonic + degree for degree in degrees]


@pytest.mark.parametrize("notes_a_second", [2, 4, 8])
def test_onset_rate_counts_notes(notes_a_second):
    clip = _clip(_scale(60, _MAJOR_SCALE), notes_a_second=notes_a_second)
    assert score_features(clip, 24_000).onset_rate == notes_a_second


@pytest.mark.parametrize("overtone", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("note", [48, 60, 72, 84])
def test_register_is_the_note_itself_and_not_an_overtone_or_the_octave_below(note, overtone):
    assert score_features(_clip([note], notes_a_second=2, overtone=overtone), 24_000).register == note


@pytest.mark.parametrize("tonic", [55, 60, 66])
def test_major_and_minor_are_told_apart_in_any_key(tonic):
    assert score_features(_clip(_scale(tonic, _MAJOR_SCALE), notes_a_second=4), 24_000).majorness > 0.1
    assert score_features(_clip(_scale(tonic, _MINOR_SCALE), notes_a_second=4), 24_000).majorness < -0.1


def test_loudness_range_is_that_of_a_soft_and_a_loud_half():
    clip = _clip([60], notes_a_second=8)
    clip[: len(clip) // 2] *= 0.1
    assert score_features(clip, 24_000).loudness_range_db == pytest.approx(20, abs=3)


def test_a_clip_at_another_sample_rate_measures_alike():
    fine, coarse = (
        score_features(_clip(_scale(60, _MAJOR_SCALE), notes_a_second=4, sample_rate=rate), rate)
        for rate in (24_000, 16_000)
    )
    assert coarse.onset_rate == pytest.approx(fine.onset_rate, abs=0.25)
    assert coarse.register == fine.register
    assert coarse.majorness == pytest.approx(fine.majorness, abs=0.05)


def test_timbre_changes_neither_notes_nor_register():
    dull, bright = (
        score_features(_clip(_scale(60, _MAJOR_SCALE), notes_a_second=4, overtone=overtone), 24_000)
        for overtone in (0.3, 0.7)
    )
    assert bright.onset_rate == pytest.approx(dull.onset_rate, abs=0.25)
    assert bright.register == dull.register


@pytest.mark.parametrize(
    ("samples", "reason"),
    [(np.zeros(48_000, dtype=np.float32), "silent"), (np.ones(100, dtype=np.float32), "under one second")],
)
def test_a_clip_without_notes_is_refused(samples, reason):
    with pytest.raises(BadInput, match=reason):
        score_features(samples, 24_000)
