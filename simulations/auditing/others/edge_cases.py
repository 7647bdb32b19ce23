"""What happens to a round in which one device's update is zero, or holds NaN, or breaks what the accountant asks.

C is 1. Letters: K devices, d numbers.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared_model.errors import Refused
from simulations.auditing.mechanism_gate import CLAIMED_EXAMPLES, EXCESS, repeats_when_seeded
from simulations.auditing.mechanisms import AuditedMechanism
from simulations.auditing.others.adaptive_clipping import FlowerAdaptiveClipping
from simulations.auditing.others.finding import Finding
from simulations.auditing.others.fixed_clipping import FlowerFixedClipping
from simulations.auditing.others.local_noise import FlowerLocalNoise
from simulations.auditing.others.own import own_round
from simulations.auditing.others.situations import NoneZero, OneNumberMissing

DEVICES, SIZE = 8, 16
RELEASED = "released"


def _flower(*, planned: int = DEVICES, on_devices: bool = False, accounted: bool = False) -> FlowerFixedClipping:
    return FlowerFixedClipping(
        noise_multiplier=1.0,
        clip_norm=1.0,
        planned=planned,
        tells_examples=True,
        on_devices=on_devices,
        accounted=accounted,
    )


LOCAL = FlowerLocalNoise(epsilon=4.0, delta=1e-5, clip_norm=1.0, sensitivity=2.0)
CENTRAL: Mapping[str, AuditedMechanism] = MappingProxyType(
    {
        "Flower, fixed, by the server": _flower(),
        "Flower, fixed, by devices": _flower(on_devices=True),
        "Flower, adaptive": FlowerAdaptiveClipping(
            noise_multiplier=1.0, clip_norm=1.0, planned=DEVICES, count_noise=2.0
        ),
        "sottovoce": own_round(1.0, cohort=DEVICES),
    }
)
MECHANISMS: Mapping[str, AuditedMechanism] = MappingProxyType({**CENTRAL, "Flower, LocalDpMod": LOCAL})
SEEDED: Mapping[str, AuditedMechanism] = MappingProxyType(
    {
        "Flower, fixed, by the server": _flower(planned=1),
        "Flower, LocalDpMod": LOCAL,
        "sottovoce": own_round(1.0, cohort=DEVICES),
    }
)
MOSTLY_NOISE = 20.0
"""The noise of 16 numbers at z = 1 is 4 C long, and very rarely more than 8."""


def outcome_of_a_zero_update(mechanism: AuditedMechanism) -> str:
    """`RELEASED`, or the error that ends the round. The last of the devices learned nothing."""
    updates = torch.ones(DEVICES, SIZE)
    updates[-1] = 0
    return _outcome(mechanism, updates, np.ones(DEVICES, np.int64))


def outcome_of_claims(mechanism: AuditedMechanism) -> str:
    """As above, where one device claims 10,000 examples and the others 1."""
    counts = np.where(np.arange(DEVICES) == 0, CLAIMED_EXAMPLES, 1)
    return _outcome(mechanism, torch.ones(DEVICES, SIZE), counts)


def outcome_of_equal_answers(mechanism: AuditedMechanism) -> str:
    """As above, where nothing is the matter but perhaps that more than `DEVICES` were asked."""
    return _outcome(mechanism, torch.ones(DEVICES, SIZE), np.ones(DEVICES, np.int64))


def reach_of_a_missing_number(mechanism: AuditedMechanism) -> float:
    """How far, in C, the update of one device moved the rest of the sum: 1,000 C long, and NaN in its last number."""
    updates = torch.full((DEVICES, SIZE), 1e-3)
    updates[-1] = EXCESS / SIZE**0.5
    released = OneNumberMissing(mechanism).release(updates, np.ones(DEVICES, np.int64), trials=1)
    return float(np.linalg.norm(released))


def repeats(mechanism: AuditedMechanism) -> bool:
    """Whether seeding the generators that every program shares gives the same noise again."""
    return repeats_when_seeded(NoneZero(mechanism), size=SIZE)


def edge_case_findings() -> list[Finding]:
    """Zero, NaN, the accountant's two conditions, and seeds."""
    findings = []
    for question, situation, outcome in (
        (2, "one claims 10,000 examples", outcome_of_claims(_flower(accounted=True))),
        (3, "8 of 16 planned answer", outcome_of_equal_answers(_flower(planned=2 * DEVICES, accounted=True))),
    ):
        name = "Flower, fixed, with its accountant"
        findings.append(_finding(question, name, situation, "refused", outcome, good=outcome != RELEASED))
    for name, mechanism in MECHANISMS.items():
        outcome = outcome_of_a_zero_update(mechanism)
        findings.append(_finding(5, name, "one update is zero", RELEASED, outcome, good=outcome == RELEASED))
    for name, mechanism in CENTRAL.items():
        reach = reach_of_a_missing_number(mechanism)
        found = f"{reach:.3g} C, with the noise"
        findings.append(_finding(5, name, "1,000 C long, one NaN", "moves 1 C", found, good=reach < MOSTLY_NOISE))
    for name, mechanism in SEEDED.items():
        again = repeats(mechanism)
        found = "the same noise again" if again else "new noise"
        findings.append(_finding(7, name, "common generators seeded", "new noise", found, good=not again))
    return findings


def _finding(question: int, mechanism: str, situation: str, claimed: str, found: str, *, good: bool = True) -> Finding:
    return Finding(
        question=question,
        mechanism=mechanism,
        situation=situation,
        claimed=claimed,
        found=found,
        exact="–",
        good=good,
    )


def _outcome(mechanism: AuditedMechanism, updates: Tensor, counts: NDArray[np.int64]) -> str:
    try:
        mechanism.release(updates, counts, trials=1)
    except (ArithmeticError, ValueError, Refused) as error:
        return f"{type(error).__name__}: {error}"
    return RELEASED
