"""Moments as a torch batch. Letters as in `shared_model.head.batch`."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.head.batch import Batch
from shared_model.memory.moments import Moments


def batch_of(moments: Moments, candidates: NDArray[np.int64]) -> Batch:
    """The moments with those candidates (B, C)."""
    fields = {name: torch.from_numpy(field) for name, field in moments.situation._asdict().items()}
    evidence = torch.from_numpy(moments.read(candidates))
    return Batch(candidates=torch.from_numpy(candidates), evidence=evidence, **fields)


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches one after the other."""
    return Batch(*(torch.cat(fields) for fields in zip(*batches, strict=True)))
