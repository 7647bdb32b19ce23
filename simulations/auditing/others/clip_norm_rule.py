"""Where an adaptive clip norm goes when the norms that it is to follow stay where they are."""

import math

import numpy as np

from simulations.auditing.others.adaptive_clipping import followed_norms
from simulations.auditing.others.finding import Finding
from simulations.auditing.others.own import own_followed_norms

NORMS = np.exp(np.linspace(-1, 1, 21))
"""Of the updates of 21 devices, in every round: their median is 1."""
STARTS, ROUNDS = (0.9, 1.1), 100


def clip_norm_findings() -> list[Finding]:
    """Flower's rule and ours, towards the median, without noise."""
    rules = (("Flower, adaptive", followed_norms), ("sottovoce, adaptive", own_followed_norms))
    findings = []
    for name, rule in rules:
        for start in STARTS:
            norms = rule(NORMS, start=start, rounds=ROUNDS)
            shown = ", ".join(f"{norms[at]:.3g}" for at in (1, 10, 50, ROUNDS))
            findings.append(
                Finding(
                    question=4,
                    mechanism=name,
                    situation=f"C from {start} towards a median of 1; after 1, 10, 50, {ROUNDS} rounds",
                    claimed="1",
                    found=shown,
                    exact="–",
                    good=abs(math.log(norms[-1])) < abs(math.log(start)),
                )
            )
    return findings
