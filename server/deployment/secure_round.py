"""One deployed round with distributed trust: the sum is opened with its noise in it, and no update is ever here.

Whatever it logs is an event without a node or a device in it.
"""

import logging
import time
from dataclasses import replace

import numpy as np
import torch
from flwr.serverapp import Grid

from server.deployment.books import Books
from server.deployment.registered import read_registered
from server.deployment.secure_collect import Opened, SecureCollect
from server.deployment.seen import read_seen
from server.round import RoundRecord, RoundState, stepped
from shared_model.privacy.randomness import OperatingSystemRandomness, Randomness
from shared_model.privacy.sampling import draw_cohort
from shared_model.secagg.encoding import SumEncoding, add_modulo, decode, missing_noise, rotation_seed

log = logging.getLogger(__name__)


def play_securely(state: RoundState, books: Books, grid: Grid, nodes: dict[int, int]) -> RoundState:
    """As `server.deployment.app.play`. How many answered stays unknown where the sum was not opened."""
    began, number, plan = time.monotonic(), state.round + 1, books.deployment.plan
    registered = read_registered(books.folder)
    books.announce(state, registry_root=registered.root)
    encoding = SumEncoding.of(plan, size=len(state.vector))
    collect = SecureCollect(
        grid=grid,
        books=books,
        nodes=nodes,
        registered=registered,
        seen=read_seen(books.folder),
        size=encoding.padded,
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
        mean = _sum(opened, state, encoding) / plan.cohort
        released = replace(record, update_norm=float(mean.norm()))
        after = replace(stepped(after, books.deployment.step, mean), records=(*state.records, released))
    books.concluded(after)
    result = "aborted" if opened is None else "released"
    log.info("round.finished round=%d result=%s seconds=%.1f", number, result, time.monotonic() - began)
    return after


def _sum(opened: Opened, state: RoundState, encoding: SumEncoding) -> torch.Tensor:
    """The noised sum (d,) float64, in the units of an update. Who is missing is made up for with noise, so that readers
    of releases do not learn how many there were."""
    missing = missing_noise(encoding, devices=opened.devices, randomness=_operating_system)
    sums = add_modulo(np.stack([opened.sum, missing]), bits=encoding.modulus_bits)
    seed = rotation_seed(state.round + 1, state.vector.numpy())
    return torch.from_numpy(decode(sums[None], encoding=encoding, seed=seed)[0])


def _operating_system(_purpose: str) -> Randomness:
    return OperatingSystemRandomness()
