"""What docs/what-we-found.md says still holds in the versions that are pinned, and our own rounds do better.

A test that fails after an upgrade is good news: mend the page.
"""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from flwr.supercore.task_identity import TaskIdentity

from simulations.auditing.others import noise_claims
from simulations.auditing.others.clip_norm_rule import clip_norm_findings
from simulations.auditing.others.edge_cases import edge_case_findings
from simulations.auditing.others.engine_claims import ENGINE_CLAIMS
from simulations.auditing.others.finding import Finding
from simulations.auditing.others.fixed_clipping import FlowerFixedClipping
from simulations.auditing.others.local_claims import DELTA, LOCAL_CLAIMS, LocalClaim, largest_epsilon
from simulations.auditing.others.noise_claims import FLOWER_CLAIMS, OWN_CLAIMS, NoiseClaim

MEND = "mend docs/what-we-found.md: the pinned version does better than it says"


def flower(situation: str) -> NoiseClaim:
    return [claim for claim in FLOWER_CLAIMS if claim.situation == situation][-1]


@pytest.fixture(scope="module")
def edges() -> dict[tuple[str, str], Finding]:
    return {(finding.mechanism, finding.situation): finding for finding in edge_case_findings()}


def deviation_times_answers(claim: NoiseClaim) -> float:
    """Standard deviation of the sum's numbers, in C."""
    updates = torch.full((noise_claims.DEVICES, noise_claims.SIZE), 1e-3)
    counts = np.ones(noise_claims.DEVICES, np.int64)
    return float(claim.audited.release(updates, counts, trials=200).std(0).mean())


@pytest.mark.slow
@pytest.mark.parametrize("claim", [each for each in FLOWER_CLAIMS if each.situation == noise_claims.EQUAL])
def test_fixed_clipping_keeps_its_claim_when_all_answer_with_equal_examples(claim: NoiseClaim) -> None:
    verdict = claim.audit(trials=1500, seed=0)
    assert verdict.passes
    assert deviation_times_answers(claim) == pytest.approx(claim.noise_multiplier, rel=0.1)


@pytest.mark.slow
def test_a_claimed_count_takes_most_of_the_noise() -> None:
    claim = flower(noise_claims.CLAIMS)
    verdict = claim.audit(trials=1500, seed=0)
    assert not verdict.passes, MEND
    assert verdict.noise_multiplier_upper < 1, MEND
    assert claim.expected == pytest.approx(0.5, abs=1e-3)


@pytest.mark.slow
def test_half_of_the_answers_have_half_of_the_noise() -> None:
    claim = flower(noise_claims.HALF)
    assert not claim.audit(trials=2000, seed=0).passes, MEND
    assert claim.expected is not None
    assert deviation_times_answers(claim) == pytest.approx(claim.expected, rel=0.1), MEND


@pytest.mark.slow
def test_adaptive_noise_is_scaled_to_the_clip_norm_of_the_next_round() -> None:
    claim = flower(noise_claims.LONGER)
    updates = torch.full((noise_claims.DEVICES, noise_claims.SIZE), 1e3)
    released = claim.audited.release(updates, np.ones(noise_claims.DEVICES, np.int64), trials=500)
    assert claim.expected is not None
    assert released.std(0).mean() == pytest.approx(claim.expected, rel=0.05), MEND
    assert claim.expected < 0.95 * claim.noise_multiplier


def test_a_number_that_is_missing_lets_the_rest_of_an_update_through() -> None:
    assert not flower(noise_claims.MISSING).audit(trials=200, seed=0).passes, MEND


@pytest.mark.slow
def test_the_adaptive_clip_norm_runs_away_from_the_median_and_ours_goes_there() -> None:
    theirs_below, theirs_above, ours_below, ours_above = clip_norm_findings()
    assert not theirs_below.good, MEND
    assert not theirs_above.good, MEND
    assert float(theirs_below.found.split()[-1]) < 1e-3, MEND
    assert float(theirs_above.found.split()[-1]) > 1e3, MEND
    assert ours_below.good
    assert ours_above.good


@pytest.mark.parametrize(
    "mechanism",
    ["Flower, fixed, by the server", "Flower, fixed, by devices", "Flower, adaptive", "Flower, LocalDpMod"],
)
def test_a_zero_update_ends_the_round(mechanism: str, edges: dict[tuple[str, str], Finding]) -> None:
    assert edges[mechanism, "one update is zero"].found.startswith("ZeroDivisionError"), MEND


