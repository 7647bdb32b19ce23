"""A device that ends at any moment of a round: real processes, a real profile, and a log with its proofs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from client.ledger.ledger import open_ledger
from client.profile import open_profile
from shared_model.books.entries import Debit
from shared_model.books.round_log import Intent
from tests.server.deployment.federation import Federation, joined_profile, plan

pytestmark = pytest.mark.integration
SCRIPT = Path(__file__).with_name("killed_device.py")


@pytest.mark.parametrize("how", ["killed", "full"])
def test_whenever_it_ends_what_it_trained_in_is_debited_once_and_it_takes_part_in_the_next(
    headless: Path, tmp_path: Path, how: str
) -> None:
    root = tmp_path / "s"
    federation = Federation.begin(root, plan(rounds=99, max_participations=99, noise_multiplier=9.0), start=False)
    joined_profile(root / "profile", federation.deployment.signer().verifier, rounds=True)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(root), how],
        env=os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = int(done.stdout)
    assert ends >= 5

    with (
        open_profile(root / "profile") as profile,
        open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger,
    ):
        debited = [entry.round for entry in ledger.entries if isinstance(entry, Debit)]
    announced = [leaf.round for leaf in federation.leaves() if isinstance(leaf, Intent)]
    trained, answered = (list(map(int, (root / name).read_text().split())) for name in ("trained", "answered"))
    assert debited == sorted(set(debited))
    assert set(answered) <= set(trained) <= set(debited) <= set(announced)
    assert answered[-2:] == announced[-2:]  # as if nothing had ever been
    assert len(debited) < len(announced)  # some ended before it
    assert len(answered) < len(debited) or how == "full"  # and some after
