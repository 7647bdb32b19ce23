"""Secure rounds of 50, 200 and 1,000 simulated devices with 10,000 and 200,000 numbers, with and without loss."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import product

from simulations.benchmark.secagg.compared import Compared
from simulations.benchmark.secagg.flowers import device_cost, server_seconds
from simulations.benchmark.secagg.whole_round import round_cost

COHORTS, SIZES = (50, 200, 1000), (10_000, 200_000)


def cost_of_secure_rounds(
    watched: Callable[[str], AbstractContextManager[Callable[[float], None]]],
    *,
    cohorts: tuple[int, ...] = COHORTS,
    sizes: tuple[int, ...] = SIZES,
) -> Iterator[Compared]:
    """Row after row. Each runs every device of its cohort, so that the large ones take minutes."""
    cases = list(product(cohorts, sizes, (0, 10)))
    with watched("secure rounds") as done:
        for number, (devices, size, percent) in enumerate(cases, 1):
            lost = devices * percent // 100
            ours = round_cost(devices, size=size, lost=lost)
            cpu, sent = device_cost(size=size, neighbours=ours.degree)
            server = server_seconds(devices, size=size, neighbours=ours.degree, lost=lost)
            flowers = (cpu / ours.device_ms, sent / ours.device_bytes, server / ours.server_s)
            yield Compared(devices=devices, size=size, lost=lost, ours=ours, flowers=flowers)
            done(number / len(cases))
