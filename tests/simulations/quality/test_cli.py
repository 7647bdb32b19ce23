"""Quality jobs as people run them: real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

COMMAND = [str(Path(sys.executable).with_name("sottovoce-simulate"))]
SMALL = [
    *("--set", "simulated_listeners.public=40", "--set", "simulated_listeners.private=30", "--set", "seeds=[0, 1]"),
    *("--set", "pretraining.epochs=1", "--set", "pretraining.max_examples=20", "--set", "evaluation.resamples=20"),
]


def simulate(*arguments, cwd=None):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, cwd=cwd, check=False, timeout=300)


def last_line(finished):
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def lieder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "lieder"
    return folder, last_line(simulate("run", "lieder-quality", *SMALL, "--out", str(folder), "--json"))


def test_the_last_line_has_the_headline_and_the_blend_with_intervals(lieder):
    folder, result = lieder
    for row in (result, result["ceilings"]["blend"], result["baselines"]["blend"]):
        for name in ("hr_at_10", "mrr_at_20", "new_hr_at_10"):
            assert 0 <= row[f"{name}_low"] <= row[name] <= row[f"{name}_high"] <= 1
    assert result["kind"] == "quality"
    assert result["simulated"]
    assert {row["division"] for row in result["groups"]} == {"popularity", "listening", "novelty", "language"}
    assert set(result["shares"]) >= {"lyrics", "audio", "own_counts"}
    written = json.loads((folder / "result.json").read_bytes())
    assert {key: result[key] for key in written} == written
    assert any("SIMULATED" in item for item in result["disclosure"])


def test_a_finished_job_can_be_printed_again(lieder):
    folder, result = lieder
    page = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    assert last_line(simulate("report", str(folder), "--json")) == result
    assert (folder / "report.html").read_bytes() == page
    assert "SIMULATED" in simulate("report", str(folder)).stdout


def test_a_killed_job_goes_on_to_the_same_result(lieder, tmp_path):
    _, uninterrupted = lieder
    folder = tmp_path / "run"
    arguments = ["run", "lieder-quality", *SMALL, "--out", str(folder), "--json"]
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (folder / "head-seed-0.safetensors").exists():
        assert process.poll() is None, "ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    assert not (folder / "result.json").exists()
    again = last_line(simulate(*arguments, "--resume"))
    assert {**again, "cost": None} == {**uninterrupted, "cost": None}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "lastfm-central"], "--data"),
        (["run", "lastfm-central", "--data", "nowhere"], "nowhere"),
        (["run", "lieder-quality", "--engine", "flower"], "a scenario of kind quality has no rounds"),
        (["run", "lieder-quality", "--set", "seeds=[]"], "seeds"),
        (["run", "lieder-quality", "--set", "cohort=3"], "cohort"),
        (["run", "lastfm", "--set", "dataset.public_share=1.0", "--data", "log"], "nobody private"),
    ],
)
def test_bad_input_is_one_sentence_exit_code_2_and_nothing_written(arguments, said, tmp_path):
    log = tmp_path / "log"
    log.mkdir()
    plays = " ".join(str(place % 6) for place in range(40))
    (log / "sequences.tsv").write_text("listener\ttracks\n" + "".join(f"l{row}\t{plays}\n" for row in range(3)))
    (log / "tracks.tsv").write_text("track\tartist\talbum\n" + "".join(f"{track}\t-1\t-1\n" for track in range(6)))
    finished = simulate(*arguments, "--out", "run", cwd=tmp_path)
    assert finished.returncode == 2
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()
