"""Every bug that was found elsewhere, put into our own code: each must be caught, and correct code must pass."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

import server.aggregate
import shared_model.privacy.adaptive_clipping
import shared_model.privacy.mechanism
from server.aggregate import Aggregate
from shared_model.errors import Refused
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.randomness import OperatingSystemRandomness
from shared_model.privacy.spent import Relation, Sampling, Trust
from simulations.auditing.mechanism_gate import MechanismClaim, MechanismVerdict, audit_mechanism, repeats_when_seeded
from simulations.auditing.mechanisms import RoundMechanism, mechanism_of

PLAN = PrivacyPlan(
    population=1000, cohort=200, rounds=40, clip_norm=0.02, noise_multiplier=1.0, delta=1e-4, max_participations=20
)
SEEN = 0.6
"""Of mu = 1, an audit of 10,000 trials sees .81 on the average, .03 more or less, and now and then far less: the noise
is the operating system's, so that what is asked for is what chance never misses."""


def audited(mechanism: RoundMechanism | None = None, *, claim: float = 1.0, trials: int = 20_000) -> MechanismVerdict:
    return audit_mechanism(
        mechanism or RoundMechanism(PLAN, randomness=OperatingSystemRandomness()),
        MechanismClaim(noise_multiplier=claim, clip_norm=0.02, relation=Relation.ADD_OR_REMOVE_ONE),
        size=16,
        trials=trials,
        false_alarms=1e-6,
        seed=0,
        progress=lambda _: None,
    )


def noise_times(factor: float) -> Callable[..., np.ndarray]:
    def noise(size: int, *, standard_deviation: float, randomness: OperatingSystemRandomness) -> np.ndarray:
        return gaussian_noise(size, standard_deviation=factor * standard_deviation, randomness=randomness)

    return noise


def test_correct_code_passes() -> None:
    verdict = audited()
    assert verdict.passes
    assert SEEN < verdict.bound.mu_lower <= 1.0
    assert verdict.epsilon_lower(1e-4) <= verdict.claim.epsilon(1e-4)
    assert not repeats_when_seeded(RoundMechanism(PLAN, randomness=OperatingSystemRandomness()), size=16)


@pytest.mark.parametrize(
    ("factor", "trials"),
    [(0.0, 5000), (PLAN.cohort**-0.5, 5000), (0.8, 40_000)],
    ids=["no noise", "over sqrt(cohort)", "0.8 of it"],
)
def test_too_little_noise_is_caught(factor: float, trials: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_model.privacy.mechanism, "gaussian_noise", noise_times(factor))
    assert not audited(trials=trials).passes


@pytest.mark.slow
def test_noise_that_is_a_tenth_too_small_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_model.privacy.mechanism, "gaussian_noise", noise_times(0.9))
    assert not audited(trials=150_000).passes


def test_a_claim_of_more_noise_than_there_is_is_caught() -> None:
    assert not audited(claim=1.4).passes


def test_skipped_clipping_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.aggregate, "clip_rows", lambda updates, **_: updates.float())
    assert not audited().passes


def test_clipping_to_another_bound_than_the_noise_is_scaled_to_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = server.aggregate.clip_rows
    monkeypatch.setattr(
        server.aggregate, "clip_rows", lambda updates, *, clip_norm: clip(updates, clip_norm=2 * clip_norm)
    )
    assert not audited().passes


def test_weights_by_claimed_count_are_caught() -> None:
    class ByCount(RoundMechanism):
        """The bug of section 1: a mean weighted by what each device claims, with noise for equal weights."""

        def release(self, updates: torch.Tensor, counts: np.ndarray, /, *, trials: int) -> np.ndarray:
            shares = torch.from_numpy(counts / counts.sum() * len(counts)).float()[:, None]
            clipped = server.aggregate.clip_rows(updates, clip_norm=PLAN.clip_norm) * shares
            aggregate = Aggregate(updates.shape[1], plan=PLAN)
            aggregate._sum += clipped.double().sum(0)
            means = [aggregate.release(self._randomness).mean.double().numpy() for _ in range(trials)]
            return np.stack(means) * PLAN.cohort

    assert not audited(ByCount(PLAN, randomness=OperatingSystemRandomness())).passes


def test_noise_from_the_generator_that_everybody_seeds_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def seedable(size: int, *, standard_deviation: float, **_: object) -> np.ndarray:
        return np.random.normal(0, standard_deviation, size)

    mechanism = RoundMechanism(PLAN, randomness=OperatingSystemRandomness())
    monkeypatch.setattr(shared_model.privacy.mechanism, "gaussian_noise", seedable)
    assert audited(mechanism).passes  # there is enough of it, but
    assert repeats_when_seeded(mechanism, size=16)


def test_looking_for_seeded_noise_leaves_the_generators_as_they_were() -> None:
    np.random.seed(5)
    torch.manual_seed(5)
    expected = np.random.random(), float(torch.rand(()))
    np.random.seed(5)
    torch.manual_seed(5)
    repeats_when_seeded(RoundMechanism(PLAN, randomness=OperatingSystemRandomness()), size=4)
    assert (np.random.random(), float(torch.rand(()))) == expected


ADAPTIVE = replace(PLAN, clipping=Clipping.ADAPTIVE)
LOCAL = replace(
    PLAN, trust=Trust.LOCAL, sampling=Sampling.NONE, relation=Relation.REPLACE_ONE, noise_multiplier=2.0, rounds=20
)


@pytest.mark.parametrize("plan", [ADAPTIVE, LOCAL], ids=["adaptive clipping", "local trust"])
def test_other_plans_are_audited_by_the_code_that_they_run(plan: PrivacyPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict() -> MechanismVerdict:
        claim = MechanismClaim(noise_multiplier=plan.noise_multiplier, clip_norm=plan.clip_norm, relation=plan.relation)
        mechanism = mechanism_of(plan, randomness=OperatingSystemRandomness())
        quietly = {"size": 16, "trials": 10_000, "false_alarms": 1e-6, "seed": 0, "progress": lambda _: None}
        return audit_mechanism(mechanism, claim, **quietly)

    assert verdict().passes
    assert verdict().bound.mu_lower > SEEN
    for module in (shared_model.privacy.mechanism, shared_model.privacy.adaptive_clipping):
        monkeypatch.setattr(module, "gaussian_noise", noise_times(0.7))
    assert not verdict().passes


def test_noise_that_is_correlated_over_rounds_is_not_judged_by_one_of_them() -> None:
    plan = replace(
        PLAN, mechanism=Mechanism.MATRIX_FACTORISATION, bands=2, sampling=Sampling.NONE, relation=Relation.ZERO_OUT
    )
    with pytest.raises(Refused, match="correlated over rounds"):
        mechanism_of(plan, randomness=OperatingSystemRandomness())
