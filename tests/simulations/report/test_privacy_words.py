import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from simulations.report.privacy_words import (
    device_epsilon,
    explanation,
    most_true_alarms,
    participation,
    population_epsilon,
)
from simulations.report.result_schema import Result, parse_result


def sentences(result: Result) -> tuple[str, ...]:
    return (population_epsilon(result), device_epsilon(result), *explanation(result), participation(result))


def test_an_epsilon_never_stands_without_its_terms(content: dict[str, Any]) -> None:
    stated = [text for text in sentences(parse_result(content, source="x")) if re.search(r"epsilon \d", text, re.I)]
    assert len(stated) == 4
    for text in stated:
        for term in ("delta 1e-4", "unit device", "add-or-remove-one", "central trust"):
            assert term in text


def test_without_noise_epsilon_is_infinite_and_nothing_is_promised(content: dict[str, Any]) -> None:
    content["privacy"] |= {"mechanism": "off", "noise_multiplier": 0.0, "noise": None, "device_cap": None}
    content |= {
        "epsilon_pld": None,
        "epsilon_rdp": None,
        "epsilon_device": None,
        "epsilon_reason": "No noise is added.",
    }
    text = " ".join(sentences(parse_result(content, source="x")))
    assert "Epsilon infinite (no noise)" in text
    assert "No bound" in text
    assert not re.search(r"epsilon \d", text, re.I)


def test_an_accountant_that_does_not_exist_is_not_called_infinite(content: dict[str, Any]) -> None:
    content |= {"epsilon_pld": None, "epsilon_reason": "no PLD for fixed-size sampling"}
    text = population_epsilon(parse_result(content, source="x"))
    assert "not given (no PLD for fixed-size sampling)" in text
    assert "infinite" not in text


@pytest.mark.parametrize(
    ("trust", "said"), [("central", "no guarantee"), ("distributed", "honest"), ("local", "always")]
)
def test_what_holds_against_the_server_is_said(content: dict[str, Any], trust: str, said: str) -> None:
    content["privacy"]["trust"] = trust
    assert said in " ".join(explanation(parse_result(content, source="x")))


def test_declined_invitations_and_the_busiest_device_are_told(content: dict[str, Any]) -> None:
    text = participation(parse_result(content, source="x"))
    assert "137 invitations" in text
    assert "11 times" in text
    assert "at most 12 times" in text


@given(st.floats(0.05, 6), st.floats(1e-9, 1e-2))
def test_the_trade_off_bounds_the_exact_attack_on_a_gaussian(mu: float, delta: float) -> None:
    # Dong, Roth and Su 2022: a mu-Gaussian mechanism's best attack, and its exact delta(epsilon)
    def excess(epsilon: float) -> float:
        second = norm.logcdf(-epsilon / mu - mu / 2) + epsilon
        return float(norm.cdf(-epsilon / mu + mu / 2) - pow(2.718281828459045, second) - delta)

    epsilon = 0.0 if excess(0.0) <= 0 else brentq(excess, 0.0, 200.0)
    exact = float(norm.cdf(norm.ppf(0.01) + mu))
    assert exact <= most_true_alarms(epsilon, delta, false_alarms=0.01) + 1e-9


def test_the_trade_off_at_its_ends() -> None:
    assert most_true_alarms(0.0, 0.0, false_alarms=0.01) == pytest.approx(0.01)
    assert most_true_alarms(0.0, 0.1, false_alarms=0.01) == pytest.approx(0.11)
    assert most_true_alarms(1.0, 0.0, false_alarms=0.01) == pytest.approx(0.0271828, rel=1e-5)
    assert most_true_alarms(2000.0, 1e-5, false_alarms=0.01) == 1.0
