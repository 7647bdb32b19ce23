"""What every report ends with: in plain sentences, what the privacy numbers mean and what they rest on."""

import math

from shared_model.privacy.coverage import VISIBLE
from shared_model.privacy.gaussian import composed_mu, gaussian_true_positives
from shared_model.privacy.loss_distribution import pld_true_positives
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.randomness import REPRODUCIBLE
from shared_model.privacy.spending import PopulationSpent, device_spent, population_spent, server_spent
from shared_model.privacy.spent import PrivacySpent, Relation, Sampling, Trust

_HIDDEN = {
    Relation.ADD_OR_REMOVE_ONE: "whether one device, with all that it contributes in all rounds, was part of the "
    "population",
    Relation.REPLACE_ONE: "what one device contributed in all rounds, whatever else it might have been",
    Relation.ZERO_OUT: "whether one device, whose rounds may be known, contributed anything in them",
}
_WORD = {
    Trust.CENTRAL: "multiplier is the server's word",
    Trust.DISTRIBUTED: "is kept by what it and other devices add",
    Trust.LOCAL: "is the device's own",
}
FALSE_ALARMS = 0.01
"""At which the trade-off curve is read."""


def disclosure(
    plan: PrivacyPlan,
    *,
    rounds: int,
    most_participations: int,
    noise: str,
    simulated: bool,
    example_level: PrivacySpent | None = None,
) -> list[str]:
    """The sentences, after `rounds` rounds in which no device took part more than `most_participations` times.

    noise: label of the randomness; simulated: whether the listeners were invented; example_level: what one training
    window of that device has spent, where devices train by example-level DP-SGD.
    """
    return [
        *(["Simulated: the listeners were invented; nobody's privacy was spent."] if simulated else []),
        "Unit: the device. It is a listener's guarantee only where enrolment gives each person one device.",
        f"Neighbouring relation: {plan.relation.value}. What is hidden is {_HIDDEN[plan.relation]}.",
        f"Adversary, a reader of the releases: {_population(plan, population_spent(plan, rounds=rounds))}",
        f"Adversary, a reader of the releases who knows the cohorts: {_device(plan, most_participations)}",
        f"Adversary, the server: {_server(plan, server_spent(plan, rounds=rounds))}",
        *([] if example_level is None else [_one_window(example_level)]),
        _sampling(plan),
        *_assumptions(plan),
        "Tuning: choosing settings by looking at earlier runs on private data costs privacy too; it is not counted.",
        "Evaluation: qualities, attention, shares of paths, norms of updates and counts of answers in this report, the "
        "predictions and the checkpoints beside it were taken from private listeners without noise, outside the "
        "guarantee: a run folder is not a release.",
        "Assumed public: the catalogue and its vectors, release 0 and the listeners it was trained on, the size of the "
        "population, the plan.",
        _noise(plan, noise),
    ]


def _population(plan: PrivacyPlan, spent: PopulationSpent) -> str:
    quoted = spent.quoted
    if quoted.reason is not None or quoted.epsilon is None:
        return f"epsilon is infinite, since {quoted.reason}."
    return (
        f"epsilon {_up(quoted.epsilon)} by {quoted.accountant} ({_cross_check(spent)}) at delta {quoted.delta:.2g}, "
        f"after {quoted.rounds} rounds.{_found(plan, rounds=quoted.rounds)}"
    )


def _cross_check(spent: PopulationSpent) -> str:
    if spent.pld.epsilon is None:
        return f"no PLD: {spent.pld.reason}"
    if spent.rdp.epsilon is None:
        return f"no cross-check: {spent.rdp.reason}"
    return f"cross-check {_up(spent.rdp.epsilon)} by {spent.rdp.accountant}"


def _found(plan: PrivacyPlan, *, rounds: int) -> str:
    """What an attacker finds, where a PLD gives the whole curve."""
    if plan.sampling is Sampling.FIXED_SIZE or plan.trust is Trust.DISTRIBUTED:
        return ""
    found = pld_true_positives(
        FALSE_ALARMS,
        sample_rate=1.0 if plan.sampling in VISIBLE else plan.sample_rate,
        noise_multiplier=plan.noise_multiplier,
        rounds=min(rounds, plan.releases),
        relation=plan.relation,
    )
    return (
        f" At 1 % false alarms an attacker finds at most {found:.1%} of the devices that were part of it (from the "
        "whole curve of epsilons and deltas)."
    )


def _device(plan: PrivacyPlan, participations: int) -> str:
    spent = device_spent(plan, participations=participations)
    if spent.reason is not None or spent.epsilon is None:
        return f"epsilon is infinite, since {spent.reason}."
    return (
        f"epsilon {_up(spent.epsilon)} at delta {spent.delta:.2g} by a device's own count, for the device that took "
        f"part most often ({participations} of at most {plan.participation_limit} times); {spent.relation.value}, not "
        f"amplified by sampling, and the noise {_WORD[plan.trust]}."
        f"{_found_of_a_device(plan, participations)}"
    )


