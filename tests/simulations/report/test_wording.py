from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.report.result_schema import parse_result
from simulations.report.wording import duration, epsilon, interval, model_name, quality_rows, share, size, small


@given(st.floats(0, 1e6))
def test_a_printed_epsilon_is_never_below_the_computed_one(value: float) -> None:
    printed, computed = Decimal(epsilon(value)), Decimal(repr(value))
    assert printed - Decimal("0.001") < computed <= printed


def test_an_epsilon_of_three_decimals_is_printed_as_it_is() -> None:
    assert epsilon(1.828) == "1.828"
    assert epsilon(1.8281) == "1.829"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (small(1e-5), "1e-5"),
        (small(2.5e-4), "2.5e-4"),
        (size(0), "0 B"),
        (size(1023), "1023 B"),
        (size(1536), "1.5 KiB"),
        (size(3 * 1024**2), "3.0 MiB"),
        (size(5000 * 1024**3), "5000.0 GiB"),
        (duration(8.31), "8.3 s"),
        (duration(245.2), "4 min 05 s"),
        (share(0.12345), "0.123"),
        (share(None), "–"),
        (interval(0.1, 0.25), "0.100–0.250"),
        (interval(None, 0.25), ""),
    ],
)
def test_numbers_are_written_as_documented(written: str, expected: str) -> None:
    assert written == expected


def test_a_run_without_noise_is_never_called_private(content: dict[str, Any]) -> None:
    assert model_name("federated_private", parse_result(content, source="x")) == "federated, private"
    content["privacy"]["mechanism"] = "off"
    content |= {"epsilon_pld": None, "epsilon_rdp": None, "epsilon_device": None, "epsilon_reason": "off"}
    assert "private" not in model_name("federated_private", parse_result(content, source="x"))


def test_a_model_that_was_not_trained_has_no_row(content: dict[str, Any]) -> None:
    content["models"]["local_only"] = None
    names = [row.name for row in quality_rows(parse_result(content, source="x")) if row.group == "models"]
    assert names == ["release 0", "federated, not private", "federated, private"]
