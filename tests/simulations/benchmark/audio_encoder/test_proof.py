import numpy as np
import pytest
import torch

from simulations.benchmark.audio_encoder.excerpts import Excerpts, Stem
from simulations.benchmark.audio_encoder.proof import Answer, artists_with_several, ask, ask_stems, chance_of, hear
from simulations.benchmark.audio_encoder.rivals import mean_of

RATE_HZ = 24_000


def sound(timbre: int, *, seed: int) -> torch.Tensor:
    """Three seconds of notes whose overtones are the track's own."""
    draw = np.random.default_rng(seed)
    weights = np.random.default_rng(1000 + timbre).uniform(0, 1, 12) ** 3
    hertz = np.repeat(220 * 2 ** (draw.integers(0, 12, 12) / 12), RATE_HZ // 4)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE_HZ
    waves = sum(weight * np.sin((number + 1) * phase) for number, weight in enumerate(weights))
    return torch.from_numpy(0.1 * waves + 0.001 * draw.standard_normal(len(hertz))).float()


def track(number: int, *, package: str = "a", artist: str | None = None) -> Excerpts:
    both = (sound(number, seed=2 * number), sound(number, seed=2 * number + 1))
    return Excerpts(sounds=both, sample_rate_hz=RATE_HZ, package=package, artist=artist)


@pytest.fixture(scope="module")
def excerpts() -> list[Excerpts]:
    tracks = [track(number, package="ab"[number % 2], artist=f"artist {number // 3}") for number in range(12)]
    silent = Excerpts(
        sounds=(torch.zeros(50_000), torch.zeros(50_000)), sample_rate_hz=RATE_HZ, package="a", artist=None
    )
    return [*tracks, silent]


def test_a_description_of_timbre_finds_tracks_by_timbre_and_one_of_nothing_finds_none(excerpts: list[Excerpts]) -> None:
    heard = hear(excerpts, degrade=True, advance=lambda: None)
    assert len(heard.first) == 12  # nothing is asked of silence
    right, nothing = ask(heard, mean_of), ask(heard, lambda spectrogram: np.ones(64))
    retrieval = "other excerpt of the track, first of all"
    assert right[retrieval].mean > 0.6
    assert nothing[retrieval].mean == 0
    assert chance_of(heard)[retrieval] == pytest.approx(1 / 12)
    assert right["-12 dB: cosine to itself"].mean > 0.999 > right["8,000 Hz: cosine to itself"].mean
    assert right["22,050 Hz: other excerpt, first of all"].mean > 0.7
    ahead = right[retrieval].ahead_of(nothing[retrieval])
    assert ahead is not None
    assert ahead[0] > 0.5
    assert right["onset_rate, R2"].ahead_of(nothing["onset_rate, R2"]) is None


def test_a_difference_between_equals_holds_nothing() -> None:
    hits = np.array([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert Answer(mean=0.5, hits=hits).ahead_of(Answer(mean=0.5, hits=hits)) == (0.0, 0.0)


def test_only_artists_with_another_track_are_asked_for() -> None:
    assert artists_with_several(["x", None, "y", "x", None]) == [0, 3]


def test_stems_are_told_apart_across_songs() -> None:
    stems = [
        Stem(sound=sound(1 if part == "guitar" else 2, seed=seed), sample_rate_hz=RATE_HZ, song=str(song), part=part)
        for seed, (song, part) in enumerate((song, part) for song in range(3) for part in ("guitar", "song"))
    ]
    assert ask_stems(stems, mean_of) == 1.0
