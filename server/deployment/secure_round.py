"""One deployed round with distributed trust: the sum is opened with its noise in it, and no update is ever here.

Whatever it logs is an event without a node or a device in it.
"""

import logging
import time
from dataclasses import replace

import numpy as np
import torch
from flwr.serverapp import Grid

from server.aggregate import Aggregate, Released, answer_size
from server.deployment.books import Books
from server.deployment.registered import read_registered
from server.deployment.secure_collect import Opened, SecureCollect
from server.deployment.seen import read_seen
from server.round import RoundRecord, RoundState, stepped
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import OperatingSystemRandomness, Randomness
from shared_model.privacy.sampling import draw_cohort
from shared_model.secagg.encoding import rotation_seed

log = logging.getLogger(__name__)


def play_securely(state: RoundState, books: Books, grid: Grid, nodes: dict[int, int]) -> RoundState:
    """As `server.deployment.app.play`. How many answered stays unknown where the sum was not opened."""
    began, number, plan = time.monotonic(), state.round + 1, books.deployment.plan
    registered = read_registered(books.folder)
    books.announce(state, registry_root=registered.root)
    collect = SecureCollect(
        grid=grid,
        books=books,
        nodes=nodes,
        registered=registered,
        seen=read_seen(books.folder),
        size=answer_size(len(state.vector), plan=plan),
    )
    opened = collect.sum(number, state.vector, draw_cohort(plan, randomness=OperatingSystemRandomness()))
    answered = 0 if opened is None else opened.devices
    record = RoundRecord(
        round=number,
        invited=collect.asked,
        answered=answered,
        declined=collect.asked - answered,
        update_norm=None,
        noise_norm=None,
        bytes_down=4 * len(state.vector) * collect.asked,
        bytes_up=collect.bytes_up,
    )
    after = replace(state, round=number, records=(*state.records, record))
    if opened is not None:
        released = _released(opened, state, plan)
        told = replace(
            record, update_norm=released.update_norm, noise_norm=released.noise_norm, quality=released.quality
        )
        after = replace(stepped(after, books.deployment.step, released.mean), records=(*state.records, told))
    books.concluded(after)
    result = "aborted" if opened is None else "released"
    log.info("round.finished round=%d result=%s seconds=%.1f", number, result, time.monotonic() - began)
    return after


def _released(opened: Opened, state: RoundState, plan: PrivacyPlan) -> Released:
    """What leaves the round, with the noise of who is missing from it."""
    aggregate = Aggregate(
        len(state.vector),
        plan=plan,
        rotation=rotation_seed(state.round + 1, state.vector.numpy()),
        streams=_operating_system,
    )
    aggregate.add_sum(torch.from_numpy(opened.sum.view(np.int64)), answers=opened.devices)
    return aggregate.release(OperatingSystemRandomness())


def _operating_system(_purpose: str) -> Randomness:
    return OperatingSystemRandomness()
