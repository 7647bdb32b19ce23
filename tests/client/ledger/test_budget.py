"""What is spent and left, in the numbers that the listener sees."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.ledger.budget import read_budget
from client.ledger.ledger import Busy, create_ledger, open_ledger
from client.ledger.mirror import FileMirror
from shared_model.books.entries import Debit, Joined, Opened
from shared_model.errors import Refused
from shared_model.privacy.gaussian import gaussian_epsilon
from shared_model.privacy.spent import Relation, Trust

KEYS = {
    "epsilon_spent", "epsilon_left", "epsilon_cap", "delta", "unit", "relation", "adversary", "mechanism", "month",
    "epsilon_month", "monthly_cap", "participations", "max_participations", "joined", "counted_by", "fault",
}  # fmt: skip
OPENED = Opened(device_cap=20.0, delta=1e-6, max_participations=500, monthly_cap=8.0)
DEBIT = Debit(
    run="run-1",
    round=1,
    intent_sha256=None,
    log_index=None,
    noise_multiplier=4.0,
    relation=Relation.ZERO_OUT,
    trust=Trust.CENTRAL,
    month="2026-11",
)


@pytest.fixture
def device(tmp_path):
    return begin(tmp_path, OPENED)


def begin(folder, opened):
    made = {"path": folder / "ledger.jsonl", "key": bytes(range(32)), "mirror": FileMirror(folder / "mirror")}
    for path in (made["path"], made["mirror"].path):
        path.unlink(missing_ok=True)
    create_ledger(opened=opened, **made)
    return made


def debit(device, *debits):
    with open_ledger(**device) as ledger:
        for each in debits:
            ledger.debit(each)


def budget(device, month="2026-11"):
    """As `budget --json` prints it."""
    path, key, mirror = device["path"], device["key"], device["mirror"]
    return json.loads(json.dumps(read_budget(path, key=key, mirror=mirror, month=month).as_json(), allow_nan=False))


def test_a_new_ledger_has_spent_nothing(device):
    found = budget(device)
    assert found.keys() == KEYS
    assert (found["epsilon_spent"], found["epsilon_left"], found["epsilon_month"]) == (0.0, 20.0, 0.0)
    assert (found["participations"], found["joined"], found["fault"]) == (0, False, None)
    assert (found["mechanism"], found["counted_by"]) == ("none", "this device")


def test_line_7_debits_are_counted_by_the_gaussians_exact_composition(device):
    debit(device, *(replace(DEBIT, round=number) for number in (1, 2, 5)))
    found = budget(device)
    exact = gaussian_epsilon(1e-6, mu=math.sqrt(3) / 4)
    assert found["epsilon_spent"] == pytest.approx(exact, rel=1e-12)
    assert found["epsilon_spent"] + found["epsilon_left"] == pytest.approx(found["epsilon_cap"], rel=1e-12)
    assert (found["delta"], found["unit"], found["relation"]) == (1e-6, "device", Relation.ZERO_OUT.value)
    assert "server gives its word" in found["mechanism"]
    assert found["participations"] == 3


def test_a_month_counts_its_own_rounds_alone(device):
    debit(device, DEBIT, replace(DEBIT, round=2, month="2026-12"))
    november, december, january = (budget(device, month) for month in ("2026-11", "2026-12", "2027-01"))
    assert november["epsilon_month"] == december["epsilon_month"] == pytest.approx(gaussian_epsilon(1e-6, mu=1 / 4))
    assert (january["epsilon_month"], january["month"], january["monthly_cap"]) == (0.0, "2027-01", 8.0)
    assert november["epsilon_spent"] == january["epsilon_spent"] > november["epsilon_month"]


def test_it_is_joined_after_it_joined(device):
    assert budget(device)["joined"] is False
    with open_ledger(**device) as ledger:
        ledger.append(Joined(log_key_sha256="00" * 32))
    assert budget(device)["joined"] is True


def test_without_caps_the_number_of_rounds_is_the_bound(tmp_path):
    device = begin(tmp_path, Opened(device_cap=None, delta=1e-6, max_participations=2))
    debit(device, replace(DEBIT, month=None))
    found = budget(device)
    assert (found["epsilon_left"], found["epsilon_cap"], found["monthly_cap"]) == (None, None, None)
    assert (found["participations"], found["max_participations"]) == (1, 2)


def test_a_round_without_noise_is_infinite_in_words_that_json_has(tmp_path):
    device = begin(tmp_path, Opened(device_cap=None, delta=1e-6, max_participations=2))
    debit(device, replace(DEBIT, month=None, noise_multiplier=0.0))
    assert budget(device)["epsilon_spent"] == "infinite"


rounds = st.lists(
    st.tuples(st.floats(0.5, 50), st.sampled_from(["2026-10", "2026-11", "2026-12"]), st.sampled_from(Relation)),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(rounds)
def test_line_1_and_7_spent_never_falls_stays_within_both_caps_and_adds_up_with_what_is_left(tmp_path, drawn):
    device, before = begin(tmp_path, OPENED), 0.0
    for number, (noise, month, relation) in enumerate(sorted(drawn, key=lambda each: each[1]), 1):
        wanted = replace(DEBIT, round=number, noise_multiplier=noise, month=month, relation=relation)
        content = device["path"].read_bytes()
        try:
            debit(device, wanted)
        except Refused:
            assert device["path"].read_bytes() == content
        found = budget(device, month)
        assert before <= found["epsilon_spent"] <= found["epsilon_cap"]
        assert found["epsilon_month"] <= min(found["monthly_cap"], found["epsilon_spent"] * (1 + 1e-9))
        assert found["epsilon_spent"] + found["epsilon_left"] == pytest.approx(found["epsilon_cap"])
        before = found["epsilon_spent"]


def spoil(device, how):
    path, mirror = device["path"], device["mirror"].path
    if how == "its mirror is missing":
        mirror.unlink()
    elif how == "its mirror is damaged":
        mirror.write_bytes(b"nonsense")
    elif how == "cannot be opened":
        path.unlink()
    elif how == "the ledger is empty":
        path.write_bytes(b"")
    elif how == "rolled back":
        path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    elif how == "was changed":
        path.write_bytes(
            path.read_bytes()
            .replace(b'"noise_multiplier":"4.0"', b'"noise_multiplier":"9.0"')
            .replace(b"run-1", b"run-2")
        )
    else:
        device["key"] = bytes(32)


@pytest.mark.parametrize(
    "how",
    [
        "its mirror is missing",
        "its mirror is damaged",
        "cannot be opened",
        "the ledger is empty",
        "rolled back",
        "was changed",
        "was forged without the device key",
    ],
)
def test_line_32_whatever_is_wrong_all_counts_as_spent_and_the_fault_says_why(device, how):
    debit(device, DEBIT)
    spoil(device, how)
    found = budget(device)
    assert found.keys() == KEYS
    assert how in found["fault"]
    assert (found["epsilon_spent"], found["epsilon_left"], found["epsilon_month"]) == ("infinite", 0.0, "infinite")
    with pytest.raises(Refused):
        debit(device, replace(DEBIT, round=2))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.integers(0), st.integers(1, 255))
def test_line_32_no_changed_byte_gives_back_budget(tmp_path, at, flip):
    device = begin(tmp_path, OPENED)
    debit(device, DEBIT)
    content = bytearray(device["path"].read_bytes())
    content[at % len(content)] ^= flip
    device["path"].write_bytes(content)
    assert budget(device)["epsilon_left"] == 0.0


def test_while_another_process_debits_it_is_said_and_no_number_is_invented(device):
    with open_ledger(**device), pytest.raises(Busy, match=r"another process has ledger\.jsonl; try again"):
        budget(device)
