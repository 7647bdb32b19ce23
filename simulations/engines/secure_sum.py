"""The whole protocol of secure aggregation among simulated devices: what it opens is all that the server has of them.

Keys are new in each round, and masks come from the operating system: they cancel, so that the sum is as reproducible as
what went into it. Letters: K devices, D numbers of an encoded vector.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from shared_model.books.merkle import Tree, leaf_hash
from shared_model.privacy.plan import PrivacyPlan
from shared_model.secagg.coordinator import Aborted, Coordinator
from shared_model.secagg.device import Device
from shared_model.secagg.keys import Registered
from shared_model.secagg.limits import DeviceLimits
from shared_model.secagg.messages import Kind
from shared_model.secagg.planned import secagg_of
from shared_model.secagg.terms import Terms
from shared_model.wire.node_key import fingerprint, new_node_key, public_der

_LIMITS = DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=1)


def opened_sum(rows: NDArray[np.uint64], *, plan: PrivacyPlan, size: int, number: int) -> NDArray[np.uint64] | None:
    """The sum (D,) modulo 2^b of `rows` (K, D), or None where the protocol aborts, since too few are there.

    size: d, the numbers that the plan's rounds release; number: of the round.
    """
    keys = [new_node_key() for _ in rows]
    tree = Tree(leaf_hash(fingerprint(public_der(key.public_key()))) for key in keys)
    registered = {
        place + 1: Registered.of(
            key.public_key(), position=place, size=len(keys), proof=tree.inclusion_proof(place, len(keys))
        )
        for place, key in enumerate(keys)
    }
    terms = Terms(
        run="simulated",
        round=number,
        intent_sha256=hashlib.sha256(b"simulated rounds have no intent that devices are shown").hexdigest(),
        registry_root=tree.root().hex(),
        size=rows.shape[1],
        parameters=secagg_of(plan, size=size),
    )
    coordinator = Coordinator(terms, registered)
    devices = {
        place: Device(terms, row, number=place, node_key=key, limits=_LIMITS)
        for place, row, key in zip(registered, rows, keys, strict=True)
    }
    heard: dict[int, tuple[bytes, ...]] = dict.fromkeys(devices, ())
    try:
        while (stage := coordinator.stage) is not None:
            for place, contents in heard.items():
                device = devices[place]
                coordinator.receive(place, device.announce() if stage is Kind.KEYS else device.reply(contents))
            heard = coordinator.close()
    except Aborted:
        return None
    return coordinator.sum
