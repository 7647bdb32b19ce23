"""A signer who lies, but contradicts no hash: release, result and seal fit each other, and the log tells otherwise."""

import json
from dataclasses import replace

import pytest
import torch

from shared_model.auditing.verify_run import verify_run
from shared_model.books.round_log import Outcome
from shared_model.books.seal import SEAL, file_sha256, sealed_files
from shared_model.manifest import Manifest
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spending import device_spent, population_spent
from shared_model.release import model_hash, write_release

TENSORS = {"gate": torch.arange(6.0)}
PLAN = PrivacyPlan(
    population=1000, cohort=20, rounds=12, clip_norm=0.5, noise_multiplier=1.25, delta=1e-5, max_participations=3
)


@pytest.fixture
def run_folder(tmp_path, true_leaves, write_log, signer):
    """Writes a run that says `rounds` rounds of `plan`; its log tells of 12 rounds of `PLAN`."""

    def write(plan, *, rounds):
        model = model_hash(TENSORS)
        leaves = [
            leaf if isinstance(leaf, Outcome) else replace(leaf, minimum_cohort=0, releases=12) for leaf in true_leaves
        ]
        leaves[-1] = replace(leaves[-1], model_sha256=model)
        write_log(leaves)
        population, device = population_spent(plan, rounds=rounds), device_spent(plan, participations=3)
        manifest = Manifest(
            catalogue="invented",
            head={},
            plan=plan,
            rounds=rounds,
            spent=(population.pld, population.rdp, device),
            noise="reproducible",
            simulated=True,
        )
        write_release(tmp_path / "release.safetensors", TENSORS, manifest=manifest, private_key=signer.private_key)
        result = {
            "model_sha256": model,
            "epsilon_pld": population.pld.epsilon,
            "epsilon_rdp": population.rdp.epsilon,
            "epsilon_device": device.epsilon,
            "curve": [],
            "privacy": {
                "most_participations": 3,
                "unit": "device",
                "relation": "add-or-remove-one",
                "trust": "central",
                "mechanism": "gaussian",
                "noise_multiplier": plan.noise_multiplier,
                "sample_rate": plan.sample_rate,
                "planned_cohort": plan.cohort,
                "max_participations": 3,
            },
        }
        (tmp_path / "result.json").write_text(json.dumps(result))
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        hashes = {path.relative_to(tmp_path).as_posix(): file_sha256(path) for path in files}
        (tmp_path / SEAL).write_bytes(sealed_files(hashes, signer))
        return tmp_path

    return write


def test_a_run_that_says_what_its_log_says_is_verified(run_folder, signer):
    found = verify_run(run_folder(PLAN, rounds=12), key=signer.verifier)
    assert found.verdict == "signed by the given key"


def test_line_1_a_release_that_counts_fewer_rounds_than_were_logged_is_found(run_folder, signer):
    found = verify_run(run_folder(PLAN, rounds=6), key=signer.verifier)
    assert found.first_broken.what == "the log ends in this release, after its 6 rounds"


@pytest.mark.parametrize("change", [{"noise_multiplier": 2.0}, {"population": 2000}, {"delta": 1e-4}])
def test_line_2_a_release_with_another_plan_than_was_logged_is_found(change, run_folder, signer):
    found = verify_run(run_folder(replace(PLAN, **change), rounds=12), key=signer.verifier)
    assert found.first_broken.what == "the plan in the log is the release's"
