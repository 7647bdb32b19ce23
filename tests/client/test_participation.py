from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.participation import Participation, debit, read_participation
from shared_model.errors import BadInput
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.plan import PrivacyPlan

PLAN = PrivacyPlan(
    population=12, cohort=2, rounds=10, clip_norm=1.0, noise_multiplier=1.0, delta=0.01, max_participations=3
)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.json"
    path.write_bytes(Participation(taken_part=0, last_round=0).as_json())
    return path


def test_each_round_is_debited_until_the_plan_allows_no_more(ledger: Path) -> None:
    assert [debit(ledger, number, plan=PLAN) for number in (2, 3, 7, 8)] == [True, True, True, False]
    assert read_participation(ledger) == Participation(taken_part=3, last_round=7)


def test_a_round_is_answered_once_however_often_it_is_asked(ledger: Path) -> None:
    assert [debit(ledger, 4, plan=PLAN) for _ in range(5)] == [True, False, False, False, False]
    assert read_participation(ledger) == Participation(taken_part=1, last_round=4)


def test_a_round_of_the_past_is_declined(ledger: Path) -> None:
    debit(ledger, 5, plan=PLAN)
    before = ledger.read_bytes()
    assert not debit(ledger, 4, plan=PLAN)
    assert not debit(ledger, 0, plan=PLAN)
    assert ledger.read_bytes() == before


def test_the_device_cap_declines_before_the_number_of_rounds_does(ledger: Path) -> None:
    cap = device_epsilon(1, noise_multiplier=1.0, delta=0.01) * 1.01
    capped = replace(PLAN, device_cap=cap, rounds=4)
    assert [debit(ledger, number, plan=capped) for number in (1, 2)] == [True, False]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"taken_part": -1, "last_round": 3}',
        b'{"taken_part": 4, "last_round": 3}',
        b'{"taken_part": "1", "last_round": 3}',
        b'{"taken_part": 1.5, "last_round": 3}',
        b'{"taken_part": 1}',
        b"{}",
    ],
)
def test_a_damaged_ledger_never_says_yes(ledger: Path, content: bytes) -> None:
    ledger.write_bytes(content)
    with pytest.raises(BadInput, match="ledger"):
        debit(ledger, 5, plan=PLAN)
    assert ledger.read_bytes() == content


def test_a_missing_ledger_never_says_yes(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="enrolled anew"):
        debit(tmp_path / "ledger.json", 5, plan=PLAN)
    assert not list(tmp_path.iterdir())


@given(st.lists(st.integers(0, 9), max_size=30))
def test_whatever_is_asked_no_more_rounds_are_trained_than_were_debited(
    tmp_path_factory: pytest.TempPathFactory, asked: list[int]
) -> None:
    ledger = tmp_path_factory.mktemp("device") / "ledger.json"
    ledger.write_bytes(Participation(taken_part=0, last_round=0).as_json())
    trained = [number for number in asked if debit(ledger, number, plan=PLAN)]
    assert len(trained) == read_participation(ledger).taken_part <= PLAN.max_participations
