import json
import re
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.books.round_log import Intent, Outcome, decode_leaf, encode_leaf
from shared_model.errors import BadInput
from shared_model.privacy.spent import Trust
from shared_model.secagg.parameters import SecAggParameters


def changed(leaf, **fields_changed):
    value = json.loads(encode_leaf(leaf)) | fields_changed
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_leaves_read_back_as_they_were_written(logged_rounds):
    for leaf in logged_rounds(3):
        assert decode_leaf(encode_leaf(leaf), what="leaf") == leaf


@given(st.floats(1e-9, 1e9), st.floats(1e-300, 1, exclude_min=True), st.floats(0, allow_infinity=True))
def test_numbers_keep_every_digit(logged_rounds, number, rate, epsilon):
    intent = logged_rounds(1)[0]
    intent = replace(
        intent,
        noise_multiplier=number,
        clip_norm=number,
        sample_rate=rate,
        epsilon_after=replace(intent.epsilon_after, epsilon=epsilon),
    )
    assert decode_leaf(encode_leaf(intent), what="leaf") == intent


def test_line_24_an_outcome_never_holds_a_count():
    assert {field.name for field in fields(Outcome)} == {"run", "round", "model_sha256", "result"}


def test_a_leaf_has_no_floats_and_every_epsilon_has_its_kind(logged_rounds):
    intent = json.loads(encode_leaf(logged_rounds(1)[0]), parse_float=lambda text: pytest.fail(text))
    assert intent["clip_norm"] == "0.5"
    for name in ("epsilon_before", "epsilon_after"):
        assert intent[name].keys() == {"epsilon", "unit", "relation", "adversary", "trust", "accountant"}


_SECAGG = {"cohort": 20, "dishonest": 0, "honest": 1, "modulus_bits": 20, "most": 20, "threshold": 5}


def secure(intent, share):
    trusted = replace(intent.epsilon_after, trust=Trust.DISTRIBUTED)
    return replace(intent, secagg=SecAggParameters(**_SECAGG), epsilon_after=trusted, evaluation_share=share)


def test_an_evaluation_share_is_named_where_there_is_one_and_only_there(logged_rounds):
    """So that the leaves of rounds before there was any keep their bytes and their hash."""
    intent = logged_rounds(1)[0]
    assert "evaluation_share" not in json.loads(encode_leaf(intent))
    assert json.loads(encode_leaf(secure(intent, 0.2)))["evaluation_share"] == "0.2"
    assert decode_leaf(encode_leaf(secure(intent, 0.2)), what="leaf") == secure(intent, 0.2)
    for spelling in ("0.0", "-0.0"):
        with pytest.raises(BadInput, match="never written"):
            decode_leaf(changed(secure(intent, 0.2), evaluation_share=spelling), what="leaf")


@pytest.mark.parametrize("share", ["0.51", "-0.1", "infinite"])
def test_an_evaluation_share_that_cannot_be_is_refused(share, logged_rounds):
    with pytest.raises(BadInput, match="evaluation_share"):
        decode_leaf(changed(secure(logged_rounds(1)[0], 0.2), evaluation_share=share), what="leaf")
    with pytest.raises(ValueError, match="without distributed trust"):
        replace(logged_rounds(1)[0], evaluation_share=0.2)


_ALWAYS = [field.name for field in fields(Intent) if field.name != "evaluation_share"]


@pytest.mark.parametrize("name", [*_ALWAYS, "kind", "format"])
def test_a_missing_field_is_refused(name, logged_rounds):
    value = json.loads(encode_leaf(logged_rounds(1)[0]))
    del value[name]
    content = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(BadInput, match=name if name not in ("kind", "format") else "neither"):
        decode_leaf(content, what="leaf 1")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("surprise", 1, "'surprise' is unknown"),
        ("format", 2, "format 1"),
        ("kind", "count", "neither an intent nor an outcome"),
        ("kind", ["intent"], "neither"),
        ("clip_norm", "0.50", "one spelling"),
        ("clip_norm", "5e-1", "one spelling"),
        ("clip_norm", 1, "decimal in quotes"),
        ("clip_norm", "nan", "one spelling"),
        ("clip_norm", "inf", "one spelling"),
        ("clip_norm", "infinite", "cannot be"),
        ("round", "1", "whole number"),
        ("round", True, "whole number"),
        ("round", 0, "at least 1"),
        ("run", "", "letters"),
        ("run", "two words", "letters"),
        ("model_sha256", "AB" * 32, "SHA-256"),
        ("model_sha256", "ab" * 31, "SHA-256"),
        ("registry_root", "", "SHA-256"),
        ("learning_sha256", "ab", "SHA-256"),
        ("secagg", {}, "missing"),
        ("secagg", _SECAGG, "distributed"),
        ("sample_rate", "1.5", "cannot be"),
        ("minimum_cohort", 21, "cannot be"),
        ("epsilon_after", None, "not an object"),
        ("epsilon_after", {}, "missing"),
    ],
)
def test_what_cannot_be_a_leaf_is_refused_with_a_sentence(field, value, says, logged_rounds):
    with pytest.raises(BadInput, match=f"leaf 7: .*{re.escape(says)}"):
        decode_leaf(changed(logged_rounds(1)[0], **{field: value}), what="leaf 7")


@pytest.mark.parametrize(("field", "value"), [("unit", "listen"), ("trust", "blind"), ("epsilon", "-1.0")])
def test_an_epsilon_of_no_known_kind_is_refused(field, value, logged_rounds):
    intent = logged_rounds(1)[0]
    epsilon = json.loads(encode_leaf(intent))["epsilon_after"] | {field: value}
    with pytest.raises(BadInput, match="epsilon_after"):
        decode_leaf(changed(intent, epsilon_after=epsilon), what="leaf")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_noise_is_no_leaf(content):
    with pytest.raises(BadInput):
        decode_leaf(content, what="leaf")
