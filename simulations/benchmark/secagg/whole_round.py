"""One whole round between real devices and a real coordinator in one process: CPU and bytes of each side."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from shared_model.books.merkle import Tree, leaf_hash
from shared_model.privacy.randomness import OperatingSystemRandomness, Randomness
from shared_model.secagg.coordinator import Coordinator
from shared_model.secagg.device import Device
from shared_model.secagg.encoding import encode, planned
from shared_model.secagg.graph import plan_graph
from shared_model.secagg.keys import Registered
from shared_model.secagg.limits import DeviceLimits
from shared_model.secagg.messages import Kind
from shared_model.secagg.parameters import SecAggParameters
from shared_model.secagg.terms import Terms
from shared_model.wire.node_key import fingerprint, new_node_key, public_der
from simulations.benchmark.secagg.compared import RoundCost

CLIP_NORM = 0.5
T = TypeVar("T")
_LIMITS = DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=1)


@dataclass(slots=True)
class _Spent:
    seconds: float = 0.0
    bytes: int = 0


@dataclass(slots=True)
class _Meter:
    devices: dict[int, _Spent] = field(default_factory=dict)
    server_s: float = 0.0


def round_cost(devices: int, *, size: int, lost: int) -> RoundCost:
    """A tenth may be lost, a twentieth may work with the server, 45 % are counted on as honest.

    size: d released numbers; what is masked is their encoding, which a device makes, with its noise, at its own cost.
    lost: so many fall silent between their shares and their masked vectors, which costs the coordinator most.
    """
    honest = devices * 45 // 100
    encoding = planned(size=size, vector_norm=CLIP_NORM, noise_multiplier=1.0, honest=honest, devices=devices)
    parameters = SecAggParameters(
        cohort=devices,
        most=devices,
        threshold=devices * 9 // 10,
        modulus_bits=encoding.modulus_bits,
        honest=honest,
        dishonest=devices // 20,
    )
    keys = [new_node_key() for _ in range(devices)]
    tree = Tree(leaf_hash(fingerprint(public_der(key.public_key()))) for key in keys)
    registered = {
        place + 1: Registered.of(
            key.public_key(), position=place, size=devices, proof=tree.inclusion_proof(place, devices)
        )
        for place, key in enumerate(keys)
    }
    terms = Terms(
        run="benchmark",
        round=1,
        intent_sha256="00" * 32,
        registry_root=tree.root().hex(),
        size=encoding.padded,
        parameters=parameters,
    )
    generator = np.random.default_rng(0)
    meter, coordinator = _Meter(), Coordinator(terms, registered)
    cohort: dict[int, Device] = {}
    total = np.zeros(encoding.padded, np.uint64)
    for number, key in zip(registered, keys, strict=True):
        update = generator.normal(size=(1, size))
        spent = meter.devices[number] = _Spent()
        vector = _timed(spent, lambda: encode(update, encoding=encoding, seed=bytes(32), randomness=_noise)[0])  # noqa: B023 - at once
        total += vector if number > lost else np.uint64(0)
        cohort[number] = _timed(
            spent,
            lambda: Device(terms, vector, number=number, node_key=key, limits=_LIMITS),  # noqa: B023
        )
    _play(coordinator, cohort, meter, lost=lost)
    assert coordinator.sum is not None
    assert (coordinator.sum == total & np.uint64((1 << encoding.modulus_bits) - 1)).all()
    stayed = [spent for number, spent in meter.devices.items() if number > lost]
    return RoundCost(
        device_ms=1000 * statistics.median(spent.seconds for spent in stayed),
        device_bytes=statistics.median(spent.bytes for spent in stayed),
        server_s=meter.server_s,
        degree=plan_graph(devices, parameters).degree,
    )


def _play(coordinator: Coordinator, cohort: dict[int, Device], meter: _Meter, *, lost: int) -> None:
    hear: dict[int, tuple[bytes, ...]] = dict.fromkeys(cohort, ())
    while (stage := coordinator.stage) is not None:
        for number, contents in hear.items():
            if number <= lost and stage >= Kind.MASKED:
                continue
            device, spent = cohort[number], meter.devices[number]
            answer = _timed(spent, device.announce if stage is Kind.KEYS else lambda: device.reply(contents))  # noqa: B023
            spent.bytes += len(answer) + sum(map(len, contents))
            began = time.process_time()
            coordinator.receive(number, answer)
            meter.server_s += time.process_time() - began
        began = time.process_time()
        hear = coordinator.close()
        meter.server_s += time.process_time() - began


def _timed(spent: _Spent, call: Callable[[], T]) -> T:
    began = time.process_time()
    result = call()
    spent.seconds += time.process_time() - began
    return result


def _noise(_purpose: str) -> Randomness:
    return OperatingSystemRandomness()
