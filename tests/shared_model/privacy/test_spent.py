import dataclasses
import math
from typing import Any

import pytest

from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Unit

SPENT = PrivacySpent(
    epsilon=1.0,
    delta=1e-5,
    unit=Unit.DEVICE,
    relation=Relation.ADD_OR_REMOVE_ONE,
    adversary=Adversary.RELEASE_READER,
    mechanism="Gaussian noise",
    rounds=10,
    accountant="PLD",
)
OTHER_KINDS: list[dict[str, Any]] = [
    {"unit": Unit.EXAMPLE},
    {"relation": Relation.ZERO_OUT},
    {"adversary": Adversary.SERVER},
    {"epsilon": None, "reason": "no accountant"},
]


@pytest.mark.parametrize("change", OTHER_KINDS)
def test_numbers_of_different_kinds_are_neither_added_nor_compared_line_3(change: dict[str, Any]) -> None:
    other = dataclasses.replace(SPENT, **change)
    for operation in (lambda: SPENT + other, lambda: other < SPENT, lambda: other <= SPENT):
        with pytest.raises(TypeError, match="privacy spent"):
            operation()


def test_spending_adds_up_line_1() -> None:
    total = SPENT + SPENT
    assert (total.epsilon, total.delta, total.rounds) == (2.0, 2e-5, 20)
    assert total.accountant == "basic composition"


def test_epsilons_compare_at_one_delta_only() -> None:
    less = dataclasses.replace(SPENT, epsilon=0.5)
    assert less < SPENT
    assert less <= SPENT
    assert not less >= SPENT
    with pytest.raises(TypeError, match="delta"):
        assert dataclasses.replace(SPENT, delta=1e-6) < SPENT


@pytest.mark.parametrize(
    "change",
    [
        {"epsilon": math.nan},
        {"epsilon": -1.0},
        {"epsilon": math.inf},
        {"epsilon": None},
        {"reason": "finite and excused"},
        {"delta": 1.0},
        {"delta": math.nan},
        {"rounds": -1},
    ],
)
def test_a_number_without_its_meaning_cannot_be_built(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="privacy spent"):
        dataclasses.replace(SPENT, **change)


def test_infinity_stays_infinite_and_says_why() -> None:
    off = dataclasses.replace(SPENT, epsilon=math.inf, reason="the mechanism is off")
    assert (SPENT + off).epsilon == math.inf
    assert (SPENT + off).reason == "the mechanism is off"
    assert "infinite (the mechanism is off)" in str(off)


def test_in_print_an_epsilon_never_travels_alone() -> None:
    for word in ("1.000", "1e-05", "device", "add-or-remove-one", "release reader", "10 rounds", "PLD"):
        assert word in str(SPENT)
