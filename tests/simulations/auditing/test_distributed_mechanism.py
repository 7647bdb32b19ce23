"""G0 on the distributed path, and the bugs that it must catch. With h = 4, so that one share more or less is seen."""

import dataclasses

import numpy as np

from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.randomness import OperatingSystemRandomness
from shared_model.privacy.spent import Relation, Sampling, Trust
from shared_model.secagg import encoding, quantise
from shared_model.secagg.encoding import SumEncoding, planned
from simulations.auditing.mechanism_gate import MechanismClaim, MechanismVerdict, audit_mechanism
from simulations.auditing.mechanisms import DistributedMechanism, mechanism_of

PLAN = PrivacyPlan(
    population=100, cohort=16, rounds=1, clip_norm=0.3, noise_multiplier=1.0, delta=1e-3, max_participations=4,
    minimum_cohort=8, honest=8, trust=Trust.DISTRIBUTED, mechanism=Mechanism.SKELLAM, sampling=Sampling.NONE,
)  # fmt: skip
CLAIM = MechanismClaim(noise_multiplier=1.0, clip_norm=0.3, relation=Relation.ZERO_OUT)


def audit(plan: PrivacyPlan = PLAN, *, trials: int = 20_000, size: int = 16) -> MechanismVerdict:
    return audit_mechanism(
        mechanism_of(plan, randomness=OperatingSystemRandomness()),
        CLAIM,
        size=size,
        trials=trials,
        false_alarms=1e-4,
        seed=0,
        progress=lambda _: None,
    )


def test_g0_the_real_code_stands_and_is_held_close_to_its_claim() -> None:
    verdict = audit()
    assert verdict.passes
    assert verdict.noise_multiplier_upper < 1.6  # 1.16 on the average; the noise is the operating system's
    assert isinstance(mechanism_of(PLAN, randomness=OperatingSystemRandomness()), DistributedMechanism)


def test_seeded_bug_noise_that_is_scaled_for_all_and_not_for_the_honest_is_caught(monkeypatch) -> None:
    for_all = planned(size=16, vector_norm=0.3, noise_multiplier=1.0, honest=16, devices=16)
    monkeypatch.setattr(SumEncoding, "of", classmethod(lambda cls, plan, size: for_all))
    assert not audit().passes


def test_seeded_bug_shares_for_half_as_many_honest_devices_again_are_caught(monkeypatch) -> None:
    few = dataclasses.replace(PLAN, honest=8)
    more = planned(size=16, vector_norm=0.3, noise_multiplier=1.0, honest=12, devices=16)
    monkeypatch.setattr(SumEncoding, "of", classmethod(lambda cls, plan, size: more))
    assert not audit(few).passes


def test_seeded_bug_vectors_that_are_longer_than_their_sensitivity_are_caught(monkeypatch) -> None:
    """Half as long again, with no bound after rounding; a longer one the modulus would wrap."""
    clipped = encoding._clipped
    monkeypatch.setattr(encoding, "_clipped", lambda vectors, norm: clipped(vectors, 1.5 * norm))
    monkeypatch.setattr(quantise, "_squares", lambda vectors: np.zeros(len(vectors), np.int64))
    assert not audit().passes