def _found_of_a_device(plan: PrivacyPlan, participations: int) -> str:
    if plan.trust is Trust.DISTRIBUTED:
        return ""
    mu = composed_mu(plan.noise_multiplier, releases=participations, relation=plan.device_relation)
    found = gaussian_true_positives(FALSE_ALARMS, mu=mu)
    return (
        f" At 1 % false alarms an attacker finds at most {found:.1%} of such devices (from the Gaussian trade-off "
        "curve, which is exact)."
    )


def _server(plan: PrivacyPlan, spent: PrivacySpent) -> str:
    if spent.reason is not None or spent.epsilon is None:
        return (
            f"epsilon is infinite, since {spent.reason}. The numbers prove what the server promised; that it did add "
            "the noise is for an audit to show."
        )
    if plan.trust is Trust.DISTRIBUTED:
        return (
            f"epsilon {_up(spent.epsilon)} by {spent.accountant} at delta {spent.delta:.2g}, {spent.relation.value}, "
            f"for a device that takes part {spent.rounds} times, not amplified by sampling, since the server drew the "
            f"cohorts. It sees noised sums and nothing else: {assumption(plan)}."
        )
    return (
        f"epsilon {_up(spent.epsilon)} at delta {spent.delta:.2g}, {spent.relation.value}, for a device that takes "
        f"part {min(spent.rounds, plan.participation_limit)} times: each device adds all of its noise before anything "
        "leaves it, in floating-point numbers, whose lowest bits are not covered by the proof (Mironov 2012)."
    )


def assumption(plan: PrivacyPlan) -> str:
    """What distributed trust rests on."""
    return f"holds if at least {plan.honest} of {plan.cohort} devices are honest and stay"


def _one_window(spent: PrivacySpent) -> str:
    assert spent.epsilon is not None
    return (
        f"Another unit, the example: epsilon {_up(spent.epsilon)} by {spent.accountant} at delta {spent.delta:.2g}, "
        f"{spent.relation.value}, against the {spent.adversary.value}, after {spent.rounds} steps of example-level "
        "DP-SGD on the device that took part most often. It protects one training window, the rest of the history "
        "fixed; one listen stands in many windows, so that it is never a listener's guarantee, and it is never added "
        "to the device's number."
    )


def _sampling(plan: PrivacyPlan) -> str:
    if plan.sampling is Sampling.FULL_PARTICIPATION:
        return "Sampling: none; every device is in every round."
    if plan.sampling is Sampling.NONE:
        return (
            f"Sampling: none is counted on; who is in a round may be seen, and a device takes part at most "
            f"{plan.participation_limit} times."
        )
    if plan.sampling is Sampling.FIXED_SIZE:
        return (
            f"Sampling: {plan.cohort} of {plan.population} devices in each round, every set of them as likely, and "
            "nobody but the server learns who."
        )
    return (
        f"Sampling: each device is in each round by a coin of its own, with chance {plan.sample_rate:.4g} "
        f"({plan.cohort} of {plan.population}), and nobody but the server learns who was."
        + (
            " So that the noise does not tell how many there were, the server adds the shares of who is missing; it is "
            "trusted with that as it is with keeping the cohort secret, and with nothing else."
            if plan.trust is Trust.DISTRIBUTED
            else ""
        )
    )


def _assumptions(plan: PrivacyPlan) -> list[str]:
    if plan.mechanism is Mechanism.MATRIX_FACTORISATION:
        return [
            f"Separation: the noise of {plan.rounds} rounds is planned together, and the numbers hold for devices that "
            f"take part again after {plan.bands} rounds at the earliest; each device sees to that itself."
        ]
    if plan.evaluation_share:
        return [
            "Quality: what devices report of it travels in the same noised vector; it takes "
            f"{plan.evaluation_share:.0%} of what a round may tell, and the noise multiplier counts update and quality "
            "together."
        ]
    if plan.clipping is Clipping.ADAPTIVE:
        return [
            "Clipping: the bound follows the median norm by one bit of each device inside the noised vector; the noise "
            "multiplier counts update and bit together."
        ]
    return []


def _noise(plan: PrivacyPlan, label: str) -> str:
    if plan.mechanism is Mechanism.OFF:
        return f"Noise: none is added; cohorts are drawn from randomness that is {label}."
    if label == REPRODUCIBLE:
        return (
            f"Noise: {label}. Noise and cohorts come from a seed that stands beside these numbers: who reads it can "
            "take the noise away again. The numbers say what this plan gives with secret randomness; this run protects "
            "nobody, and its release is never promoted."
        )
    return f"Noise: from the {label}."


def _up(epsilon: float) -> str:
    """Rounded up: a printed guarantee is never stronger than the computed one."""
    return f"{math.ceil(epsilon * 100) / 100:.2f}"
