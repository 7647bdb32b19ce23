"""What the channels of memory say at some moments of one listener, before and after candidates are chosen.

Letters: M moments, C candidates, E channels, U tracks of the listener, N tracks, A artists, B albums.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.memory.channels import CHANNELS, strength
from shared_model.memory.surroundings import PRIOR_PLAYS, Surroundings

LOG_PLAYS = np.float32(5.0)
"""log(1 + plays) is divided by this: 150 plays weigh 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the channels say at M moments, before candidates are chosen.

    recent: (M, 5) the latest listens, the newest first, -1 where there is none; public: (M, N) weights by channel;
    personal: (M, U); by_artist: (M, A) and by_album: (M, B) evidence.
    """

    around: Surroundings
    catalogue: Catalogue
    recent: NDArray[np.int64]
    public: dict[str, sp.csr_array]
    personal: dict[str, NDArray[np.float32]]
    by_artist: dict[str, sp.csr_array]
    by_album: dict[str, sp.csr_array]

    def rows(self, rows: NDArray[np.int64]) -> "Evidence":
        """The moments at `rows`."""
        return replace(
            self,
            recent=self.recent[rows],
            public={name: weights[rows] for name, weights in self.public.items()},
            personal={name: weights[rows] for name, weights in self.personal.items()},
            by_artist={name: weights[rows] for name, weights in self.by_artist.items()},
            by_album={name: weights[rows] for name, weights in self.by_album.items()},
        )

    def unheard(self, candidates: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(M, C): whether neither anybody else nor the listener's past holds the candidate (M, C)."""
        nobody: NDArray[np.bool_] = self.around.plays[candidates] == 0
        return nobody & ~self._of_own(self.personal["own_plays"], candidates).astype(np.bool_)

    def read(self, candidates: NDArray[np.int64]) -> NDArray[np.float32]:
        """Evidence (M, E, C) for candidates (M, C), in the order of `CHANNELS`."""
        found: dict[str, NDArray[np.floating]] = {
            name: strength(_looked_up(weights, candidates)) for name, weights in self.public.items()
        }
        latest_plays = (self.around.plays[self.recent[:, 0]] + PRIOR_PLAYS)[:, None]
        for name in ("next", "soon"):
            counts = _looked_up(self.public[name], candidates) * latest_plays
            found[f"{name}_plays"] = np.log1p(counts) / LOG_PLAYS
        for name, weights in self.personal.items():
            found[name] = self._of_own(weights, candidates)
        for labels, channels in ((self.catalogue.artist, self.by_artist), (self.catalogue.album, self.by_album)):
            label = labels[candidates]
            for name, weights in channels.items():
                found[name] = np.where(label != UNKNOWN, _looked_up(weights, np.maximum(label, 0)), 0)
        found["popularity"] = np.log1p(self.around.plays[candidates]) / LOG_PLAYS
        artist = self.catalogue.artist[candidates]
        found["artist_popularity"] = np.where(
            artist != UNKNOWN, np.log1p(self.around.artist_plays[artist]) / LOG_PLAYS, 0
        )
        return np.stack([found[name].astype(np.float32) for name in CHANNELS], axis=1)

    def _of_own(self, weights: NDArray[np.float32], candidates: NDArray[np.int64]) -> NDArray[np.float32]:
        """(M, C): weights (M, U) of the listener's tracks at the candidates, 0 at others."""
        padded = np.pad(weights, ((0, 0), (0, 1)))  # others have place U
        found: NDArray[np.float32] = np.take_along_axis(padded, self.around.local[candidates], 1)
        return found


def _looked_up(weights: sp.csr_array, columns: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M, C): each row's weights at its `columns`."""
    found: NDArray[np.float32] = np.take_along_axis(weights.toarray(), columns, axis=1)
    return found
