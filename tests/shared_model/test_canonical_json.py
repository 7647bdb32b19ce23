from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.canonical_json import decimal, decode, encode
from shared_model.errors import BadInput

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(VALUES)
def test_what_is_encoded_is_decoded_again(value: Any) -> None:
    assert decode(encode(value), what="test") == value


def test_keys_are_sorted_and_nothing_is_spaced() -> None:
    assert encode({"b": [1, None, True], "a": "é"}) == '{"a":"é","b":[1,null,true]}'.encode()


@pytest.mark.parametrize("value", [1.5, {"a": 1.0}, [float("nan")], {1: "a"}, b"bytes", {"a": {1, 2}}])
def test_floats_and_other_types_are_never_spelled(value: Any) -> None:
    with pytest.raises(TypeError, match="canonical JSON"):
        encode(value)


def test_integers_that_other_languages_would_round_are_not_spelled() -> None:
    with pytest.raises(ValueError, match="2\\^53"):
        encode(2**53 + 1)


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b'{"a":1}\n',
        b'"\\u00e9"',
        b"\xff",
        b"",
        b"{",
        b"[" * 100_000,
        b"9" * 5000,
        b'"\\ud800"',
    ],
)
def test_any_other_spelling_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="the ledger: not canonical JSON"):
        decode(content, what="the ledger")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_decimal_reads_back_as_the_same_float(number: float) -> None:
    assert float(decimal(number)) == number


def test_infinity_is_spelled_out_and_nan_is_not() -> None:
    assert decimal(float("inf")) == "infinite"
    with pytest.raises(ValueError, match="NaN"):
        decimal(float("nan"))
