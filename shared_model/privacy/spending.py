"""What a plan has spent, with the kind of each number: the population's, one device's, and that against the server."""

import math
from dataclasses import dataclass

from shared_model.privacy.coverage import EXACT, NO_PRIVACY, RDP, SUM_OF_SHARES, account, own_epsilon
from shared_model.privacy.local_gaussian import LocalGaussian
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Sampling, Trust

_GAUSSIAN = {
    Sampling.POISSON: "Poisson-sampled Gaussian noise",
    Sampling.FIXED_SIZE: "Gaussian noise on cohorts of a fixed size",
    Sampling.FULL_PARTICIPATION: "Gaussian noise",
    Sampling.NONE: "Gaussian noise",
}
_OF_A_DEVICE = {
    Trust.CENTRAL: "Gaussian noise of which the server gives its word",
    Trust.DISTRIBUTED: "Skellam noise of which each device adds its share",
    Trust.LOCAL: "Gaussian noise that the device adds itself",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationSpent:
    """One guarantee by two accountants: `pld` is the number to quote, `rdp` its cross-check from above.

    Where an accountant is missing, its epsilon is None with a reason, and the other is the number to quote.
    """

    pld: PrivacySpent
    rdp: PrivacySpent

    @property
    def quoted(self) -> PrivacySpent:
        """The number to quote."""
        return self.rdp if self.pld.epsilon is None else self.pld


def population_spent(plan: PrivacyPlan, *, rounds: int) -> PopulationSpent:
    """After `rounds` rounds, against a reader of every release who cannot see who was in a cohort.

    Infinite where the mechanism is off. Raises Refused where the accountant does not converge.
    """
    if plan.mechanism is Mechanism.OFF:
        nothing = _without_noise(plan, rounds=rounds, relation=plan.relation)
        return PopulationSpent(pld=nothing, rdp=nothing)
    accounted = account(
        sampling=plan.sampling,
        relation=plan.relation,
        sample_rate=plan.sample_rate,
        noise_multiplier=plan.noise_multiplier,
        rounds=min(rounds, plan.releases),
        delta=plan.delta,
        trust=plan.trust,
    )

    def spent(epsilon: float | None, accountant: str, reason: str | None) -> PrivacySpent:
        return PrivacySpent(
            epsilon=epsilon,
            delta=plan.delta,
            unit=plan.unit,
            relation=plan.relation,
            adversary=Adversary.RELEASE_READER,
            mechanism=_mechanism(plan),
            rounds=rounds,
            accountant=accountant,
            reason=reason,
        )

    return PopulationSpent(
        pld=spent(accounted.pld, accounted.pld_by, accounted.pld_reason),
        rdp=spent(accounted.rdp, RDP, accounted.rdp_reason),
    )


def device_spent(plan: PrivacyPlan, *, participations: int) -> PrivacySpent:
    """What a device that took part this often has spent by its own count: un-amplified, its cohorts known.

    The relation is zero-out (or replace-one, where the plan's is), since sampling hides nothing here; so it cannot be
    mixed up with the number of a sampled population.
    """
    relation = plan.device_relation
    if plan.mechanism is Mechanism.OFF:
        return _without_noise(plan, rounds=participations, relation=relation)
    return _own(plan, participations, relation=relation, adversary=Adversary.RELEASE_READER)


def server_spent(plan: PrivacyPlan, *, rounds: int) -> PrivacySpent:
    """Against the server itself: infinite, since with central trust it sees each clipped update.

    With local and distributed trust what a device spends that takes part as often as it may: never amplified, since the
    server knows the cohorts.
    """
    if plan.trust is Trust.DISTRIBUTED:
        times = min(rounds, plan.participation_limit)
        return _own(plan, times, relation=plan.device_relation, adversary=Adversary.SERVER)
    if plan.trust is Trust.LOCAL:
        return LocalGaussian.of(plan).spent(participations=min(rounds, plan.releases), delta=plan.delta)
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


def _own(plan: PrivacyPlan, participations: int, *, relation: Relation, adversary: Adversary) -> PrivacySpent:
    epsilon = own_epsilon(
        participations,
        noise_multiplier=plan.noise_multiplier,
        delta=plan.delta,
        relation=relation,
        trust=plan.trust,
    )
    return PrivacySpent(
        epsilon=epsilon,
        delta=plan.delta,
        unit=plan.unit,
        relation=relation,
        adversary=adversary,
        mechanism=_OF_A_DEVICE[plan.trust],
        rounds=participations,
        accountant=SUM_OF_SHARES if plan.trust is Trust.DISTRIBUTED else EXACT,
        reason=None if math.isfinite(epsilon) else NO_PRIVACY,
    )


def _mechanism(plan: PrivacyPlan) -> str:
    if plan.mechanism is Mechanism.MATRIX_FACTORISATION:
        return f"Gaussian noise correlated by a matrix factorisation of {plan.bands} bands"
    if plan.trust is not Trust.CENTRAL:
        return _OF_A_DEVICE[plan.trust]
    if plan.clipping is Clipping.ADAPTIVE:
        return f"{_GAUSSIAN[plan.sampling]} on updates and their clipping bits"
    return _GAUSSIAN[plan.sampling]


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
