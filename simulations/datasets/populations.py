"""Who is public and who is private: release 0 learns from the first, federated rounds protect the second."""

from collections.abc import Sequence

import numpy as np

from shared_model.errors import BadInput
from shared_model.history import History


def split_populations(
    histories: Sequence[History], *, public_share: float, seed: int
) -> tuple[tuple[History, ...], tuple[History, ...]]:
    """Disjoint public and private listeners, together all of them, each in the order given.

    public_share: the public part of the listeners, above 0 and below 1, rounded to whole listeners. The same seed gives
    the same split.

    Raises:
        BadInput: one of the two would be empty.
    """
    public_size = round(public_share * len(histories))
    if not 0 < public_size < len(histories):
        raise BadInput(
            f"populations: a public share of {public_share} of {len(histories)} listeners leaves nobody public or "
            "nobody private; set a share between 0 and 1 that leaves both"
        )
    public = np.zeros(len(histories), dtype=bool)
    public[np.random.default_rng(seed).permutation(len(histories))[:public_size]] = True
    return (
        tuple(history for history, is_public in zip(histories, public, strict=True) if is_public),
        tuple(history for history, is_public in zip(histories, public, strict=True) if not is_public),
    )
