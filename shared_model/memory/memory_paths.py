"""Memory paths: what every listener's evidence is read from.

Evidence does not depend on anything that is trained, so that it is computed once.
Letters: M moments, T plays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import Catalogue
from shared_model.history import Tracks
from shared_model.memory.evidence import Evidence
from shared_model.memory.label_channels import album_channels, artist_channels
from shared_model.memory.personal_channels import personal_channels
from shared_model.memory.public_channels import public_channels
from shared_model.memory.public_statistics import PublicStatistics, fit_public_statistics
from shared_model.memory.shortlist import Retrieval
from shared_model.memory.surroundings import Surroundings, surroundings
from shared_model.memory.vectors import Vectors

ALIKE_LISTENS = 5
"""Latest listens whose content tracks are retrieved by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPaths:
    """Public statistics with the catalogue they count, and how that is searched; nothing: statistics of no plays."""

    statistics: PublicStatistics
    catalogue: Catalogue
    retrieval: Retrieval
    nothing: PublicStatistics

    @classmethod
    def of(
        cls,
        statistics: PublicStatistics,
        catalogue: Catalogue,
        *,
        directions: tuple[Vectors, ...] | None = None,
    ) -> "MemoryPaths":
        """The paths of a release. directions: see `Retrieval`; None works them out, in memory of their own."""
        return cls(
            statistics=statistics,
            catalogue=catalogue,
            retrieval=Retrieval.of(catalogue, directions=directions),
            nothing=fit_public_statistics([], catalogue),
        )

    def around(self, tracks: Tracks, *, counted: Tracks) -> Surroundings:
        """Other people's listening around a listener's plays (T,), of which `counted` are in the statistics."""
        own = fit_public_statistics([counted], self.catalogue) if len(counted) else self.nothing
        return surroundings(self.statistics, self.catalogue, tracks, own=own)

    def evidence(self, around: Surroundings, tracks: Tracks, positions: NDArray[np.int64]) -> Evidence:
        """Evidence at the moments before `positions` (M,), each from 1 to T."""
        catalogue, retrieval = self.catalogue, self.retrieval
        ago = positions[:, None] - np.arange(1, ALIKE_LISTENS + 1)
        artist, album = catalogue.artist[tracks], catalogue.album[tracks]
        return Evidence(
            around=around,
            catalogue=catalogue,
            recent=np.where(ago >= 0, tracks[np.maximum(ago, 0)], -1),
            public=public_channels(around, tracks, positions),
            personal=personal_channels(around.local[tracks], positions, len(around.tracks)),
            by_artist=artist_channels(around, artist, positions, retrieval.by_artist.shape[0]),
            by_album=album_channels(album, positions, retrieval.by_album.shape[0]),
        )
