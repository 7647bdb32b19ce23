"""docs/what-we-found.md speaks of the versions that are installed, and of every claim that is measured."""

from importlib.metadata import version
from pathlib import Path

import pytest

from simulations.auditing.others.engine_claims import ENGINE_CLAIMS
from simulations.auditing.others.local_claims import LOCAL_CLAIMS, reach_of_the_formula
from simulations.auditing.others.noise_claims import FLOWER_CLAIMS, OWN_CLAIMS

PAGE = (Path(__file__).parents[2] / "docs" / "what-we-found.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", ["flwr", "opacus"])
def test_it_was_measured_with_what_is_installed(package: str) -> None:
    assert f"{package} {version(package)}" in PAGE, "run `python -m simulations.auditing.others` and mend the page"


def test_every_claim_has_its_row() -> None:
    for claim in (*FLOWER_CLAIMS, *OWN_CLAIMS):
        assert f"| {claim.question} | {claim.mechanism} | {claim.situation} | z = {claim.noise_multiplier:g} |" in PAGE
    for local in LOCAL_CLAIMS:
        assert f"epsilon {local.exact_epsilon(answers=1):.2f}; delta {local.exact_delta:.1e}" in PAGE
    assert reach_of_the_formula().exact in PAGE
    for engine in ENGINE_CLAIMS:
        assert f"{engine.training.examples:,} examples, batches of 32, {engine.rounds} rounds" in PAGE
