"""A whole round between real devices and a real coordinator, in which a test may lose or change what is said."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec

from shared_model.books.merkle import Tree, leaf_hash
from shared_model.errors import Refused
from shared_model.secagg.coordinator import Coordinator, Rejected
from shared_model.secagg.device import Device
from shared_model.secagg.keys import Registered
from shared_model.secagg.limits import DeviceLimits
from shared_model.secagg.messages import Kind
from shared_model.secagg.parameters import SecAggParameters
from shared_model.secagg.terms import Terms
from shared_model.wire.node_key import fingerprint, new_node_key, public_der

STAGES = (Kind.KEYS, Kind.NEIGHBOURS, Kind.SHARES, Kind.MASKED, Kind.AGREEMENT, Kind.UNMASKING)
LIMITS = DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=1)


@lru_cache(maxsize=1)
def node_keys() -> list[ec.EllipticCurvePrivateKey]:
    return [new_node_key() for _ in range(260)]


@dataclass
class Cast:
    """devices: by registration number, with what each adds."""

    terms: Terms
    registered: dict[int, Registered]
    devices: dict[int, Device]
    vectors: dict[int, np.ndarray]
    coordinator: Coordinator = field(init=False)
    ended: "Ended" = field(init=False)
    ended: "Ended" = field(init=False)

    def __post_init__(self) -> None:
        self.coordinator = Coordinator(self.terms, self.registered)
        self.ended = Ended()
        self.ended = Ended()

    def expected(self, numbers: Collection[int]) -> np.ndarray:
        total = np.zeros(self.terms.size, dtype=object)
        for number in numbers:
            total = total + self.vectors[number].astype(object)
        return (total % (1 << self.terms.parameters.modulus_bits)).astype(np.uint64)


def parameters(devices: int, **changes: int) -> SecAggParameters:
    values = {
        "cohort": devices,
        "most": devices,
        "threshold": devices // 2 + 1,
        "modulus_bits": 20,
        "honest": 1,
        "dishonest": 0,
    }
    return SecAggParameters(**(values | changes))


def cast(devices: int, *, size: int = 5, seed: int = 0, limits: DeviceLimits = LIMITS, **changes: int) -> Cast:
    """`devices` with the registration numbers 1, 4, 7, .., so that a place is no number."""
    asked = parameters(devices, **changes)
    keys = node_keys()[:devices]
    prints = [fingerprint(public_der(key.public_key())) for key in keys]
    tree = Tree(map(leaf_hash, prints))
    registered = {
        3 * place + 1: Registered.of(
            key.public_key(), position=place, size=devices, proof=tree.inclusion_proof(place, devices)
        )
        for place, key in enumerate(keys)
    }
    terms = Terms(
        run="test",
        round=1,
        intent_sha256=hashlib.sha256(b"intent").hexdigest(),
        registry_root=tree.root().hex(),
        size=size,
        parameters=asked,
    )
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, 1 << asked.modulus_bits, (devices, size), dtype=np.uint64)
    vectors = dict(zip(registered, drawn, strict=True))
    made = {
        number: Device(terms, vectors[number], number=number, node_key=key, limits=limits)
        for number, key in zip(registered, keys, strict=True)
    }
    return Cast(terms, registered, made, vectors)


Said = Callable[[Kind, int, bytes], bytes | None]
Told = Callable[[Kind, int, tuple[bytes, ...]], tuple[bytes, ...]]


@dataclass
class Ended:
    """refused: what devices said to themselves, by number; rejected: what the coordinator did not use."""

    refused: dict[int, str] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)


def play(
    actors: Cast,
    *,
    lost: Mapping[int, Kind] | None = None,
    said: Said = lambda _stage, _number, content: content,
    told: Told = lambda _stage, _number, contents: contents,
) -> Ended:
    """Until the sum is there. lost: number -> the stage in which that device says nothing any more.

    said: what arrives of what a device said, None for nothing; told: what a device hears, by the stage of its answer.
    """
    coordinator, ended, lost = actors.coordinator, actors.ended, lost or {}
    hear: dict[int, tuple[bytes, ...]] = dict.fromkeys(actors.devices, ())
    while (stage := coordinator.stage) is not None:
        for number, contents in hear.items():
            if number in lost and lost[number] <= stage:
                continue
            device = actors.devices[number]
            try:
                answer = device.announce() if stage is Kind.KEYS else device.reply(told(stage, number, contents))
            except Refused as refused:
                ended.refused[number] = str(refused)
                continue
            arrived = said(stage, number, answer)
            if arrived is None:
                continue
            try:
                coordinator.receive(number, arrived)
            except Rejected as rejected:
                ended.rejected[number] = str(rejected)
        hear = coordinator.close()
    return ended
