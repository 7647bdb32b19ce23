"""Which bugs a run with these canaries would have caught: a gate that catches nothing proves nothing.

The canaries' scores are drawn as the bug would make them, without training anything. Letters as in `canaries`.
"""

from collections.abc import Mapping

import numpy as np

from simulations.auditing.canaries import likelihood_scores
from simulations.auditing.one_run import AuditedRun
from simulations.auditing.one_run_verdict import RunClaim, guesses_of, refutes

REPEATS = 20


def power(run: AuditedRun, *, size: int, false_alarms: float, seed: int) -> dict[str, float]:
    """Of each bug, the share of runs like this one that would have been refuted; `none` is that of false alarms.

    size: d.
    """
    claim, cohort, draw = run.claim, run.plan.cohort, np.random.default_rng(seed)
    drift = _drift(run)
    bugs: Mapping[str, tuple[float, float]] = {  # noise, length of a canary's update, in what the plan says of them
        "none": (1.0, 1.0),
        "no noise": (0.0, 1.0),
        "noise divided by the square root of the cohort": (cohort**-0.5, 1.0),
        "half the noise": (0.5, 1.0),
        "clipping skipped, updates ten times too long": (1.0, 10.0),
    }
    count, caught = len(run.included), {}
    for bug, (noise, length) in bugs.items():
        # other canaries are a noise of their own: two directions have a product of variance 1/d
        others = length * np.sqrt(claim.sample_rate * count / 2 / size)
        deviation = float(np.hypot(noise * claim.noise_multiplier, others))
        repeats = [_caught(claim, count, deviation, length, drift, false_alarms, draw) for _ in range(REPEATS)]
        caught[bug] = float(np.mean(repeats))
    return caught


def _drift(run: AuditedRun) -> float:
    """Standard deviation, over canaries that never answered, of what every round adds to their scores alike."""
    absent = run.found[:, ~run.included]
    return float(np.sqrt(max(absent.mean(0).var() - absent.var(0).mean() / len(absent), 0.0)))


def _caught(
    claim: RunClaim,
    canaries: int,
    deviation: float,
    length: float,
    drift: float,
    false_alarms: float,
    draw: np.random.Generator,
) -> bool:
    included = draw.random(canaries) < 0.5
    taken_part = (draw.random((claim.rounds, canaries)) < claim.sample_rate) & included
    found = length * taken_part + deviation * draw.standard_normal(taken_part.shape)
    found += drift * draw.standard_normal(canaries)
    scores = likelihood_scores(found, sample_rate=claim.sample_rate, noise_multiplier=claim.noise_multiplier)
    return refutes(guesses_of(scores, included), claim, canaries=canaries, false_alarms=false_alarms)
