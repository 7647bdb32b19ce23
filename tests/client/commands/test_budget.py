import json
import time

from client.ledger.ledger import open_ledger
from client.profile import open_profile
from shared_model.books.entries import Debit, Joined
from shared_model.privacy.spent import Relation, Trust
from tests.client.prepared import typed


def debit(folder, rounds):
    with (
        open_profile(folder) as profile,
        open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger,
    ):
        ledger.append(Joined(log_key_sha256="00" * 32))
        for number in range(rounds):
            ledger.debit(
                Debit(
                    run="run-1",
                    round=number + 1,
                    intent_sha256="00" * 32,
                    log_index=2 * number,
                    noise_multiplier=4.0,
                    relation=Relation.ZERO_OUT,
                    trust=Trust.CENTRAL,
                    month=time.strftime("%Y-%m", time.gmtime()),
                )
            )


def test_a_new_profile_has_spent_nothing(folder):
    ran = typed("budget", "--dir", folder)
    assert (ran.code, ran.err) == (0, "")
    month = time.strftime("%Y-%m", time.gmtime())
    assert ran.out.splitlines()[1:] == [
        "Left: epsilon 20.00 of 20.00 for life",
        f"This month ({month}): epsilon 0.00 of 8.00",
        "Rounds: 0 of at most 500",
    ]


def test_line_3_an_epsilon_never_travels_alone(folder):
    debit(folder, 3)
    said = typed("budget", "--dir", folder).out.splitlines()[0]
    for part in ("epsilon", "delta", "1e-06", "device", "zero-out"):
        assert part in said
    found = json.loads(typed("budget", "--json", "--dir", folder).out)
    assert found["epsilon_spent"] + found["epsilon_left"] == found["epsilon_cap"] == 20.0
    assert found["epsilon_month"] == found["epsilon_spent"] > 0
    assert (found["joined"], found["participations"], found["fault"]) == (True, 3, None)
    assert found["month"] == time.strftime("%Y-%m", time.gmtime())


def test_line_32_a_fault_is_said_and_is_no_crash(folder, headless):
    next(headless.rglob("*.json")).unlink()
    ran = typed("budget", "--dir", folder)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Spent: all of it. ledger: its mirror is missing")
    found = json.loads(typed("budget", "--json", "--dir", folder).out)
    assert (found["epsilon_spent"], found["epsilon_left"], found["delta"]) == ("infinite", 0.0, None)


def test_looking_changes_nothing(folder, headless):
    debit(folder, 1)
    files = [path for root in (folder, headless) for path in root.rglob("*.json*")]
    before = [path.read_bytes() for path in files]
    typed("budget", "--dir", folder)
    assert [path.read_bytes() for path in files] == before
