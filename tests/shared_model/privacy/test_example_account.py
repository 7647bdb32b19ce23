import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.errors import BadInput, Refused
from shared_model.privacy.example_account import ExampleAccount
from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Unit

ACCOUNT = ExampleAccount(sample_rate=0.1, noise_multiplier=1.0, delta=1e-3, epsilon_cap=8.0)


class Disk:
    """What was stored, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(text)


def test_one_step_costs_the_exact_number() -> None:
    one = dataclasses.replace(ACCOUNT, sample_rate=0.01, delta=1e-5, steps=1).spent()
    assert one.epsilon == pytest.approx(0.19945, rel=3e-3)  # privacy.md, section 3
    assert one.epsilon >= 0.19945 * (1 - 1e-4)
    assert ACCOUNT.spent().epsilon == 0


def test_line_1_rounds_and_restarts_add_up_and_the_debit_is_stored_before_it_is_given_out() -> None:
    disk = Disk()
    account, costs = ACCOUNT, []
    for _ in range(3):
        debited = account.debit(10, store=disk)
        assert disk.lines[-1] == debited.account.to_json()
        account = ExampleAccount.from_json(disk.lines[-1])  # killed, and started again
        costs.append(account.spent().epsilon)
    assert account.steps == 30
    assert costs == sorted(set(costs))  # type: ignore[type-var]
    assert costs[2] == dataclasses.replace(ACCOUNT, steps=30).spent().epsilon
    assert [ExampleAccount.from_json(line).steps for line in disk.lines] == [10, 20, 30]


def test_line_1_what_cannot_be_stored_is_not_given_out() -> None:
    def full(_: str) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        ACCOUNT.debit(1, store=full)


def test_line_1_steps_are_numbered_through_the_whole_life() -> None:
    first = ACCOUNT.debit(10, store=Disk())
    second = first.account.debit(5, store=Disk())
    assert (first.first_step, second.first_step, second.steps) == (0, 10, 5)


def test_beyond_its_cap_the_device_does_not_train_and_nothing_is_stored() -> None:
    disk = Disk()
    with pytest.raises(Refused, match="above its cap of 8"):
        ACCOUNT.debit(100_000, store=disk)
    assert disk.lines == []


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "nonsense", ACCOUNT.to_json()[:-1], ACCOUNT.to_json().replace("0.1", "NaN"),
     ACCOUNT.to_json().replace('"steps": 0', '"steps": -4'), ACCOUNT.to_json().replace('"steps": 0', '"steps": 0.5'),
     ACCOUNT.to_json().replace('"steps": 0', '"steps": false'), ACCOUNT.to_json().replace(', "steps": 0', "")],
)  # fmt: skip
def test_line_32_what_cannot_be_read_counts_as_spent(text: str) -> None:
    with pytest.raises(Refused, match="budget counts as spent"):
        ExampleAccount.from_json(text)


@settings(deadline=None)
@given(rate=st.floats(1e-6, 1), noise=st.floats(0.1, 100), steps=st.integers(0, 10**9))
def test_an_account_comes_back_from_its_json_to_the_last_bit(rate: float, noise: float, steps: int) -> None:
    account = dataclasses.replace(ACCOUNT, sample_rate=rate, noise_multiplier=noise, steps=steps)
    assert ExampleAccount.from_json(account.to_json()) == account


def test_line_3_its_unit_is_the_example_and_it_cannot_be_added_to_a_devices_number() -> None:
    spent = dataclasses.replace(ACCOUNT, steps=5).spent()
    assert (spent.unit, spent.relation) == (Unit.EXAMPLE, Relation.ADD_OR_REMOVE_ONE)
    device = PrivacySpent(
        epsilon=1.0, delta=1e-3, unit=Unit.DEVICE, relation=Relation.ADD_OR_REMOVE_ONE, adversary=Adversary.SERVER,
        mechanism="m", rounds=1, accountant="PLD",
    )  # fmt: skip
    for combine in (lambda: spent + device, lambda: device + spent, lambda: spent <= device):
        with pytest.raises(TypeError, match="unit"):
            combine()


@pytest.mark.parametrize(
    "change",
    [{"sample_rate": 0.0}, {"sample_rate": 1.1}, {"noise_multiplier": 0.0}, {"delta": 1.0}, {"delta": 1e-13},
     {"epsilon_cap": 0.0}, {"steps": -1}],
)  # fmt: skip
def test_numbers_that_cannot_be_used_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="example account"):
        dataclasses.replace(ACCOUNT, **change)
    with pytest.raises(BadInput, match="at least 1"):
        ACCOUNT.debit(0, store=Disk())


def test_seeded_bug_an_engine_made_anew_each_round_forgets_what_was_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ExampleAccount, "from_json", classmethod(lambda cls, text: dataclasses.replace(ACCOUNT, steps=0))
    )
    with pytest.raises(AssertionError):
        test_line_1_rounds_and_restarts_add_up_and_the_debit_is_stored_before_it_is_given_out()
