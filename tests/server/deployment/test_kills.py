"""A coordinator that ends at any moment: in a process, with the round, the books and the noise of a deployment."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from server import checkpoint
from server.checkpoint import path
from shared_model.auditing.verify import verify_round_log
from shared_model.books.round_log import LEAVES, Intent, Outcome, Result
from tests.server.deployment.federation import Federation, plan

pytestmark = pytest.mark.integration
SCRIPT = Path(__file__).with_name("killed_rounds.py")


@pytest.mark.parametrize("how", ["killed", "full"])
def test_whenever_it_ends_no_round_counts_twice_no_noise_is_missing_and_the_books_agree(
    tmp_path: Path, how: str
) -> None:
    changes = {"population": 2, "cohort": 2, "minimum_cohort": 1, "rounds": 99, "max_participations": 99}
    privacy = plan(**changes, noise_multiplier=9.0)
    federation = Federation.begin(tmp_path / "s", privacy, start=False)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(federation.training), how],
        env=os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = int(done.stdout)
    assert ends >= {"killed": 20, "full": 12}[how]

    found = verify_round_log(federation.root / "log", key=federation.deployment.signer().verifier)
    assert found.ok, found.findings
    whole = (federation.root / "log" / LEAVES).read_bytes()
    for number in range(ends + 1):  # what was logged is never taken back
        then = federation.training / f"leaves-{number}"
        if then.exists():
            assert whole.startswith(b"".join(line for line in then.read_bytes().splitlines(True) if line[-1:] == b"\n"))

    announced = [leaf.round for leaf in federation.leaves() if isinstance(leaf, Intent)]
    results = {leaf.round: leaf.result for leaf in federation.leaves() if isinstance(leaf, Outcome)}
    assert announced == list(range(1, len(announced) + 1)) == list(results)
    asked = Counter(map(int, (federation.training / "asked").read_text().split()))
    assert set(asked.values()) == {1}
    assert set(asked) <= set(announced)
    assert {number for number, result in results.items() if result is Result.RELEASED} <= set(asked)
    assert set(results.values()) == {Result.RELEASED, Result.ABORTED}

    rounds = federation.training / "rounds"
    deviation = privacy.noise_multiplier * privacy.clip_norm / privacy.cohort
    for number, result in results.items():
        before, after = checkpoint.load(path(rounds, number - 1)), checkpoint.load(path(rounds, number))
        moved = float((after.vector.double() - before.vector.double()).norm()) / len(after.vector) ** 0.5
        assert (after.records[-1].noise_norm is None) == (result is Result.ABORTED)
        assert moved == 0 if result is Result.ABORTED else 0.8 * deviation < moved < 1.25 * deviation
