"""What a device has spent by its own ledger, and whether it may spend once more. Never the server's epsilon."""

import math
from collections import Counter
from collections.abc import Sequence

from shared_model.books.entries import Assumed, Debit, Entry
from shared_model.books.ledger_law import law_after, months_of, opened_of, participations
from shared_model.errors import Refused
from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Trust, Unit

_MOST_MU = 1e6
"""Beyond it epsilon is above 5e11, which is no privacy, and rounding keeps the root from being found."""
_WORDS = {
    Trust.CENTRAL: "Gaussian noise of which the server gives its word",
    Trust.DISTRIBUTED: "Skellam noise of which each device adds its share",
    Trust.LOCAL: "Gaussian noise that the device adds itself",
}


def composed_mu(rounds: Sequence[Debit | Assumed]) -> float:
    """sqrt(sum z_i^-2), infinite where a round has no noise; twice that where any round counts under replace-one.

    Under replace-one a device's vector moves by twice the clip norm, under zero-out and add-or-remove-one by once, so
    that the larger is right for all (Dong, Roth and Su 2022, corollary 3.3).
    """
    counts = Counter(each.noise_multiplier for each in rounds)
    if 0 in counts:
        return math.inf
    # by multiplier, so that equal ones give the very number of `shared_model.privacy.gaussian.composed_mu`
    mu = math.hypot(*(math.sqrt(counts[z]) / z for z in sorted(counts)))
    return 2 * mu if _relation(rounds) is Relation.REPLACE_ONE else mu


def spent(entries: Sequence[Entry]) -> PrivacySpent:
    """The device's own un-amplified number, at the delta that its ledger was opened with.

    The relation is zero-out (its cohorts count as known), or replace-one where a round was debited under it. With
    central trust the noise is the server's word, which `mechanism` says.
    """
    rounds = participations(entries)
    delta = opened_of(entries).delta
    epsilon = _epsilon(rounds, delta)
    by = "RDP of Skellam noise" if _in_shares(rounds) else "exact Gaussian composition"
    return PrivacySpent(
        epsilon=epsilon,
        delta=delta,
        unit=Unit.DEVICE,
        relation=_relation(rounds),
        adversary=Adversary.RELEASE_READER,
        mechanism="; ".join(_WORDS[trust] for trust in Trust if any(each.trust is trust for each in rounds)) or "none",
        rounds=len(rounds),
        accountant=by if epsilon < math.inf else "none",
        reason=None if epsilon < math.inf else "a round with hardly any noise or none is among them",
    )


def require_allowed(entries: Sequence[Entry], debit: Debit) -> None:
    """Whether the device's own plan allows one more round. Raises Refused with the reason, which stays on the device.

    A round is answered once, and earlier rounds of the same run never; the number of rounds and the epsilon after
    this one, in all and within its month, stay within what the ledger was opened with.
    """
    opened = opened_of(entries)
    breach = law_after(entries).breach(debit)
    if breach is not None:
        raise Refused(f"ledger: this row {breach}; the device declines, and waits for the next round")
    rounds = [*participations(entries), debit]
    if len(rounds) > opened.max_participations:
        raise Refused(
            f"ledger: the device took part in {len(rounds) - 1} rounds, and its plan allows "
            f"{opened.max_participations}; it declines from now on"
        )
    of_month = [each for month, each in months_of(entries) if month == debit.month]
    for cap, counted, whose in (
        (opened.device_cap, rounds, "the device's own epsilon"),
        (opened.monthly_cap, [*of_month, debit], f"the device's own epsilon of {debit.month}"),
    ):
        after = 0.0 if cap is None else _epsilon(counted, opened.delta)
        if cap is not None and not after <= cap:
            raise Refused(
                f"ledger: one more round would make {whose} {after:.3f}, above its cap of {cap:g}; it declines"
            )


def spent_in(entries: Sequence[Entry], month: str) -> float:
    """The device's own epsilon of one month's rounds alone, at the ledger's delta and in the kind of `spent`."""
    of_month = [each for counted, each in months_of(entries) if counted == month]
    return _epsilon(of_month, opened_of(entries).delta)


def _relation(rounds: Sequence[Debit | Assumed]) -> Relation:
    replace = any(each.relation is Relation.REPLACE_ONE for each in rounds)
    return Relation.REPLACE_ONE if replace else Relation.ZERO_OUT


def _in_shares(rounds: Sequence[Debit | Assumed]) -> bool:
    return any(each.trust is Trust.DISTRIBUTED for each in rounds)


def _epsilon(rounds: Sequence[Debit | Assumed], delta: float) -> float:
    """Of all of them by Skellam's divergences, which are never below the Gaussian's, where one was of noise in shares.

    What that accountant needs of a sum beside z (`shared_model.privacy.skellam`) every encoding sees to.
    """
    mu = composed_mu(rounds)
    if mu > _MOST_MU:
        return math.inf
    # imported here: scipy takes half a second, which reading a ledger need not spend
    if _in_shares(rounds):
        from shared_model.privacy.skellam import skellam_epsilon

        counts = Counter(each.noise_multiplier for each in rounds)
        return skellam_epsilon(counts, relation=_relation(rounds), delta=delta)
    from shared_model.privacy.gaussian import gaussian_epsilon

    return gaussian_epsilon(delta, mu=mu)
