"""What a plan has spent, with the kind of each number: the population's, one device's, and that against the server."""

import math
from dataclasses import dataclass

from shared_model.privacy.accounting import pld_epsilon, rdp_epsilon
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Sampling

_EXACT = "exact Gaussian composition"


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationSpent:
    """One guarantee by two accountants: `pld` is the number to quote, `rdp` its cross-check from above."""

    pld: PrivacySpent
    rdp: PrivacySpent


def population_spent(plan: PrivacyPlan, *, rounds: int) -> PopulationSpent:
    """After `rounds` rounds, against a reader of every release who cannot see who was in a cohort.

    Infinite where the mechanism is off. Raises Refused where the accountant does not converge.
    """
    if plan.mechanism is Mechanism.OFF:
        nothing = _without_noise(plan, rounds=rounds, relation=plan.relation)
        return PopulationSpent(pld=nothing, rdp=nothing)
    poisson = plan.sampling is Sampling.POISSON

    def spent(epsilon: float, accountant: str) -> PrivacySpent:
        return PrivacySpent(
            epsilon=epsilon,
            delta=plan.delta,
            unit=plan.unit,
            relation=plan.relation,
            adversary=Adversary.RELEASE_READER,
            mechanism="Poisson-sampled Gaussian noise" if poisson else "Gaussian noise",
            rounds=rounds,
            accountant=accountant,
        )

    pld = pld_epsilon(
        sample_rate=plan.sample_rate, noise_multiplier=plan.noise_multiplier, rounds=rounds, delta=plan.delta
    )
    rdp = rdp_epsilon(
        sample_rate=plan.sample_rate, noise_multiplier=plan.noise_multiplier, rounds=rounds, delta=plan.delta
    )
    return PopulationSpent(pld=spent(pld, "PLD" if plan.cohort < plan.population else _EXACT), rdp=spent(rdp, "RDP"))


def device_spent(plan: PrivacyPlan, *, participations: int) -> PrivacySpent:
    """What a device that took part this often has spent by its own count: un-amplified, its cohorts known.

    The relation is zero-out, since sampling hides nothing here; so it cannot be mixed up with the population's number.
    """
    if plan.mechanism is Mechanism.OFF:
        return _without_noise(plan, rounds=participations, relation=Relation.ZERO_OUT)
    return PrivacySpent(
        epsilon=device_epsilon(participations, noise_multiplier=plan.noise_multiplier, delta=plan.delta),
        delta=plan.delta,
        unit=plan.unit,
        relation=Relation.ZERO_OUT,
        adversary=Adversary.RELEASE_READER,
        mechanism="Gaussian noise of which the server gives its word",
        rounds=participations,
        accountant=_EXACT,
    )


def server_spent(plan: PrivacyPlan, *, rounds: int) -> PrivacySpent:
    """Against the server itself: infinite, since with central trust it sees each clipped update."""
    return PrivacySpent(
        epsilon=math.inf,
        delta=plan.delta,
        unit=plan.unit,
        relation=Relation.ZERO_OUT,
        adversary=Adversary.SERVER,
        mechanism="updates in clear",
        rounds=rounds,
        accountant="none",
        reason="with central trust the server sees each update",
    )


def _without_noise(plan: PrivacyPlan, *, rounds: int, relation: Relation) -> PrivacySpent:
    return PrivacySpent(
        epsilon=math.inf,
        delta=plan.delta,
        unit=plan.unit,
        relation=relation,
        adversary=Adversary.RELEASE_READER,
        mechanism="sums without noise",
        rounds=rounds,
        accountant="none",
        reason="the mechanism is off: no noise is added",
    )
