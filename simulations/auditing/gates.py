"""The two gates for a scenario, from its name to what is printed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from shared_model.privacy.coverage import own_epsilon
from shared_model.privacy.randomness import OperatingSystemRandomness
from shared_model.privacy.spent import Trust
from simulations.auditing.bench import AuditBench, set_up_audit
from simulations.auditing.canaries import likelihood_scores
from simulations.auditing.mechanism_gate import MechanismClaim, MechanismVerdict, audit_mechanism, repeats_when_seeded
from simulations.auditing.mechanisms import mechanism_of
from simulations.auditing.one_run import run_with_canaries
from simulations.auditing.one_run_verdict import judge
from simulations.auditing.power import power
from simulations.scenario import read_learning

Watched = Callable[[str], AbstractContextManager[Callable[[float], None]]]
"""Shows a stage of that name, and takes the share of it that is done."""


def audit_noise(
    scenario: str,
    settings: list[str],
    *,
    data: Path | None,
    trials: int,
    claim: float | None,
    false_alarms: float,
    size: int,
    full_size_trials: int,
    seed: int,
    watched: Watched,
) -> dict[str, Any]:
    """G0 at `size` numbers with many trials and at the scenario's full size with few, the false alarms split.

    Noise is drawn from the operating system, as where it is deployed.
    """
    bench = _bench(scenario, settings, data, watched)
    plan = bench.plan
    distributed = plan.trust is Trust.DISTRIBUTED
    claimed = MechanismClaim(
        noise_multiplier=plan.noise_multiplier if claim is None else claim,
        clip_norm=plan.clip_norm,
        # against the server, which knows the cohort: a device's share of the noise stays
        relation=plan.device_relation if distributed else plan.relation,
    )
    audited = mechanism_of(plan, randomness=OperatingSystemRandomness())
    sizes = [(size, trials)]
    if full_size_trials:
        sizes.append((bench.federation_size(), full_size_trials))
    verdicts: list[MechanismVerdict] = []
    for numbers, times in sizes:
        with watched(f"{times:,} trials of {numbers:,} numbers") as advance:
            verdicts.append(
                audit_mechanism(
                    audited,
                    claimed,
                    size=numbers,
                    trials=times,
                    false_alarms=false_alarms / len(sizes),
                    seed=seed,
                    progress=advance,
                )
            )
    seedable = repeats_when_seeded(audited, size=size)
    strongest = max(verdicts, key=lambda verdict: verdict.bound.mu_lower)
    return {
        "epsilon_claimed": own_epsilon(
            1,
            noise_multiplier=claimed.noise_multiplier,
            delta=plan.delta,
            relation=claimed.relation,
            trust=plan.trust,
        ),
        "epsilon_lower_bound": strongest.epsilon_lower(plan.delta),
        "delta": plan.delta,
        "passes": all(verdict.passes for verdict in verdicts) and not seedable,
        "repeats_when_seeded": seedable,
        "noise_multiplier": claimed.noise_multiplier,
        "noise_multiplier_upper_bound": strongest.noise_multiplier_upper,
        "unit": plan.unit.value,
        "relation": claimed.relation.value,
        "trust": plan.trust.value,
        "rounds": 1,
        "false_alarms": false_alarms,
        "sizes": [numbers for numbers, _ in sizes],
        "trials": [times for _, times in sizes],
    }


def audit_run(
    scenario: str,
    settings: list[str],
    *,
    data: Path | None,
    canaries: int,
    false_alarms: float,
    seed: int,
    watched: Watched,
) -> dict[str, Any]:
    """G1: the claim is that of the scenario's plan for a population with canaries in it, and its delta."""
    bench = _bench(scenario, settings, data, watched)
    with watched("examples"):
        federation = bench.federation()
    with watched(f"{bench.plan.rounds} rounds") as advance:
        run = run_with_canaries(federation, canaries=canaries, seed=seed, progress=advance)
    claim = run.claim
    with watched("verdict and power"):
        scores = likelihood_scores(run.found, sample_rate=claim.sample_rate, noise_multiplier=claim.noise_multiplier)
        verdict = judge(scores, run.included, claim, false_alarms=false_alarms)
        size = federation.model.layout.size
        caught = power(run, size=size, false_alarms=false_alarms, seed=seed)
    return {
        "epsilon_claimed": claim.epsilon,
        "epsilon_lower_bound": verdict.epsilon_lower,
        "delta": claim.delta,
        "passes": not verdict.refuted,
        "noise_multiplier": claim.noise_multiplier,
        "steinke_2023": verdict.steinke,
        "mahloujifar_2024": verdict.trade_off,
        "unit": run.plan.unit.value,
        "relation": run.plan.relation.value,
        "trust": run.plan.trust.value,
        "rounds": claim.rounds,
        "size": size,
        "canaries": canaries,
        "guesses": {str(some.guesses): some.right for some in verdict.guessed},
        "false_alarms": false_alarms,
        "power": caught,
    }


def _bench(scenario: str, settings: list[str], data: Path | None, watched: Watched) -> AuditBench:
    checked = read_learning(scenario, settings)
    with watched("data"):
        return set_up_audit(checked, data=data)
