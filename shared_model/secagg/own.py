"""What a device brings into one round, and makes for it."""

from dataclasses import dataclass, field

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from numpy.typing import NDArray

from shared_model.secagg.keys import RoundSecrets
from shared_model.secagg.limits import DeviceLimits
from shared_model.secagg.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """vector: (d,) uint64 below the modulus; number: of the device's registration; self_mask: 32 bytes, the seed of the
    mask that is its alone. Secrets are new in every round, and are never written anywhere."""

    terms: Terms
    limits: DeviceLimits
    number: int
    node_key: EllipticCurvePrivateKey = field(repr=False)
    vector: NDArray[np.uint64] = field(repr=False)
    secrets: RoundSecrets = field(repr=False)
    self_mask: bytes = field(repr=False)
