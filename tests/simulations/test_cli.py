"""The command line as people use it: real processes, the shipped `quick` scenario."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared_model.release import read_release

pytestmark = pytest.mark.integration

COMMAND = [str(Path(sys.executable).with_name("sottovoce-simulate"))]
QUALITY = ("hr_at_10", "hr_at_20", "ndcg_at_10", "mrr_at_20", "new_hr_at_10")


def simulate(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, cwd=cwd, check=False, timeout=300)


def last_line(finished: subprocess.CompletedProcess[str]) -> dict:
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


def without_cost(result: dict) -> dict:
    return {key: value for key, value in result.items() if key != "cost"}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "quick"
    return folder, last_line(simulate("run", "quick", "--out", str(folder), "--json"))


def test_the_last_line_has_quality_baselines_ceilings_and_epsilon_with_its_terms(quick):
    _, result = quick
    for name in QUALITY:
        assert 0 <= result[f"{name}_low"] <= result[name] <= result[f"{name}_high"] <= 1
    for column in ("baselines", "ceilings"):
        assert set(result[column]) == {"popularity", "personal_popularity", "bigram", "item_knn", "blend"}
    assert set(result["models"]) == {"release_0", "local_only", "federated", "federated_private"}
    assert result["simulated"] is True
    assert 0 < result["epsilon_pld"] <= 8.0
    assert result["epsilon_pld"] < result["epsilon_rdp"]
    assert result["epsilon_device"] > 0
    assert 0 < result["delta"] < 1 / result["dataset"]["private_listeners"]
    assert result["privacy"]["unit"] == "device"
    assert result["rounds"] == 4


def test_result_json_is_the_last_line(quick):
    folder, result = quick
    written = json.loads((folder / "result.json").read_bytes())
    assert {key: result[key] for key in written} == written


def test_others_can_recount_the_metrics_from_predictions(quick):
    folder, result = quick
    arrays = np.load(folder / "predictions.npz", allow_pickle=False)
    hits = (arrays["top20"][:, :10] == arrays["target"][:, None]).any(1)
    assert hits.mean() == pytest.approx(result["hr_at_10"], abs=2e-3)  # a tie counts half, or is in or out of a list
    assert (arrays["rank"] <= 10).mean() == pytest.approx(result["hr_at_10"])
    assert len(set(arrays["listener"])) == result["dataset"]["private_listeners"]


def test_the_release_is_signed_and_can_never_be_promoted(quick):
    folder, result = quick
    key = load_pem_public_key((folder / "release.pub").read_bytes())
    release = read_release(folder / "release.safetensors", key=key)
    assert release.signer_known
    assert release.model_sha256 == result["model_sha256"]
    assert release.manifest.noise == "reproducible"
    assert not release.may_be_promoted


def test_the_page_needs_no_network_and_ends_with_the_disclosure(quick):
    folder, _ = quick
    page = (folder / "report.html").read_text()
    assert "http://" not in page
    assert "https://" not in page
    assert page.rindex("Unit: the device") > page.index('id="cost"')
    assert list((folder / "scalars").iterdir())


def test_a_run_that_was_interrupted_and_killed_goes_on_to_the_same_result(quick, tmp_path):
    _, uninterrupted = quick
    folder = tmp_path / "run"
    arguments = ["run", "quick", "--out", str(folder), "--json"]
    interrupted, said = stopped_when((folder / "scenario.json").exists, signal.SIGINT, arguments)
    assert interrupted == 130
    assert "--resume" in said.splitlines()[-1]
    killed, _ = stopped_when(
        (folder / "federated" / "round-00001.safetensors").exists, signal.SIGKILL, [*arguments, "--resume"]
    )
    assert killed == -signal.SIGKILL
    assert not (folder / "result.json").exists()
    assert without_cost(last_line(simulate(*arguments, "--resume"))) == without_cost(uninterrupted)
    assert without_cost(last_line(simulate(*arguments, "--resume"))) == without_cost(uninterrupted)


def stopped_when(happened, with_signal: int, arguments: list[str]) -> tuple[int, str]:
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not happened():
        assert process.poll() is None, "ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, with_signal)
    said = process.communicate(timeout=60)[1]
    return process.returncode, said


def test_a_finished_run_can_be_printed_again(quick):
    folder, result = quick
    (folder / "report.html").unlink()
    assert last_line(simulate("report", str(folder), "--json")) == result
    assert (folder / "report.html").exists()
    assert "SIMULATED" in simulate("report", str(folder)).stdout


def test_a_folder_without_a_result_cannot_be_printed(tmp_path):
    finished = simulate("report", str(tmp_path))
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1


def test_privacy_off_is_printed_as_infinite(tmp_path):
    folder = tmp_path / "off"
    settings = ["--set", "privacy.mechanism=off", "--set", "privacy.epsilon="]
    result = last_line(simulate("run", "quick", "--out", str(folder), "--json", *settings))
    assert result["epsilon_pld"] is None
    assert result["epsilon_reason"]
    assert "infinite" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "quick", "--set", "cohort=999999"], "cohort"),
        (["run", "quick", "--set", "rounds=0"], "rounds"),
        (["run", "quick", "--set", "privacy.delta=0.5"], "delta"),
        (["run", "quick", "--set", "privacy.noise_multiplier=-1", "--set", "rounds="], "noise_multiplier"),
        (["run", "quick", "--set", "dataset.name=spotify"], "dataset.name"),
        (["run", "quick", "--set", "nothing.like=this"], "nothing"),
        (["run", "quick", "--resume", "--data", "nowhere"], "nowhere"),
        (["run", "nobody"], "nobody"),
        (["run", "quick", "--engine", "spaceship"], "spaceship"),
        (["run", "quick", "--no-such-option"], "--no-such-option"),
        (["run", "quick", "--set", "seed=9223372036854775808000"], "seed"),
        (["run", "lastfm"], "--data"),
        (["run", "lastfm", "--data", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_sentence_exit_code_2_and_nothing_written(arguments, said, tmp_path):
    finished = simulate(*arguments, "--out", "run", cwd=tmp_path)
    assert finished.returncode == 2
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_of_vectors_is_a_sentence(tmp_path):
    embedded = Path(__file__).parents[2] / "simulations" / "datasets" / "embedded" / "lieder"
    built = tmp_path / "built"
    built.mkdir()
    (built / "songs.json").write_bytes((embedded / "songs.json").read_bytes())
    (built / "vectors.safetensors").write_bytes((embedded / "vectors.safetensors").read_bytes()[:5000])
    finished = simulate("run", "quick", "--data", str(built), "--out", str(tmp_path / "run"))
    assert finished.returncode == 2
    assert "vectors.safetensors" in finished.stderr
    assert not (tmp_path / "run").exists()


def test_the_data_sets_are_listed_with_whether_their_listeners_are_simulated():
    listed = {row["name"]: row["simulated"] for row in last_line(simulate("datasets", "list", "--json"))}
    real = ("listening", "lastfm-1k", "lastfm-1k-features", "music4all-onion")
    assert listed == {"lieder": True} | dict.fromkeys(real, False)


def test_a_release_0_is_trained_and_written_as_it_ships(tmp_path):
    out = tmp_path / "starter.safetensors"
    small = ("--set", "simulated_listeners.public=10", "--set", "pretraining.epochs=1")
    about = last_line(simulate("release-0", "quick", *small, "--out", str(out), "--json"))
    assert about["simulated"] is True
    assert about["size_bytes"] == out.stat().st_size
    assert about["tracks"] == 1341
    told = simulate("release-0", "quick", *small, "--out", str(out))
    assert "SIMULATED public listeners" in told.stdout
    assert about["sha256"] in told.stdout  # the same training gives the same file
    refused = simulate("release-0", "quick", *small, "--out", str(tmp_path / "none" / "r"))
    assert refused.returncode == 2
    assert "choose another folder" in refused.stderr
