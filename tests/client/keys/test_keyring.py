"""The command line in a desktop session, with a keyring that really keeps the key and the ledger's mirror."""

import json
import shutil
import signal
import subprocess

import pytest

from tests.client.conftest import PASSPHRASE
from tests.client.keys.conftest import Session

pytestmark = pytest.mark.integration
KEPT = """
import sys
from pathlib import Path
from keyring import get_keyring
from client.files import KEYS
from client.keys.key_file import read_key_file

profile = read_key_file(Path(sys.argv[1]) / KEYS).profile
print(get_keyring().get_password("sottovoce", f"{profile}.{sys.argv[2]}"))
"""
DEBIT = """
import sys
from pathlib import Path
from client.ledger.ledger import open_ledger
from client.profile import open_profile
from shared_model.books.entries import Debit
from shared_model.privacy.spent import Relation, Trust

with open_profile(Path(sys.argv[1])) as profile:
    with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
        ledger.debit(
            Debit(
                run="run-1",
                round=int(sys.argv[2]),
                intent_sha256=None,
                log_index=None,
                noise_multiplier=4.0,
                relation=Relation.ZERO_OUT,
                trust=Trust.CENTRAL,
                month="2026-11",
            )
        )
"""


def done(ran: "subprocess.CompletedProcess[str]") -> str:
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.fixture
def begun(session: Session) -> Session:
    """With a profile whose key is in the keyring."""
    assert json.loads(done(session.run("init", "--json", SOTTOVOCE_PASSPHRASE=PASSPHRASE)))["in_keyring"] is True
    return session


def budget_of(session, **environment):
    return json.loads(done(session.run("budget", "--json", **environment)))


def test_line_30_the_keyring_opens_the_profile_and_so_does_the_passphrase_without_it(begun):
    assert len(done(begun.python(KEPT, str(begun.profile), "key")).strip()) == 64
    assert "Agreed" in done(begun.run("consent", "grant", "listening"))
    begun.stop_keyring()
    assert "Agreed" in done(begun.run("consent", "grant", "mood", SOTTOVOCE_PASSPHRASE=PASSPHRASE))
    begun.start_keyring()  # the next login
    in_force = json.loads(done(begun.run("consent", "list", "--json")))["in_force"]
    assert in_force == {"listening": True, "mood": True, "rounds": False, "lookup": False}


def test_line_30_a_lost_keyring_is_a_sentence_and_rotating_puts_a_key_into_the_new_one(begun):
    begun.lose_keyring()
    ran = begun.run("consent", "list")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "sottovoce-client: profile: it is locked, and the keyring does not have this profile's key; "
        "set SOTTOVOCE_PASSPHRASE to the recovery passphrase, or start in a terminal\n"
    )
    done(begun.run("consent", "grant", "listening", SOTTOVOCE_PASSPHRASE=PASSPHRASE))
    assert done(begun.python(KEPT, str(begun.profile), "key")) == "None\n"
    done(begun.run("key", "rotate", SOTTOVOCE_PASSPHRASE=PASSPHRASE))
    assert json.loads(done(begun.run("consent", "list", "--json")))["in_force"]["listening"] is True


def test_a_profile_of_a_time_without_a_keyring_gets_a_key_there_when_it_is_rotated(session):
    session.stop_keyring()
    made = session.run("init", "--json", SOTTOVOCE_PASSPHRASE=PASSPHRASE)
    assert json.loads(done(made))["in_keyring"] is False
    session.start_keyring()
    ran = session.run("consent", "list")
    assert ran.returncode == 2
    assert "it is locked, and it has no keyring; set SOTTOVOCE_PASSPHRASE" in ran.stderr
    said = session.run("doctor", "--json", SOTTOVOCE_PASSPHRASE=PASSPHRASE).stdout
    assert "`sottovoce-client key rotate` puts a key there" in said
    done(session.run("key", "rotate", SOTTOVOCE_PASSPHRASE=PASSPHRASE))
    assert "no " in done(session.run("consent", "list"))
    assert budget_of(session)["fault"] is None  # its mirror stays the file that it was


def test_a_keyring_that_nobody_unlocked_counts_as_none(session):
    session.stop_keyring()
    session.start_keyring(unlocked=False)
    made = session.run("init", "--json", SOTTOVOCE_PASSPHRASE=PASSPHRASE)
    assert json.loads(done(made))["in_keyring"] is False
    assert budget_of(session, SOTTOVOCE_PASSPHRASE=PASSPHRASE)["fault"] is None


