"""Memory paths of one listener: candidates are retrieved by them, and each channel says how strongly it is for each.

Evidence does not depend on anything that is trained, so that it is computed once.
Letters: M moments, C candidates, E channels, T plays, U tracks of the listener, N tracks.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.head.statistics import Tracks
from shared_model.memory.channels import CHANNELS, strength
from shared_model.memory.label_channels import album_channels, artist_channels
from shared_model.memory.personal_channels import personal_channels
from shared_model.memory.public_channels import public_channels
from shared_model.memory.public_statistics import PublicStatistics
from shared_model.memory.surroundings import PRIOR_PLAYS, Surroundings, surroundings

RETRIEVING = ("next", "previous", "soon", "lately", "skipped", "pair", "near_recent", "near_all")
"""Public channels that bring candidates, beside the listener's own tracks and those of the latest artist and album."""
SHORTLIST = 512
"""Tracks that are retrieved for a recommendation."""
LOG_PLAYS = np.float32(5.0)
"""log(1 + plays) is divided by this: 150 plays weigh 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the channels say at M moments, before candidates are chosen.

    public: (M, N) weights by channel; personal: (M, U); by_artist: (M, A) and by_album: (M, B) evidence.
    """

    around: Surroundings
    catalogue: Catalogue
    latest: NDArray[np.int64]
    public: dict[str, sp.csr_array]
    personal: dict[str, NDArray[np.float32]]
    by_artist: dict[str, sp.csr_array]
    by_album: dict[str, sp.csr_array]
    artist_plays: NDArray[np.float32]

    def read(self, candidates: NDArray[np.int64]) -> NDArray[np.float32]:
        """Evidence (M, E, C) for candidates (M, C), in the order of `CHANNELS`."""
        found: dict[str, NDArray[np.floating]] = {
            name: strength(_looked_up(weights, candidates)) for name, weights in self.public.items()
        }
        latest_plays = (self.around.plays[self.latest] + PRIOR_PLAYS)[:, None]
        for name in ("next", "soon"):
            counts = _looked_up(self.public[name], candidates) * latest_plays
            found[f"{name}_plays"] = np.log1p(counts) / LOG_PLAYS
        local = self.around.local[candidates]
        own = local < len(self.around.tracks)
        place = np.minimum(local, len(self.around.tracks) - 1)
        for name, weights in self.personal.items():
            found[name] = np.where(own, np.take_along_axis(weights, place, 1), 0)
        for labels, channels in ((self.catalogue.artist, self.by_artist), (self.catalogue.album, self.by_album)):
            label = labels[candidates]
            for name, weights in channels.items():
                found[name] = np.where(label != UNKNOWN, _looked_up(weights, np.maximum(label, 0)), 0)
        found["popularity"] = np.log1p(self.around.plays[candidates]) / LOG_PLAYS
        artist = self.catalogue.artist[candidates]
        found["artist_popularity"] = np.where(artist != UNKNOWN, np.log1p(self.artist_plays[artist]) / LOG_PLAYS, 0)
        return np.stack([found[name].astype(np.float32) for name in CHANNELS], axis=1)

    def shortlist(self, size: int, *, by_artist: sp.csr_array, by_album: sp.csr_array) -> NDArray[np.int64]:
        """The `size` tracks (M, size) with most evidence, strongest first: each channel that retrieves has one vote.

        by_artist, by_album: (A, N) and (B, N), the tracks of each.
        """
        votes = sum((_shares(self.public[name]) for name in RETRIEVING), start=self._own_tracks())
        for labels, tracks_of in ((self.catalogue.artist, by_artist), (self.catalogue.album, by_album)):
            votes = votes + _shares(self._tracks_of_latest(labels, tracks_of))
        dense = votes.toarray()
        dense += self.around.plays / max(float(self.around.plays.sum()), 1.0) / 100  # where nothing speaks, the popular
        size = min(size, dense.shape[1])
        strongest = np.argpartition(-dense, size - 1, axis=1)[:, :size]
        order = np.argsort(-np.take_along_axis(dense, strongest, 1), axis=1, kind="stable")
        return np.take_along_axis(strongest, order, 1)

    def _own_tracks(self) -> sp.csr_array:
        place = sp.csr_array(
            (np.ones(len(self.around.tracks), np.float32), (np.arange(len(self.around.tracks)), self.around.tracks)),
            shape=(len(self.around.tracks), len(self.catalogue)),
        )
        return _shares(sp.csr_array(sp.csr_array(self.personal["own_recent"]) @ place))

    def _tracks_of_latest(self, labels: NDArray[np.int64], tracks_of: sp.csr_array) -> sp.csr_array:
        label = labels[self.latest]
        known = np.flatnonzero(label != UNKNOWN)
        select = sp.csr_array(
            (np.ones(len(known), np.float32), (known, label[known])), shape=(len(label), tracks_of.shape[0])
        )
        tracks = sp.csr_array(select @ tracks_of)
        tracks.data = 1 + self.around.plays[tracks.indices]
        return tracks


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPaths:
    """Public statistics with the catalogue they count: what every listener's evidence is read from."""

    statistics: PublicStatistics
    catalogue: Catalogue
    by_artist: sp.csr_array
    by_album: sp.csr_array

    @classmethod
    def of(cls, statistics: PublicStatistics, catalogue: Catalogue) -> "MemoryPaths":
        """The paths of a release."""
        return cls(
            statistics=statistics,
            catalogue=catalogue,
            by_artist=_tracks_by(catalogue.artist),
            by_album=_tracks_by(catalogue.album),
        )

    def around(self, tracks: Tracks, *, counted: Tracks) -> Surroundings:
        """Other people's listening around a listener's plays (T,), of which `counted` are in the statistics."""
        return surroundings(self.statistics, self.catalogue, tracks, counted=counted)

    def evidence(self, around: Surroundings, tracks: Tracks, positions: NDArray[np.int64]) -> Evidence:
        """Evidence at the moments before `positions` (M,), each from 1 to T."""
        artists, albums = self.by_artist.shape[0], self.by_album.shape[0]
        catalogue = self.catalogue
        return Evidence(
            around=around,
            catalogue=catalogue,
            latest=tracks[positions - 1],
            public=public_channels(around, tracks, positions),
            personal=personal_channels(around.local[tracks], positions, len(around.tracks)),
            by_artist=artist_channels(around, catalogue.artist[tracks], positions, artists),
            by_album=album_channels(catalogue.album[tracks], positions, albums),
            artist_plays=around.artist_plays,
        )

    def shortlist(self, evidence: Evidence, size: int) -> NDArray[np.int64]:
        """Candidates (M, size) of those moments, strongest first."""
        return evidence.shortlist(size, by_artist=self.by_artist, by_album=self.by_album)


def _tracks_by(labels: NDArray[np.int64]) -> sp.csr_array:
    """(A, N): 1 at the tracks of each label."""
    known = np.flatnonzero(labels != UNKNOWN)
    shape = (int(labels.max(initial=0)) + 1, len(labels))
    return sp.csr_array((np.ones(len(known), np.float32), (labels[known], known)), shape=shape)


def _shares(weights: sp.csr_array) -> sp.csr_array:
    """Rows that sum to 1, or to 0 where there is no weight."""
    totals = np.maximum(np.asarray(weights.sum(axis=1)), 1e-12)
    return sp.csr_array(sp.diags_array((1 / totals).astype(np.float32)) @ weights)


def _looked_up(weights: sp.csr_array, columns: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M, C): each row's weights at its `columns`."""
    found: NDArray[np.float32] = np.take_along_axis(weights.toarray(), columns, axis=1)
    return found
