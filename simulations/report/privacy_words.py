"""Privacy in words: an epsilon is always written with its delta, unit, relation, trust and adversary."""

from simulations.report.result_schema import ExampleLevelFacts, PrivacyFacts, Result
from simulations.report.wording import epsilon, small

INFINITE = "infinite (no noise)"


def epsilon_or_reason(value: float | None, result: Result) -> str:
    """The number alone, for a cell whose row or caption holds the terms."""
    if value is not None:
        return epsilon(value)
    return INFINITE if result.privacy.mechanism == "off" else f"not given ({result.epsilon_reason})"


def terms(result: Result) -> str:
    """What the population's epsilon is relative to."""
    privacy = result.privacy
    return f"delta {small(result.delta)}, unit {privacy.unit}, {privacy.relation}, {privacy.trust} trust"


def device_terms(result: Result) -> str:
    """What a device's own epsilon is relative to: its cohorts are known and sampling hides nothing, so that it is
    zero-out wherever the plan is not replace-one."""
    relation = "replace-one" if result.privacy.relation == "replace-one" else "zero-out"
    return f"delta {small(result.delta)}, unit device, {relation}, {result.privacy.trust} trust"


def population_epsilon(result: Result) -> str:
    """The population's epsilon in one sentence."""
    accountant = next(iter(result.privacy.accountants), "PLD")
    value = f"Epsilon {epsilon_or_reason(result.epsilon_pld, result)} by {accountant}"
    if result.epsilon_rdp is not None:
        value += f" ({epsilon(result.epsilon_rdp)} by RDP)"
    if result.privacy.mechanism == "off":
        value = f"Epsilon {INFINITE}"
    return f"{value}, {terms(result)}, against the {result.privacy.adversary}, after {result.rounds} rounds."


def device_epsilon(result: Result) -> str:
    """The un-amplified count of the device that took part most often."""
    value = epsilon_or_reason(result.epsilon_device, result)
    times = result.privacy.most_participations
    sentence = (
        f"By its own count, without amplification by sampling, the device that took part most often ({times} times) "
        f"has spent epsilon {value}, {device_terms(result)}."
    )
    if result.privacy.trust == "central" and result.epsilon_device is not None:
        sentence += " With central trust the noise multiplier in it is the server's word."
    return sentence


def explanation(result: Result) -> tuple[str, ...]:
    """Whom the numbers protect, and whom they do not. What an attacker can find stands in the disclosure list."""
    privacy = result.privacy
    sentences = [_against_the_server(privacy)]
    if result.epsilon_pld is None:
        sentences.append(f"No bound on what an attacker can learn is claimed ({result.epsilon_reason}).")
    if privacy.unit == "device":
        sentences.append(
            "The unit is the device: it is a listener's guarantee only where enrolment gives each person one device."
        )
    if privacy.example_level is not None:
        sentences.append(_one_window(privacy.example_level))
    if privacy.noise == "reproducible":
        sentences.append(
            "The noise is reproducible (noise: reproducible): it comes from a keyed stream so that the run can be "
            "repeated; a release made with it can be inspected but never promoted."
        )
    return tuple(sentences)


def example_terms(level: ExampleLevelFacts) -> str:
    """What the epsilon of one training window is relative to."""
    return (
        f"delta {small(level.delta)}, unit {level.unit}, {level.relation}, against the {level.adversary}, "
        f"{level.accountant} over {level.steps} steps of the busiest device"
    )


def participation(result: Result) -> str:
    """Who took part how often, and who declined."""
    privacy = result.privacy
    most = "without a limit" if privacy.max_participations is None else f"at most {privacy.max_participations} times"
    cap = "no cap of its own" if privacy.device_cap is None else f"a cap of epsilon {epsilon(privacy.device_cap)}"
    return (
        f"Each device might take part {most}, with {cap} ({device_terms(result)}). "
        f"The busiest took part {privacy.most_participations} times. Devices declined "
        f"{privacy.declined_invitations:,} invitations because they had reached a limit."
    )


def _one_window(level: ExampleLevelFacts) -> str:
    return (
        f"Training on each device is example-level private, which is another unit: epsilon {epsilon(level.epsilon)} "
        f"({example_terms(level)}) for one training window, the rest of the history fixed. One listen stands "
        "in many windows, so that this is never a listener's guarantee, and it is never added to the device's number. "
        f"A device declines where a window would come to more than {epsilon(level.epsilon_cap)}."
    )


def _against_the_server(privacy: PrivacyFacts) -> str:
    if privacy.trust == "central":
        return "Trust is central: the server sees each clipped update; against the server there is no guarantee."
    if privacy.trust == "distributed":
        return (
            "Trust is distributed: the server sees noised sums and nothing else, which holds if at least "
            f"{privacy.honest} of {privacy.planned_cohort} devices are honest and stay."
        )
    return "Trust is local: each device adds all of the noise; the guarantee holds against the server always."
