from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.books.law import first_breach
from shared_model.books.round_log import Result


def test_rounds_in_their_order_obey_also_when_two_runs_mix(logged_rounds):
    one, two = logged_rounds(3), logged_rounds(2, run="run-2")
    assert first_breach([]) is None
    assert first_breach(one) is None
    assert first_breach(one[:-1]) is None  # the last round is under way
    assert first_breach([one[0], two[0], two[1], one[1], one[2], two[2], *one[3:]]) is None


def test_an_aborted_round_keeps_its_model(logged_rounds):
    leaves = logged_rounds(2)
    leaves[1] = replace(leaves[1], result=Result.ABORTED, model_sha256=leaves[0].model_sha256)
    leaves[2] = replace(leaves[2], model_sha256=leaves[0].model_sha256)
    assert first_breach(leaves) is None
    leaves[1] = replace(leaves[1], model_sha256=leaves[3].model_sha256)
    assert first_breach(leaves) == (2, "round 1 was aborted, and changed the model")


@pytest.mark.parametrize(
    ("breaks", "line", "says"),
    [
        (lambda leaves: leaves[1:], 1, "before its intent"),
        (lambda leaves: leaves[2:], 1, "begins with round 2"),
        (lambda leaves: leaves[:2] + leaves[4:], 3, "follows round 1"),
        (lambda leaves: leaves[:1] + leaves[2:], 2, "before the outcome of round 1"),
        (lambda leaves: leaves[:2] + leaves[:2], 3, "announced twice"),
        (lambda leaves: leaves[:2] + leaves[1:2], 3, "has an outcome already"),
        (lambda leaves: leaves[:4] + leaves[1:2], 5, "has an outcome already"),
        (lambda leaves: leaves[:2] + leaves[3:], 3, "before its intent"),
        (lambda leaves: [*leaves[:2], replace(leaves[2], model_sha256="0" * 64)], 3, "another model"),
        (lambda leaves: [*leaves[:2], replace(leaves[2], planned_cohort=21)], 3, "another planned_cohort"),
        (lambda leaves: [*leaves[:2], replace(leaves[2], noise_multiplier=0.1)], 3, "another noise_multiplier"),
        (lambda leaves: [*leaves[:2], replace(leaves[2], minimum_cohort=1)], 3, "another minimum_cohort"),
    ],
)
def test_the_first_broken_leaf_is_named(breaks, line, says, logged_rounds):
    number, what = first_breach(breaks(logged_rounds(3)))
    assert number == line
    assert says in what


def test_a_clip_norm_that_adapts_obeys(logged_rounds):
    leaves = logged_rounds(2)
    assert first_breach([*leaves[:2], replace(leaves[2], clip_norm=0.6), leaves[3]]) is None


def with_epsilon(intent, *, before=None, after=None):
    found = intent
    if before is not None:
        found = replace(found, epsilon_before=replace(found.epsilon_before, epsilon=before))
    if after is not None:
        found = replace(found, epsilon_after=replace(found.epsilon_after, epsilon=after))
    return found


def test_line_1_spending_in_the_log_begins_where_it_ended_and_never_falls(logged_rounds):
    leaves = logged_rounds(2)
    assert first_breach([with_epsilon(leaves[0], before=0.05)])[0] == 1
    assert "another epsilon" in first_breach([*leaves[:2], with_epsilon(leaves[2], before=0.0)])[1]
    assert "falls" in first_breach([*leaves[:2], with_epsilon(leaves[2], after=0.01)])[1]


def test_line_3_epsilons_of_different_kinds_are_not_followed_by_each_other(logged_rounds):
    intent = logged_rounds(1)[0]
    from shared_model.privacy.spent import Adversary

    other = replace(intent, epsilon_after=replace(intent.epsilon_after, adversary=Adversary.SERVER))
    assert first_breach([other]) == (1, "its epsilons before and after are of different kinds")


@given(st.data())
def test_no_two_leaves_can_be_exchanged_and_none_left_out_but_the_last(logged_rounds, data):
    leaves = logged_rounds(4)
    one, two = sorted(data.draw(st.lists(st.integers(0, 7), min_size=2, max_size=2, unique=True)))
    swapped = list(leaves)
    swapped[one], swapped[two] = swapped[two], swapped[one]
    assert first_breach(swapped)[0] == one + 1
    dropped = data.draw(st.integers(0, 6))
    assert first_breach(leaves[:dropped] + leaves[dropped + 1 :])[0] == dropped + 1
