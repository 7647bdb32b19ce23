"""Public statistics as arrays of a file, and back, checked: a wrong index would be read beyond the end of memory.

What is small is stored in few bytes; what is large is stored as it is used, so that it need not be read to be used.
Letters: N tracks, A artists, K pairs.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.memory.public_statistics import LAGS, PublicStatistics

SMALL = 2**16
"""Up to so many tracks, indices take two bytes, counts up to 255 one, and transposes are made when they are read."""
Arrays = Mapping[str, NDArray[Any]]


def packed(statistics: PublicStatistics) -> dict[str, NDArray[Any]]:
    """The arrays of `statistics`, by name."""
    small = len(statistics.plays) <= SMALL
    arrays: dict[str, NDArray[Any]] = {
        "pair_keys": statistics.pair_keys,
        "plays": statistics.plays,
        "artist_plays": statistics.artist_plays,
    }
    for name, matrix in _matrices(statistics).items():
        if small and "precedes" in name:
            continue
        indices, counts = matrix.indices.astype(np.int32), matrix.data
        if small:
            indices = indices.astype(np.uint16)
            counts = counts.astype(np.uint8) if counts.max(initial=0) < 2**8 else counts
        arrays |= {
            f"{name}.indptr": matrix.indptr.astype(np.int32),
            f"{name}.indices": indices,
            f"{name}.counts": counts,
        }
    return arrays


def unpacked(arrays: Arrays, *, tracks: int, artists: int) -> PublicStatistics:
    """The statistics that `packed` packed. Raises BadInput where an array is missing, or does not fit N or A."""
    try:
        keys, plays, artist_plays = (arrays[name] for name in ("pair_keys", "plays", "artist_plays"))
        _check(keys.dtype == np.int64 and keys.ndim == 1 and len(keys) > 0, "pair_keys")
        _check(bool((keys[1:] > keys[:-1]).all()) and keys[0] >= 0 and keys[-1] == np.iinfo(np.int64).max, "pair_keys")
        for name, numbers, size in (("plays", plays, tracks), ("artist_plays", artist_plays, artists)):
            _check(numbers.dtype == np.float32 and numbers.shape == (size,) and _counted(numbers), name)
        square = (tracks, tracks)
        follows = tuple(_matrix(arrays, f"follows.{lag}", square) for lag in range(LAGS))
        artist_follows = _matrix(arrays, "artist_follows", (artists, artists))
        if "artist_precedes.indptr" in arrays:
            precedes = tuple(_matrix(arrays, f"precedes.{lag}", square) for lag in range(LAGS))
            artist_precedes = _matrix(arrays, "artist_precedes", (artists, artists))
        else:
            precedes = tuple(lagged.T.tocsr() for lagged in follows)
            artist_precedes = artist_follows.T.tocsr()
        after_pair = _matrix(arrays, "after_pair", (len(keys), tracks))
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(f"release 0: its statistics are not whole ({error}); fetch the file again") from error
    return PublicStatistics(
        follows=follows,
        precedes=precedes,
        pair_keys=keys,
        after_pair=after_pair,
        artist_follows=artist_follows,
        artist_precedes=artist_precedes,
        plays=plays,
        artist_plays=artist_plays,
    )


def extended(statistics: PublicStatistics, *, tracks: int, artists: int) -> PublicStatistics:
    """The same counts among more tracks and artists, that nobody has played: nothing but row pointers is copied."""
    before = len(statistics.plays)
    keys = statistics.pair_keys
    if tracks != before:
        first, second = np.divmod(keys[:-1], before)
        keys = np.append(first * tracks + second, keys[-1])
    square, of_artists = (tracks, tracks), (artists, artists)
    return PublicStatistics(
        follows=tuple(_widened(lagged, square) for lagged in statistics.follows),
        precedes=tuple(_widened(lagged, square) for lagged in statistics.precedes),
        pair_keys=keys,
        after_pair=_widened(statistics.after_pair, (len(keys), tracks)),
        artist_follows=_widened(statistics.artist_follows, of_artists),
        artist_precedes=_widened(statistics.artist_precedes, of_artists),
        plays=np.pad(statistics.plays, (0, tracks - before)),
        artist_plays=np.pad(statistics.artist_plays, (0, artists - len(statistics.artist_plays))),
    )


def _matrices(statistics: PublicStatistics) -> dict[str, sp.csr_array]:
    matrices: dict[str, sp.csr_array] = {}
    for field in fields(statistics):
        value = getattr(statistics, field.name)
        if isinstance(value, tuple):
            matrices |= {f"{field.name}.{lag}": matrix for lag, matrix in enumerate(value)}
        elif not isinstance(value, np.ndarray):
            matrices[field.name] = value
    return matrices


def _matrix(arrays: Arrays, name: str, shape: tuple[int, int]) -> sp.csr_array:
    indptr, indices, counts = (arrays[f"{name}.{part}"] for part in ("indptr", "indices", "counts"))
    _check(indptr.dtype == np.int32 and indptr.shape == (shape[0] + 1,), f"{name}.indptr")
    _check(indptr[0] == 0 and indptr[-1] == len(indices) and bool((indptr[1:] >= indptr[:-1]).all()), f"{name}.indptr")
    _check(indices.dtype in (np.int32, np.uint16) and indices.ndim == 1, f"{name}.indices")
    _check(indices.min(initial=0) >= 0 and indices.max(initial=0) < max(shape[1], 1), f"{name}.indices")
    _check(counts.dtype in (np.float32, np.uint8) and counts.shape == indices.shape and _counted(counts), name)
    parts = (counts.astype(np.float32, copy=False), indices.astype(np.int32, copy=False), indptr)
    return sp.csr_array(parts, shape=shape)


def _counted(counts: NDArray[Any]) -> bool:
    return bool(counts.min(initial=0) >= 0 and counts.max(initial=0) < np.inf)  # NaN is neither


def _check(holds: bool, name: str) -> None:
    if not holds:
        raise ValueError(f"{name} does not fit the catalogue")


def _widened(matrix: sp.csr_array, shape: tuple[int, int]) -> sp.csr_array:
    if matrix.shape == shape:
        return matrix
    indptr = np.pad(matrix.indptr, (0, shape[0] - matrix.shape[0]), mode="edge")
    return sp.csr_array((matrix.data, matrix.indices, indptr), shape=shape)
