"""Where a profile's ledger is mirrored. The keyring's part is in tests/client/keys/test_keyring.py, with a real one."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from client.beginning import begin_profile
from client.files import LEDGER
from client.ledger.budget import read_budget
from client.ledger.ledger import open_ledger
from client.ledger.mirror import FileMirror
from client.ledger.place import forget_mirror, mirror_file, mirror_for
from client.profile import open_profile
from shared_model.books.entries import Joined, Opened
from shared_model.errors import Refused
from tests.client.conftest import PASSPHRASE

# what is done at a debit's only syncs: of the row, of the mirror's new file, of its folder
KILLED = """
import os, signal, sys
from pathlib import Path
from client.ledger.ledger import open_ledger
from client.profile import open_profile
from shared_model.books.entries import Debit
from shared_model.privacy.spent import Relation, Trust

synced, left = os.fsync, int(sys.argv[2])
def killed(descriptor):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    synced(descriptor)
with open_profile(Path(sys.argv[1])) as profile:
    with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
        os.fsync = killed
        ledger.debit(
            Debit(
                run="run-1", round=1, intent_sha256=None, log_index=None, noise_multiplier=4.0,
                relation=Relation.ZERO_OUT, trust=Trust.CENTRAL, month="2026-11",
            )
        )
"""


def budget_of(folder):
    with open_profile(folder) as profile:
        return read_budget(profile.ledger, key=profile.ledger_key, mirror=profile.mirror, month="2026-11")


def test_without_a_keyring_it_is_a_file_of_the_owners_alone_outside_the_profile(folder, headless):
    with open_profile(folder) as profile:
        assert profile.mirror == FileMirror(mirror_file(profile.id))
        path = mirror_file(profile.id)
    assert path.is_relative_to(headless / "state")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not [each for each in folder.rglob("*") if path.stem in each.name]


def test_line_32_an_old_copy_of_the_whole_profile_is_noticed_and_all_counts_as_spent(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "old")
    with (
        open_profile(folder) as profile,
        open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger,
    ):
        ledger.append(Joined(log_key_sha256="00" * 32))
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "old", folder)
    found = budget_of(folder)
    assert "rolled back" in found.fault
    assert found.epsilon_left == 0


def test_a_mirror_that_was_forgotten_is_not_begun_anew_by_looking(folder, headless):
    with open_profile(folder) as profile:
        forget_mirror(profile.id)
        forget_mirror(profile.id)
    for _ in range(2):
        assert "its mirror is missing" in budget_of(folder).fault
    assert not list(headless.rglob("*.json"))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"counter":0,"head":""}', b"[" * 5000])
def test_line_32_a_damaged_mirror_is_no_mirror(folder, content):
    with open_profile(folder) as profile:
        mirror_file(profile.id).write_bytes(content)
    assert "its mirror is damaged; the budget counts as spent" in budget_of(folder).fault


def test_two_profiles_have_two_mirrors(folder, tmp_path):
    budget = Opened(device_cap=20.0, delta=1e-6, max_participations=500, monthly_cap=8.0)
    second = begin_profile(tmp_path / "second", passphrase=PASSPHRASE, budget=budget)
    with open_profile(folder) as profile:
        assert mirror_for(profile.id) != mirror_for(second.profile)
        with (
            pytest.raises(Refused, match=r"rolled back|replaced|forged"),
            open_ledger(profile.ledger, key=profile.ledger_key, mirror=mirror_for(second.profile)),
        ):
            pass


def test_a_keyring_that_keeps_nothing_is_not_taken(headless, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    assert isinstance(mirror_for("00" * 8), FileMirror)


@pytest.mark.integration
@pytest.mark.parametrize("synced", [0, 1, 2])
def test_line_1_a_debit_that_was_killed_at_any_sync_counts_and_the_budget_can_be_read(folder, synced):
    child = subprocess.run([sys.executable, "-c", KILLED, folder, str(synced)], cwd=Path(__file__).parents[3])
    assert child.returncode == -signal.SIGKILL
    for _ in range(2):
        found = budget_of(folder)
        assert (found.fault, found.participations) == (None, 1)
        assert found.spent.epsilon > 0


def test_line_1_a_row_that_was_torn_by_the_kill_was_never_promised(folder):
    with (folder / LEDGER).open("ab") as file:
        file.write(b'{"entry":{"kind":"debit","run":"run-1"')
        file.flush()
        os.fsync(file.fileno())
    found = budget_of(folder)
    assert (found.fault, found.participations) == (None, 0)
