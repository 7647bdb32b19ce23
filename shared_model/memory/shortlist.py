"""Retrieval: which tracks are worth scoring at a moment. Each source of evidence has one vote.

Letters: M moments, N tracks, D numbers in a modality's vector.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue, Modality
from shared_model.errors import BadInput
from shared_model.memory.evidence import Evidence
from shared_model.memory.sparse_rows import add_shares
from shared_model.memory.vectors import Vectors, WholeVectors

SHORTLIST = 512
"""Tracks that are retrieved for a recommendation."""
RETRIEVING = ("next", "previous", "soon", "lately", "skipped", "pair", "near_recent", "near_all")
"""Public channels that vote, beside the listener's own tracks, those of the latest artist and album, and content."""
ALIKE_SHARPNESS = 10.0
"""A cosine 0.1 higher is e times the vote."""
POPULAR = 0.01
"""The vote of popularity: it decides where nothing else speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """What a catalogue is searched by.

    by_artist: (A, N) and by_album: (B, N), 1 at the tracks of each; directions: (N, D) of each modality, vectors of
    length 1, or 0 where a track lacks it.
    """

    by_artist: sp.csr_array
    by_album: sp.csr_array
    directions: tuple[Vectors, ...]

    @classmethod
    def of(cls, catalogue: Catalogue, *, directions: tuple[Vectors, ...] | None = None) -> "Retrieval":
        """That of `catalogue`. directions: None works them out, in memory of their own."""
        if directions is None:
            directions = tuple(WholeVectors(_directions(each)) for each in catalogue.modalities.values())
        return cls(
            by_artist=_tracks_by(catalogue.artist),
            by_album=_tracks_by(catalogue.album),
            directions=directions,
        )

    def shortlist(self, evidence: Evidence, size: int, *, among: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """The `size` tracks (M, size) with most votes, strongest first; as many as there are where they are fewer.

        among: (N,) the tracks that may be listed, all where it is None. Raises BadInput where it has another shape.
        """
        votes = self.votes(evidence)
        tracks = votes.shape[1]
        if among is not None:
            if among.shape != (tracks,) or among.dtype != np.bool_:
                raise BadInput(
                    f"retrieval: among is {among.dtype} {among.shape}; give a bool for each of {tracks} tracks"
                )
            votes[:, ~among] = -np.inf
        size = min(size, tracks if among is None else int(among.sum()))
        if not size:
            return np.empty((len(votes), 0), np.int64)
        strongest = np.argpartition(-votes, size - 1, axis=1)[:, :size]
        order = np.argsort(-np.take_along_axis(votes, strongest, 1), axis=1, kind="stable")
        return np.take_along_axis(strongest, order, 1)

    def votes(self, evidence: Evidence) -> NDArray[np.float32]:
        """(M, N): how much speaks for each track, each source of evidence sharing out one vote."""
        catalogue, around = evidence.catalogue, evidence.around
        votes = np.zeros((len(evidence.recent), len(catalogue)), np.float32)
        for name in RETRIEVING:
            add_shares(votes, evidence.public[name])
        own = evidence.personal["own_recent"]
        votes[:, around.tracks] += own / np.maximum(own.sum(1, keepdims=True), np.float32(1e-12))
        for labels, tracks_of in ((catalogue.artist, self.by_artist), (catalogue.album, self.by_album)):
            add_shares(votes, _tracks_of_latest(evidence, labels, tracks_of))
        for modality in self.directions:
            votes += _alike(modality, evidence.recent)
        votes += np.float32(POPULAR) * around.plays / max(float(around.plays.sum()), 1.0)
        return votes


def _tracks_of_latest(evidence: Evidence, labels: NDArray[np.int64], tracks_of: sp.csr_array) -> sp.csr_array:
    """(M, N): 1 + plays of the tracks that have the latest listen's label."""
    label = labels[evidence.recent[:, 0]]
    known = np.flatnonzero(label != UNKNOWN)
    tracks = tracks_of[label[known]]
    starts = np.zeros(len(label) + 1, np.int64)
    starts[known + 1] = np.diff(tracks.indptr)
    plays = 1 + evidence.around.plays[tracks.indices]
    return sp.csr_array((plays, tracks.indices, np.cumsum(starts)), shape=(len(label), tracks_of.shape[1]))


def _directions(modality: Modality) -> NDArray[np.float32]:
    present = modality.vectors * modality.present[:, None]
    lengths = np.linalg.norm(present, axis=1, keepdims=True)
    directions: NDArray[np.float32] = present / np.maximum(lengths, np.float32(1e-12))
    return directions


def _alike(directions: Vectors, recent: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M, N): a vote for the tracks whose content is like that of recent listens; rows sum to 1."""
    heard = (directions.rows(np.maximum(recent, 0)) * (recent >= 0)[:, :, None]).mean(1)
    likeness = np.exp(np.float32(ALIKE_SHARPNESS) * directions.products(heard))
    shares: NDArray[np.float32] = likeness / likeness.sum(1, keepdims=True)
    return shares


def _tracks_by(labels: NDArray[np.int64]) -> sp.csr_array:
    """(A, N): 1 at the tracks of each label."""
    known = np.flatnonzero(labels != UNKNOWN)
    shape = (int(labels.max(initial=0)) + 1, len(labels))
    return sp.csr_array((np.ones(len(known), np.float32), (labels[known], known)), shape=shape)
