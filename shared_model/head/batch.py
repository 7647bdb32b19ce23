"""What the head reads and writes: named tuples of tensors, so that torch.func can map over them.

Letters: B moments, L listens of context, S state features, K moment features, C candidate tracks, M modalities,
E evidence channels, P paths (the M content paths first, then the memory paths), N tracks.
"""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Moments at which the next play is to be predicted.

    history: (B, L) int64 catalogue indices, latest last, -1 where there is no listen;
    hours: (B, L) float32 hours between each listen and the moment, 0 where the log has no times;
    state: (B, S) float32, NaN where unanswered; moment: (B, K) float32;
    record: (B, E) float32, what each channel of memory had said of the plays that came lately;
    candidates: (B, C) int64; evidence: (B, E, C) float32 or float16, at least 0, what each channel says of each.
    """

    history: Tensor
    hours: Tensor
    state: Tensor
    moment: Tensor
    record: Tensor
    candidates: Tensor
    evidence: Tensor


class Tables(NamedTuple):
    """Frozen rows of the catalogue, one entry a modality, in the head's order of modalities.

    history: (N, ·) each, what the inward projection reads of a listen; candidates: (N, ·) each, what the outward
    projection is compared with; present: (N,) bool each.
    """

    history: tuple[Tensor, ...]
    candidates: tuple[Tensor, ...]
    present: tuple[Tensor, ...]


class HeadOutput(NamedTuple):
    """What the head says of a batch.

    logits: (B, C); attention: (B, M, L), rows sum to 1, or to 0 where no listen has the modality;
    contributions: (B, P, C), whose sum over P is `logits`: the share of each path in each recommendation.
    """

    logits: Tensor
    attention: Tensor
    contributions: Tensor
