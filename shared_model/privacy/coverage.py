"""Which accountants cover what, which numbers are left out and why, and what is refused.

| trust          | sampling           | relation          | PLD   | RDP |
|----------------|--------------------|-------------------|-------|-----|
| central, local | poisson            | add-or-remove-one | yes   | yes |
| central, local | poisson            | replace-one       | yes   | no  |
| central, local | fixed size         | replace-one       | no    | yes |
| central, local | full participation | any               | exact | yes |
| central, local | none               | any               | exact | yes |
| distributed    | poisson            | add-or-remove-one | no    | yes |
| distributed    | full participation | any               | no    | yes |
| distributed    | none               | any               | no    | yes |

Everything else is refused, never counted by a smaller number. "none" stands for cohorts that an attacker may see: only
the rounds that a device took part in count, and nothing is amplified. Distributed trust adds Skellam noise, the others
Gaussian (`shared_model.privacy.skellam`).
"""

import math
from dataclasses import dataclass

from shared_model.errors import Refused
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.loss_distribution import pld_epsilon
from shared_model.privacy.renyi import rdp_epsilon, rdp_epsilon_of_fixed_cohorts
from shared_model.privacy.skellam import sampled_skellam_epsilon, skellam_epsilon
from shared_model.privacy.spent import Relation, Sampling, Trust

PLD, RDP, EXACT = "PLD", "RDP", "exact Gaussian composition"
NO_RDP = "dp-accounting has no RDP for Poisson sampling under replace-one"
NO_PLD = "dp-accounting has no PLD for cohorts of a fixed size"
NO_GAUSSIAN = "the noise is Skellam's, of integers that devices add in shares: the Gaussian's PLD does not apply"
NO_PRIVACY = "the sampler's own error exceeds delta at so large an epsilon"
SUM_OF_SHARES = "RDP of Skellam noise"

VISIBLE = (Sampling.FULL_PARTICIPATION, Sampling.NONE)
"""Samplings that hide nobody: Gaussian releases then compose exactly."""
SUPPORTED = frozenset(
    {
        (Sampling.POISSON, Relation.ADD_OR_REMOVE_ONE),
        (Sampling.POISSON, Relation.REPLACE_ONE),
        (Sampling.FIXED_SIZE, Relation.REPLACE_ONE),
        *((sampling, relation) for sampling in VISIBLE for relation in Relation),
    }
)
SUPPORTED_SHARES = SUPPORTED - {(Sampling.POISSON, Relation.REPLACE_ONE), (Sampling.FIXED_SIZE, Relation.REPLACE_ONE)}
"""With distributed trust."""
HIDDEN_COHORTS_SHARE = 0.01
"""Of delta: the chance that any sampled cohort of a run is larger than the sum's noise is topped up for."""
_REFUSED = {
    (Sampling.POISSON, Relation.REPLACE_ONE): "with distributed trust use add-or-remove-one, or sampling none",
    (Sampling.FIXED_SIZE, Relation.REPLACE_ONE): "with distributed trust use sampling poisson or none",
    (Sampling.POISSON, Relation.ZERO_OUT): "zero-out is for cohorts that are visible, and sampling hides them; "
    "use add-or-remove-one, or sampling none",
    (Sampling.FIXED_SIZE, Relation.ADD_OR_REMOVE_ONE): "a cohort of fixed size has no neighbour with one device more "
    "or less; use replace-one, or sampling none",
    (Sampling.FIXED_SIZE, Relation.ZERO_OUT): "zero-out is for cohorts that are visible, and sampling hides them; "
    "use replace-one, or sampling none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """One guarantee by every accountant that there is for it, with a reason where a number is None.

    pld: to be quoted where it is there, by `pld_by`; rdp: its cross-check from above, or in its place.
    """

    pld: float | None
    rdp: float | None
    pld_by: str
    pld_reason: str | None = None
    rdp_reason: str | None = None

    @property
    def epsilon(self) -> float:
        """The number to quote."""
        found = self.rdp if self.pld is None else self.pld
        assert found is not None
        return found


def require_accountant(sampling: Sampling, relation: Relation, *, trust: Trust = Trust.CENTRAL) -> None:
    """Raises Refused, with the reason, unless an accountant covers this sampling and relation."""
    if (sampling, relation) not in (SUPPORTED_SHARES if trust is Trust.DISTRIBUTED else SUPPORTED):
        raise Refused(
            f"privacy: no accountant covers sampling {sampling.value} under {relation.value}: "
            f"{_REFUSED[sampling, relation]}"
        )


def account(
    *,
    sampling: Sampling,
    relation: Relation,
    sample_rate: float,
    noise_multiplier: float,
    rounds: int,
    delta: float,
    trust: Trust = Trust.CENTRAL,
) -> Accounted:
    """Epsilon after `rounds` releases, each with noise of standard deviation noise_multiplier times the sensitivity.

    sample_rate: chance of a device to be in a round, or cohort over population; it has no say under `VISIBLE`
    samplings. trust: distributed for Skellam noise in shares, anything else for the Gaussian. Raises Refused where no
    accountant covers the combination or the PLD does not converge.
    """
    require_accountant(sampling, relation, trust=trust)
    visible = sampling in VISIBLE
    rate = 1.0 if visible else sample_rate
    if trust is Trust.DISTRIBUTED:
        if visible:
            rdp = skellam_epsilon({noise_multiplier: rounds}, relation=relation, delta=delta)
        else:
            rdp = sampled_skellam_epsilon(
                sample_rate=rate,
                noise_multiplier=noise_multiplier,
                rounds=rounds,
                delta=(1 - HIDDEN_COHORTS_SHARE) * delta,
            )
        lost = None if math.isfinite(rdp) else NO_PRIVACY
        return Accounted(pld=None, rdp=rdp, pld_by=PLD, pld_reason=NO_GAUSSIAN, rdp_reason=lost)
    if sampling is Sampling.FIXED_SIZE and rate < 1:
        rdp = rdp_epsilon_of_fixed_cohorts(
            sample_rate=rate, noise_multiplier=noise_multiplier, rounds=rounds, delta=delta
        )
        return Accounted(pld=None, rdp=rdp, pld_by=PLD, pld_reason=NO_PLD)
    pld = pld_epsilon(
        sample_rate=rate, noise_multiplier=noise_multiplier, rounds=rounds, delta=delta, relation=relation
    )
    if sampling is Sampling.POISSON and relation is Relation.REPLACE_ONE and rate < 1:
        return Accounted(pld=pld, rdp=None, pld_by=PLD, rdp_reason=NO_RDP)
    rdp = rdp_epsilon(
        sample_rate=rate, noise_multiplier=noise_multiplier, rounds=rounds, delta=delta, relation=relation
    )
    return Accounted(pld=pld, rdp=rdp, pld_by=EXACT if rate == 1 else PLD)


def own_epsilon(
    participations: int, *, noise_multiplier: float, delta: float, relation: Relation, trust: Trust
) -> float:
    """What a device that took part this often has spent by its own count, never amplified by sampling."""
    if trust is Trust.DISTRIBUTED:
        return skellam_epsilon({noise_multiplier: participations}, relation=relation, delta=delta)
    return device_epsilon(participations, noise_multiplier=noise_multiplier, delta=delta, relation=relation)
