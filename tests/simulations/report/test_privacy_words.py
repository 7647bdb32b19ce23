import re
from typing import Any

import pytest

from simulations.report.privacy_words import (
    device_epsilon,
    explanation,
    participation,
    population_epsilon,
)
from simulations.report.result_schema import Result, parse_result


def sentences(result: Result) -> tuple[str, ...]:
    return (population_epsilon(result), device_epsilon(result), *explanation(result), participation(result))


def test_an_epsilon_never_stands_without_its_terms(content: dict[str, Any]) -> None:
    result = parse_result(content, source="x")
    device = device_epsilon(result)
    stated = [text for text in sentences(result) if re.search(r"epsilon \d", text, re.I)]
    assert len(stated) == 3
    for text in stated:
        for term in ("delta 1e-4", "unit device", "central trust"):
            assert term in text
        # a device's own count is of another kind than the population's number
        assert ("zero-out" in text) != ("add-or-remove-one" in text)
        assert ("zero-out" in text) == (text == device or "cap of epsilon" in text)


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
