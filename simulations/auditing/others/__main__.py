"""`python -m simulations.auditing.others`: everything on docs/what-we-found.md, measured again."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated

import typer

from simulations.auditing.others.clip_norm_rule import clip_norm_findings
from simulations.auditing.others.edge_cases import edge_case_findings
from simulations.auditing.others.engine_claims import ENGINE_CLAIMS
from simulations.auditing.others.finding import Finding
from simulations.auditing.others.local_claims import LOCAL_CLAIMS, reach_of_the_formula
from simulations.auditing.others.noise_claims import FALSE_ALARMS, FLOWER_CLAIMS, OWN_CLAIMS

PACKAGES = ("flwr", "opacus", "dp-accounting", "numpy", "torch")
COLUMNS = ("question", "mechanism", "situation", "claimed", "found", "exact", "good", "trials")
HEADS = ("#", "mechanism", "situation", "claimed, or should be", "found", "exact", "as claimed", "trials")


def main(
    trials: Annotated[int, typer.Option(min=100, help="Releases of either kind in each run of the gate.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the updates, never of the noise.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Other people's mechanisms under gate G0, and our own beside them."""
    start = time.monotonic()
    findings = measured(trials=trials, seed=seed, progress=lambda name: print(name, file=sys.stderr))
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "trials": trials,
        "seed": seed,
        "false_alarms": FALSE_ALARMS,
        "seconds": round(time.monotonic() - start),
    }
    if as_json:
        print(json.dumps(about | {"findings": [asdict(finding) for finding in findings]}, indent=1))
    else:
        print(table(findings))
        print("\n".join(f"{name}: {value}" for name, value in about.items()))


def measured(*, trials: int, seed: int, progress: Callable[[str], None]) -> list[Finding]:
    """All findings, by question. progress: called with what comes next."""
    findings = [*clip_norm_findings(), *edge_case_findings(), reach_of_the_formula()]
    for claim in ENGINE_CLAIMS:
        progress(f"Opacus, {claim.name}")
        findings.append(claim.finding())
    for local in LOCAL_CLAIMS:
        progress(f"LocalDpMod, epsilon {local.epsilon:g}")
        findings.append(local.finding(trials=trials, seed=seed))
    for noise in (*OWN_CLAIMS, *FLOWER_CLAIMS):
        progress(f"{noise.mechanism}, {noise.situation}")
        findings.append(noise.finding(trials=trials, seed=seed))
    return sorted(findings, key=lambda finding: (finding.question, finding.mechanism))


def table(findings: list[Finding]) -> str:
    """As the page shows it."""
    lines = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    for finding in findings:
        row = {
            **asdict(finding),
            "good": "yes" if finding.good else "**no**",
            "trials": f"{finding.trials:,}" if finding.trials else "–",
        }
        lines.append("| " + " | ".join(str(row[column]) for column in COLUMNS) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