@pytest.mark.parametrize("mechanism", ["Flower, fixed, by the server", "Flower, fixed, by devices", "Flower, adaptive"])
def test_an_update_with_nan_is_not_clipped(mechanism: str, edges: dict[tuple[str, str], Finding]) -> None:
    assert not edges[mechanism, "1,000 C long, one NaN"].good, MEND


@pytest.mark.parametrize("situation", ["one claims 10,000 examples", "8 of 16 planned answer"])
def test_with_its_accountant_flower_refuses_what_the_noise_is_not_scaled_for(
    situation: str, edges: dict[tuple[str, str], Finding]
) -> None:
    assert edges["Flower, fixed, with its accountant", situation].good


@pytest.mark.parametrize("mechanism", ["Flower, fixed, by the server", "Flower, LocalDpMod"])
def test_seeding_numpy_makes_the_noise_known(mechanism: str, edges: dict[tuple[str, str], Finding]) -> None:
    assert not edges[mechanism, "common generators seeded"].good, MEND


@pytest.mark.slow
def test_every_finding_can_be_written_as_json() -> None:
    run = [sys.executable, "-m", "simulations.auditing.others", "--json", "--trials", "100"]
    said = json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    assert {finding["question"] for finding in said["findings"]} == set(range(1, 9))


def test_no_edge_case_is_amiss_with_our_own(edges: dict[tuple[str, str], Finding]) -> None:
    own = [finding for finding in edges.values() if finding.mechanism == "sottovoce"]
    assert len(own) == 3
    assert all(finding.good for finding in own)


@pytest.mark.parametrize("claim", OWN_CLAIMS, ids=[claim.situation for claim in OWN_CLAIMS])
def test_our_own_rounds_keep_their_claim_in_every_situation(claim: NoiseClaim) -> None:
    assert claim.audit(trials=1500, seed=0).passes
    if claim.situation in (noise_claims.CLAIMS, noise_claims.HALF):
        assert deviation_times_answers(claim) == pytest.approx(claim.noise_multiplier, rel=0.1)


@pytest.mark.parametrize("claim", LOCAL_CLAIMS, ids=lambda claim: f"{claim.sensitivity:g} C, {claim.epsilon:g}")
def test_the_local_formula_holds_with_the_true_sensitivity_and_not_with_the_clip_norm(claim: LocalClaim) -> None:
    assert (claim.exact_delta <= DELTA) == (claim.sensitivity == 2)


def test_the_local_formula_breaks_down_far_above_what_is_proved_of_it() -> None:
    assert largest_epsilon(DELTA) == pytest.approx(8.42, abs=0.01)


def test_the_local_noise_is_what_the_formula_says() -> None:
    claim = LOCAL_CLAIMS[0]
    released = claim.noise.release(torch.ones(1, 64), np.ones(1, np.int64), trials=200)
    assert released.std() == pytest.approx(2 / claim.noise.mu, rel=0.03), MEND


@pytest.mark.slow
def test_the_gate_refutes_the_local_claim_for_the_clip_norm() -> None:
    claim = next(claim for claim in LOCAL_CLAIMS if (claim.sensitivity, claim.epsilon) == (1, 8))
    assert not claim.audit(trials=1000, seed=0).passes, MEND


@pytest.mark.slow
def test_a_new_engine_prints_one_rounds_epsilon_for_ever() -> None:
    assert not ENGINE_CLAIMS[-1].finding().good, MEND


def test_the_process_is_left_as_it_was() -> None:
    before = TaskIdentity._task_id, TaskIdentity._run_id, TaskIdentity._node_id
    mechanism = FlowerFixedClipping(noise_multiplier=1.0, clip_norm=1.0, planned=2)
    released = mechanism.release(torch.ones(2, 4), np.ones(2, np.int64), trials=3)
    assert released.shape == (3, 4)
    assert np.isfinite(released).all()
    assert (TaskIdentity._task_id, TaskIdentity._run_id, TaskIdentity._node_id) == before


def test_nothing_of_ours_that_holds_nan_reaches_the_sum() -> None:
    (claim,) = (each for each in OWN_CLAIMS if each.situation == noise_claims.MISSING)
    assert claim.expected == math.inf
    assert claim.audit(trials=200, seed=0).noise_multiplier_upper == math.inf
