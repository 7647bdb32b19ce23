from dataclasses import replace

import pytest

from shared_model.auditing.recount import MOST_RECOUNTED, recount
from shared_model.books.round_log import Intent
from shared_model.privacy.coverage import account
from shared_model.privacy.spent import Adversary, Relation, Sampling


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


def test_line_6_what_no_accountant_covers_is_never_taken_for_a_smaller_number(true_leaves):
    first = true_leaves[0]
    (found,) = broken([replace(first, epsilon_after=replace(first.epsilon_after, adversary=Adversary.SERVER))])
    assert "no accountant" in found.what
    (found,) = broken([replace(first, mechanism="skellam")])
    assert "no accountant" in found.what
    for change in ({"noise_multiplier": 0.0}, {"sampling": Sampling.FIXED_SIZE}):
        (found,) = broken([replace(first, **change)])
        assert "cannot be computed" in found.what


def test_line_3_a_number_of_another_relation_is_another_number(true_leaves):
    claims = replace(true_leaves[0].epsilon_after, relation=Relation.REPLACE_ONE)
    (found,) = broken([replace(true_leaves[0], epsilon_after=claims)])
    assert "more was spent than was logged" in found.what


@pytest.mark.parametrize(
    ("sampling", "relation"),
    [
        (Sampling.POISSON, Relation.REPLACE_ONE),
        (Sampling.FIXED_SIZE, Relation.REPLACE_ONE),
        (Sampling.NONE, Relation.ZERO_OUT),
        (Sampling.FULL_PARTICIPATION, Relation.ADD_OR_REMOVE_ONE),
    ],
)
@pytest.mark.parametrize("mechanism", ["gaussian", "matrix-factorisation"])
def test_line_4_every_plan_that_an_accountant_covers_is_recounted_by_it(sampling, relation, mechanism, true_leaves):
    last = true_leaves[-2]
    given = {"sampling": sampling, "relation": relation, "sample_rate": 0.02, "noise_multiplier": 1.25, "delta": 1e-5}
    epsilon = account(**given, rounds=12).epsilon
    claims = replace(last.epsilon_after, epsilon=epsilon, relation=relation)
    true = replace(last, sampling=sampling, mechanism=mechanism, epsilon_after=claims)
    assert broken([true]) == []
    (found,) = broken([replace(true, epsilon_after=replace(claims, epsilon=0.99 * epsilon))])
    assert "more was spent" in found.what


def test_where_cohorts_are_visible_only_the_rounds_of_one_device_count_and_nowhere_else(true_leaves):
    last = true_leaves[-2]
    given = {"sample_rate": 0.02, "noise_multiplier": 1.25, "delta": 1e-5, "relation": Relation.ZERO_OUT}
    epsilon = account(sampling=Sampling.NONE, **given, rounds=3).epsilon
    claims = replace(last.epsilon_after, epsilon=epsilon, relation=Relation.ZERO_OUT)
    visible = replace(last, sampling=Sampling.NONE, releases=3, epsilon_after=claims)
    assert broken([visible]) == []
    (found,) = broken([replace(last, releases=3)])
    assert "only 3 rounds are counted" in found.what


def test_the_last_round_of_every_run_is_recounted_however_many_there_are(true_leaves):
    first = true_leaves[0]
    many = [replace(first, run=f"run-{number}") for number in range(MOST_RECOUNTED + 5)]
    low = replace(first.epsilon_after, epsilon=first.epsilon_after.epsilon / 2)
    many[-1] = replace(many[-1], epsilon_after=low)
    (found,) = broken(many)
    assert found.line == len(many)