def test_line_32_an_old_copy_of_the_whole_profile_is_noticed_by_the_mirror_in_the_keyring(begun):
    done(begun.python(DEBIT, str(begun.profile), "1"))
    shutil.copytree(begun.profile, begun.root / "old")
    done(begun.python(DEBIT, str(begun.profile), "2"))
    assert json.loads(done(begun.python(KEPT, str(begun.profile), "ledger")))["counter"] == 3
    assert not list((begun.root / "state").rglob("*.json"))
    assert (budget_of(begun)["participations"], budget_of(begun)["fault"]) == (2, None)
    shutil.rmtree(begun.profile)
    shutil.copytree(begun.root / "old", begun.profile)
    for environment in ({}, {"SOTTOVOCE_PASSPHRASE": PASSPHRASE}):
        found = budget_of(begun, **environment)
        assert "rolled back" in found["fault"]
        assert (found["epsilon_spent"], found["epsilon_left"]) == ("infinite", 0.0)
    refused = begun.python(DEBIT, str(begun.profile), "3")
    assert refused.returncode != 0
    assert "rolled back" in refused.stderr


@pytest.mark.parametrize("lost", ["lose_keyring", "stop_keyring"])
def test_line_32_without_the_mirror_everything_counts_as_spent(begun, lost):
    getattr(begun, lost)()
    found = budget_of(begun, SOTTOVOCE_PASSPHRASE=PASSPHRASE)
    assert "its mirror is missing; the budget counts as spent" in found["fault"]
    assert found["epsilon_left"] == 0.0
    assert not list((begun.root / "state").rglob("*.json"))  # and looking did not begin a new one


def test_line_31_erasing_all_leaves_nothing_in_the_keyring(begun):
    content = (begun.profile / "keys.json").read_bytes()
    done(begun.run("erase", "--all", "--yes"))
    begun.profile.mkdir()
    (begun.profile / "keys.json").write_bytes(content)  # only to know the profile's id again
    for name in ("key", "ledger"):
        assert done(begun.python(KEPT, str(begun.profile), name)) == "None\n"


def test_what_is_in_the_keyring_but_no_key_is_asked_for_as_a_lost_one(begun):
    spoilt = KEPT.replace("print(get_keyring().get_password(", "get_keyring().set_password(").replace(
        '{sys.argv[2]}"))', '{sys.argv[2]}", "zz" * 32)'
    )
    done(begun.python(spoilt, str(begun.profile), "key"))
    ran = begun.run("consent", "list")
    assert ran.returncode == 2
    assert "set SOTTOVOCE_PASSPHRASE" in ran.stderr
    assert "Traceback" not in ran.stderr


KILLED = """
import os, signal, sys
from pathlib import Path
from client.data import erase

erase.KeyringSecrets.forget = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
erase.erase_everything(Path(sys.argv[1]))
"""


def test_line_31_an_erasure_killed_before_the_keyring_forgot_is_ended_by_doing_it_again(begun):
    content = (begun.profile / "keys.json").read_bytes()
    assert begun.python(KILLED, str(begun.profile)).returncode == -signal.SIGKILL
    assert begun.run("budget").returncode == 2
    assert begun.run("budget", SOTTOVOCE_PASSPHRASE=PASSPHRASE).returncode == 2
    done(begun.run("erase", "--all", "--yes"))
    begun.profile.mkdir()
    (begun.profile / "keys.json").write_bytes(content)
    for name in ("key", "ledger"):
        assert done(begun.python(KEPT, str(begun.profile), name)) == "None\n"


FAILED = """
import sys
from pathlib import Path
from keyring import get_keyring
from client import beginning
from shared_model.books.entries import Opened

beginning.secrets.token_hex = lambda _: "00" * 8
beginning.create_ledger = lambda *_, **__: sys.exit(7)
opened = Opened(device_cap=20.0, delta=1e-6, max_participations=500)
try:
    beginning.begin_profile(Path(sys.argv[1]), passphrase="forelle linde mond vogel", budget=opened)
finally:
    print(get_keyring().get_password("sottovoce", f"{'00' * 8}.key"))
"""


def test_a_beginning_that_fails_leaves_no_key_in_the_keyring(session):
    ran = session.python(FAILED, str(session.profile))
    assert (ran.returncode, ran.stdout) == (7, "None\n")
    assert not list(session.root.glob("*profile*"))
