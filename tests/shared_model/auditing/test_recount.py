from dataclasses import replace

import pytest

from shared_model.auditing.recount import MOST_RECOUNTED, recount
from shared_model.books.round_log import Intent
from shared_model.privacy.spent import Adversary, Relation


def broken(leaves):
    found = recount((line, leaf) for line, leaf in enumerate(leaves, 1) if isinstance(leaf, Intent))
    assert found[0].ok is (len(found) == 1)
    return found[1:]


def test_true_epsilons_are_found_true_by_both_accountants(true_leaves):
    found = recount((line, leaf) for line, leaf in enumerate(true_leaves, 1) if isinstance(leaf, Intent))
    assert [str(each) for each in found] == [
        "ok  5 epsilons computed again by PLD and RDP, 1 of them after the last round of a run"
    ]


@pytest.mark.parametrize("number", [1, 2, 4, 8, 12])
def test_line_4_a_smaller_epsilon_than_the_accountants_give_is_named(number, true_leaves, with_epsilon):
    true = true_leaves[2 * number - 2].epsilon_after.epsilon
    (found,) = broken(with_epsilon(true_leaves, number, 0.99 * true))
    assert found.line == 2 * number - 1
    assert "more was spent than was logged" in found.what


def test_a_larger_epsilon_than_both_accountants_give_is_named_too(true_leaves, with_epsilon):
    (found,) = broken(with_epsilon(true_leaves, 12, 5.0))
    assert "RDP" in found.what


def test_between_the_recounted_rounds_the_law_alone_holds(true_leaves, with_epsilon):
    """As documented: an epsilon between its neighbours is taken."""
    between = (true_leaves[16].epsilon_after.epsilon + true_leaves[20].epsilon_after.epsilon) / 2
    assert broken(with_epsilon(true_leaves, 10, between)) == []


@pytest.mark.parametrize(
    "claims", [{"relation": Relation.REPLACE_ONE}, {"adversary": Adversary.SERVER}], ids=["relation", "adversary"]
)
def test_line_6_what_no_accountant_covers_is_never_taken_for_a_smaller_number(claims, true_leaves):
    intent = replace(true_leaves[0], epsilon_after=replace(true_leaves[0].epsilon_after, **claims))
    (found,) = broken([intent])
    assert "no accountant" in found.what
    (found,) = broken([replace(true_leaves[0], mechanism="skellam")])
    assert "no accountant" in found.what
    (found,) = broken([replace(true_leaves[0], noise_multiplier=0.0)])
    assert "cannot be computed" in found.what


def test_the_last_round_of_every_run_is_recounted_however_many_there_are(true_leaves):
    first = true_leaves[0]
    many = [replace(first, run=f"run-{number}") for number in range(MOST_RECOUNTED + 5)]
    low = replace(first.epsilon_after, epsilon=first.epsilon_after.epsilon / 2)
    many[-1] = replace(many[-1], epsilon_after=low)
    (found,) = broken(many)
    assert found.line == len(many)
