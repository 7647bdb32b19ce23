"""A plan's secure rounds: their parameters, and what simulated devices add to their sums.

Letters: K devices, d released numbers, d' >= d numbers that a device says (`shared_model.secagg.encoding`), D of them
encoded.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.plan import PrivacyPlan
from shared_model.secagg.encoding import Integers, Streams, SumEncoding, Vectors, encode, rotation_seed
from shared_model.secagg.parameters import SecAggParameters


def secagg_of(plan: PrivacyPlan, *, size: int) -> SecAggParameters:
    """Of every round of a plan with distributed trust that releases `size` numbers.

    Whoever of the smallest sum is not counted on as honest may work with the server. Raises ValueError where there are
    more devices than the protocol serves.
    """
    return SecAggParameters(
        cohort=plan.cohort,
        most=plan.largest_cohort,
        threshold=plan.minimum_cohort,
        modulus_bits=SumEncoding.of(plan, size=size).modulus_bits,
        honest=plan.honest,
        dishonest=plan.minimum_cohort - plan.honest,
    )


def shares_of_a_sum(
    said: Vectors, *, plan: PrivacyPlan, start: NDArray[np.float32], number: int, streams: Sequence[Streams]
) -> Integers:
    """What K devices add to the sum of round `number`, (K, D), from what they have to say, (K, d'), not masked yet.

    start: (d,) what they trained from; streams: each device's own, one after the other, so that whoever stands beside a
    device changes nothing.
    """
    encoding, seed = SumEncoding.of(plan, size=len(start)), rotation_seed(number, start)
    rows = [
        encode(row[None], encoding=encoding, seed=seed, randomness=own) for row, own in zip(said, streams, strict=True)
    ]
    return np.concatenate(rows)


def stream_purpose(purpose: str, *, device: int) -> str:
    """Names the stream of one simulated device for one of its purposes: it is reproducible, and its own."""
    return f"{purpose} {device}"
