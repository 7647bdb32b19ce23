"""Claims of central noise under gate G0: which mechanism, in which situation, and what noise is really there.

All are claimed under replace-one: Flower divides by the number of answers, so that the same devices must answer in both
worlds, and one of them changes its update. The devices are the gate's: 7 and the canary, which is 1,000 clip norms long
and claims 10,000 examples. C is 1.
"""

import math
from dataclasses import dataclass

from shared_model.privacy.adaptive_clipping import AdaptiveClipping
from shared_model.privacy.plan import Clipping
from shared_model.privacy.spent import Relation
from simulations.auditing.mechanism_gate import (
    CLAIMED_EXAMPLES,
    OTHERS,
    MechanismClaim,
    MechanismVerdict,
    audit_mechanism,
)
from simulations.auditing.mechanisms import AuditedMechanism
from simulations.auditing.others.adaptive_clipping import FlowerAdaptiveClipping
from simulations.auditing.others.finding import Finding
from simulations.auditing.others.fixed_clipping import FlowerFixedClipping
from simulations.auditing.others.own import OwnAdaptiveRound, own_plan, own_round
from simulations.auditing.others.situations import AllLonger, OneNumberMissing

FALSE_ALARMS = 1e-4
SIZE = 16
DEVICES = OTHERS + 1
Z, ADAPTIVE_Z, COUNT_NOISE = 4.0, 0.7, 2.0
"""z = 4, so that an eighth of it can still be measured; the adaptive one where the gate sees small differences best."""

EQUAL, CLAIMS = "all answer, equal examples", "one claims 10,000 examples, the others 1"
HALF, MISSING, LONGER = "8 of 16 planned answer", "the canary holds one NaN", "all updates are longer than C"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseClaim:
    """noise_multiplier: claimed; expected: what is really there by our reading of the code, None where nothing is."""

    question: int
    mechanism: str
    situation: str
    audited: AuditedMechanism
    noise_multiplier: float
    expected: float | None

    def audit(self, *, trials: int, seed: int) -> MechanismVerdict:
        """Gate G0. trials: of either kind."""
        return audit_mechanism(
            self.audited,
            MechanismClaim(noise_multiplier=self.noise_multiplier, clip_norm=1.0, relation=Relation.REPLACE_ONE),
            size=SIZE,
            trials=trials,
            false_alarms=FALSE_ALARMS,
            seed=seed,
            progress=lambda _: None,
        )

    def finding(self, *, trials: int, seed: int) -> Finding:
        """The verdict in words."""
        verdict = self.audit(trials=trials, seed=seed)
        return Finding(
            question=self.question,
            mechanism=self.mechanism,
            situation=self.situation,
            claimed=f"z = {self.noise_multiplier:g}",
            found=f"z <= {verdict.noise_multiplier_upper:.3f}",
            exact="–" if self.expected is None else f"z = {self.expected:.3f}",
            good=verdict.passes,
            trials=trials,
        )


def _flower(*, planned: int = DEVICES, tells_examples: bool = False, on_devices: bool = True) -> FlowerFixedClipping:
    return FlowerFixedClipping(
        noise_multiplier=Z, clip_norm=1.0, planned=planned, tells_examples=tells_examples, on_devices=on_devices
    )


def _fixed(
    question: int, situation: str, audited: AuditedMechanism, *, expected: float | None, by: str = "devices"
) -> NoiseClaim:
    return NoiseClaim(
        question=question,
        mechanism=f"Flower, fixed, by {by}",
        situation=situation,
        audited=audited,
        noise_multiplier=Z,
        expected=expected,
    )


def _own(question: int, situation: str, *, cohort: int = DEVICES) -> NoiseClaim:
    return NoiseClaim(
        question=question,
        mechanism="sottovoce",
        situation=situation,
        audited=own_round(Z, cohort=cohort),
        noise_multiplier=Z,
        expected=Z,
    )


def _adaptive_noise(*, clipped: float) -> float:
    """What Flower leaves for the update (Andrew et al. 2021, theorem 1), scaled to the C after the clipping."""
    left = 1 / math.sqrt(ADAPTIVE_Z**-2 - (2 * COUNT_NOISE) ** -2)
    return left * math.exp(-0.2 * (clipped - 0.5))


FLOWER_CLAIMS = (
    _fixed(1, EQUAL, _flower(on_devices=False), expected=Z, by="the server"),
    _fixed(1, EQUAL, _flower(), expected=Z),
    _fixed(
        2,
        CLAIMS,
        _flower(tells_examples=True),
        expected=Z / DEVICES * (CLAIMED_EXAMPLES + OTHERS) / CLAIMED_EXAMPLES,
    ),
    _fixed(3, HALF, _flower(planned=2 * DEVICES), expected=Z / 2),
    NoiseClaim(
        question=4,
        mechanism="Flower, adaptive",
        situation=LONGER,
        audited=AllLonger(
            FlowerAdaptiveClipping(noise_multiplier=ADAPTIVE_Z, clip_norm=1.0, planned=DEVICES, count_noise=COUNT_NOISE)
        ),
        noise_multiplier=ADAPTIVE_Z,
        expected=_adaptive_noise(clipped=1.0),
    ),
    _fixed(5, MISSING, OneNumberMissing(_flower()), expected=None),
)
OWN_ADAPTIVE = own_plan(ADAPTIVE_Z, cohort=DEVICES, clipping=Clipping.ADAPTIVE)
OWN_CLAIMS = (
    _own(1, EQUAL),
    _own(2, CLAIMS),
    _own(3, HALF, cohort=2 * DEVICES),
    NoiseClaim(
        question=4,
        mechanism="sottovoce, adaptive",
        situation=LONGER,
        audited=AllLonger(OwnAdaptiveRound(OWN_ADAPTIVE)),
        noise_multiplier=ADAPTIVE_Z,
        expected=AdaptiveClipping.of(OWN_ADAPTIVE).update_noise_multiplier,
    ),
    NoiseClaim(
        question=5,
        mechanism="sottovoce",
        situation=MISSING,
        audited=OneNumberMissing(own_round(Z, cohort=DEVICES)),
        noise_multiplier=Z,
        expected=math.inf,
    ),
)
