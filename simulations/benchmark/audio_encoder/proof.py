"""The whole proof: every description of every excerpt, and what each probe finds.

Letters: N tracks, D numbers of a description.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.encoders.log_mel import log_mel
from simulations.benchmark.audio_encoder import probes
from simulations.benchmark.audio_encoder.excerpts import Excerpts, Stem
from simulations.benchmark.audio_encoder.rivals import Describe
from simulations.datasets.score_features import score_features
from simulations.evaluation.bootstrap import interval
from simulations.pretraining.free_music.degrade import DEGRADATIONS

FEWEST_OF_AN_ARTIST: Final = 2
RESAMPLES: Final = 2_000

Spectrogram = torch.Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Tracks whose both excerpts can be heard, as (M, F) spectrograms.

    degraded: the second excerpts by what was done to them; facts: of both excerpts, by name, (N, 2).
    """

    first: tuple[Spectrogram, ...]
    second: tuple[Spectrogram, ...]
    degraded: Mapping[str, tuple[Spectrogram, ...]]
    packages: tuple[str, ...]
    artists: tuple[str | None, ...]
    facts: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One probe of one description. hits: (K, N) of 0 and 1, whose mean `mean` is; None where it is one number."""

    mean: float
    hits: NDArray[np.float64] | None = None

    def ahead_of(self, other: "Answer") -> tuple[float, float] | None:
        """95 % interval of the difference, tracks resampled; None where there are no hits for each track."""
        if self.hits is None or other.hits is None:
            return None
        track = np.tile(np.arange(self.hits.shape[1]), len(self.hits))
        return interval((self.hits - other.hits).ravel(), track, resamples=RESAMPLES, seed=1)


def hear(excerpts: Sequence[Excerpts], *, degrade: bool, advance: Callable[[], object]) -> Heard:
    """Spectrograms and facts. degrade: whether also of the second excerpts as codecs and resampling leave them."""
    kept, pairs, facts = [], [], []
    degraded: dict[str, list[Spectrogram]] = {name: [] for name in DEGRADATIONS} if degrade else {}
    for one in excerpts:
        advance()
        spectrograms = [log_mel(sound, one.sample_rate_hz) for sound in one.sounds]
        if spectrograms[0] is None or spectrograms[1] is None:
            continue
        kept.append(one)
        pairs.append((spectrograms[0], spectrograms[1]))
        facts.append([score_features(sound.numpy(), one.sample_rate_hz) for sound in one.sounds])
        for name, found in degraded.items():
            spectrogram = log_mel(*DEGRADATIONS[name](one.sounds[1], one.sample_rate_hz))
            if spectrogram is None:
                raise ValueError(f"nothing is left of an excerpt after {name}")
            found.append(spectrogram)
    names = ("onset_rate", "loudness_range_db", "register", "majorness")
    return Heard(
        first=tuple(pair[0] for pair in pairs),
        second=tuple(pair[1] for pair in pairs),
        degraded={name: tuple(found) for name, found in degraded.items()},
        packages=tuple(one.package for one in kept),
        artists=tuple(one.artist for one in kept),
        facts={name: np.array([[getattr(fact, name) for fact in both] for both in facts]) for name in names},
    )


def ask(heard: Heard, describe: Describe) -> dict[str, Answer]:
    """Every probe of one description."""
    first, second = (np.stack([describe(one) for one in some]) for some in (heard.first, heard.second))
    places = np.stack([probes.ranks(second, first), probes.ranks(first, second)])
    answers = {
        "other excerpt of the track, first of all": _hits(places < 1),
        "among the first ten": _hits(places < 10),
    }
    for name, spectrograms in heard.degraded.items():
        worse = np.stack([describe(one) for one in spectrograms])
        mean = first.mean(axis=0)
        alike = (probes.around_mean(worse, mean) * probes.around_mean(second, mean)).sum(axis=1)
        answers[f"{name}: cosine to itself"] = Answer(mean=float(alike.mean()))
        answers[f"{name}: other excerpt, first of all"] = _hits(probes.ranks(worse, first) < 1)
    both = (first + second) / 2
    if len(set(heard.packages)) > 1:
        answers["nearest track is of the same package"] = _hits(probes.nearest_has_same_label(both, heard.packages))
    known = artists_with_several(heard.artists)
    answers["nearest track is by the same composer"] = _hits(
        probes.nearest_has_same_label(both[known], [heard.artists[place] for place in known])
    )
    groups = np.tile(np.arange(len(first)), 2)
    for name, values in heard.facts.items():
        targets = np.concatenate([values[:, 0], values[:, 1]])
        answers[f"{name}, R2"] = Answer(
            mean=probes.explained_by_ridge(np.concatenate([first, second]), targets, groups)
        )
    return answers


def chance_of(heard: Heard) -> dict[str, float]:
    """What a description that knows nothing gets, for the probes that have such a number; R2 is then 0."""
    tracks = len(heard.first)
    known = [heard.artists[place] for place in artists_with_several(heard.artists)]
    return {
        "other excerpt of the track, first of all": 1 / tracks,
        "among the first ten": 10 / tracks,
        **{f"{name}: other excerpt, first of all": 1 / tracks for name in heard.degraded},
        "nearest track is of the same package": probes.chance_of_same_label(heard.packages),
        "nearest track is by the same composer": probes.chance_of_same_label(known),
    }


def ask_stems(stems: Sequence[Stem], describe: Describe) -> float:
    """How often ten seconds are told to be guitar or band, by the other songs' guitars and bands."""
    heard = [(log_mel(stem.sound, stem.sample_rate_hz), stem) for stem in stems]
    audible = [(spectrogram, stem) for spectrogram, stem in heard if spectrogram is not None]
    vectors = np.stack([describe(spectrogram) for spectrogram, _ in audible])
    return probes.centroid_accuracy(
        vectors, [stem.part for _, stem in audible], groups=[stem.song for _, stem in audible]
    )


def artists_with_several(artists: Sequence[str | None]) -> list[int]:
    """The tracks whose artist is known and has another one here."""
    counts = Counter(artists)
    return [
        place for place, artist in enumerate(artists) if artist is not None and counts[artist] >= FEWEST_OF_AN_ARTIST
    ]


def _hits(right: NDArray[np.bool_]) -> Answer:
    hits = np.atleast_2d(right.astype(np.float64))
    return Answer(mean=float(hits.mean()), hits=hits)
