"""Vectors around their catalogue's mean: raw sentence vectors share a direction, and unrelated texts a cosine of 0.8.

Mu and Viswanath, "All-but-the-Top", 2018 (arXiv:1702.01417). Letters: N tracks, D numbers of a vector.
"""

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import Modality


def present_mean(modality: Modality) -> NDArray[np.float32]:
    """The mean over the tracks that have the modality, (D,); zero where none has."""
    if not modality.present.any():
        return np.zeros(modality.vectors.shape[1], dtype=np.float32)
    mean: NDArray[np.float32] = modality.vectors[modality.present].mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def centre(modality: Modality, mean: NDArray[np.float32]) -> Modality:
    """Subtract `mean` (D,) from every present track and scale it to unit length.

    A track that is the mean itself says nothing about taste: it becomes absent, never a zero vector that counts.
    """
    centred = modality.vectors.astype(np.float64) - mean
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    present = modality.present & (lengths[:, 0] > 1e-6)
    vectors = np.where(present[:, None], centred / np.where(lengths > 0, lengths, 1.0), 0.0)
    return Modality(vectors=vectors.astype(np.float32), present=present)
