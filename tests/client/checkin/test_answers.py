import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.checkin.answers import parse_answer, parse_answers, reaches_help, score
from client.checkin.shipped import instrument_named
from shared_model.errors import BadInput

FORMS = ["k6", "k10", "who5"]


def answers(name, *values):
    instrument = instrument_named(name)
    return {item.id: value for item, value in zip(instrument.items, values, strict=True)}


@st.composite
def filled_in(draw, *, skips):
    instrument = instrument_named(draw(st.sampled_from(FORMS)))
    value = st.sampled_from(instrument.scale.values)
    return instrument, {item.id: draw(st.none() | value if skips else value) for item in instrument.items}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("k6", (0, 0, 0, 0, 0, 0), 0),
        ("k6", (0, 1, 2, 3, 4, 4), 14),
        ("k6", (4, 4, 4, 4, 4, 4), 24),
        ("k10", (1,) * 10, 10),
        ("k10", (5,) * 10, 50),
        ("who5", (0, 1, 2, 3, 4), 40),
        ("who5", (5,) * 5, 100),
        ("k6", (0, 1, None, 3, 4, 4), None),
        ("affective_slider", (0.6, 0.3), None),
    ],
)
def test_scores(name, values, expected):
    assert score(instrument_named(name), answers(name, *values)) == expected


@given(filled_in(skips=True))
def test_a_skipped_question_leaves_no_score_and_all_answered_is_one_in_range(case):
    instrument, given_answers = case
    found = score(instrument, given_answers)
    assert (found is None) == (None in given_answers.values())
    assert found is None or instrument.range[0] <= found <= instrument.range[1]


@pytest.mark.parametrize(
    ("name", "values", "shown"),
    [
        ("k6", (2, 2, 2, 2, 2, 2), False),
        ("k6", (3, 2, 2, 2, 2, 2), True),  # 13
        ("k6", (4, 4, 4, 1, None, None), True),  # 13 already
        ("k6", (4, 4, 4, None, None, None), False),
        ("k10", (3,) * 9 + (2,), False),
        ("k10", (3,) * 10, True),  # 30
        ("who5", (3, 3, 3, 2, 2), False),  # 52
        ("who5", (3, 3, 2, 2, 2), True),  # 48
        ("who5", (0, 0, 0, None, None), True),  # 40 at most
        ("affective_slider", (0.0, 0.0), False),
    ],
)
def test_the_help_page_is_shown_at_the_threshold_and_on_its_worse_side(name, values, shown):
    assert reaches_help(instrument_named(name), answers(name, *values)) is shown


@given(filled_in(skips=True), st.data())
def test_help_that_is_shown_in_spite_of_skips_would_be_shown_whatever_they_were(case, data):
    instrument, given_answers = case
    value = st.sampled_from(instrument.scale.values)
    completed = {item: data.draw(value) if each is None else each for item, each in given_answers.items()}
    if reaches_help(instrument, given_answers):
        assert reaches_help(instrument, completed)


def test_answers_are_read_in_the_order_of_the_questions():
    assert parse_answers("0,1,-, 3 ,,4", instrument_named("k6")) == answers("k6", 0, 1, None, 3, None, 4)


@given(filled_in(skips=True))
def test_what_is_written_is_what_is_read(case):
    instrument, given_answers = case
    text = ",".join("-" if value is None else f"{value:g}" for value in given_answers.values())
    assert parse_answers(text, instrument) == given_answers


@pytest.mark.parametrize("secret", ["7", "-3", "2.5", "nan", "inf", "hopeless", "1e999"])
def test_a_message_never_repeats_an_answer(secret):
    with pytest.raises(BadInput) as caught:
        parse_answers(f"0,0,{secret},0,0,0", instrument_named("k6"))
    said = str(caught.value)
    assert said == "checkin: answer 3 of 6 is not one of 0, 1, 2, 3, 4 or - to skip; nothing was stored"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_too_few_answers_are_a_sentence():
    with pytest.raises(BadInput, match="--answers has 5 answers, K6 has 6 questions; write - for one to skip"):
        parse_answers("0,0,0,0,0", instrument_named("k6"))


@given(st.floats(0, 1))
def test_a_slider_takes_any_number_between_its_ends(value):
    assert parse_answer(repr(value), instrument_named("affective_slider")) == value
