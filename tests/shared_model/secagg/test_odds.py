import itertools
import math
import random
from fractions import Fraction

import mpmath
import pytest
from scipy.stats import binomtest, hypergeom

from shared_model.secagg.graph import LOG2_CORRECTNESS, LOG2_SECRECY, Graph, draw_neighbours, plan_graph
from shared_model.secagg.odds import log2_correctness_failure, log2_secrecy_failure
from shared_model.secagg.parameters import SecAggParameters


def parameters(devices: int, threshold: int, honest: int, dishonest: int) -> SecAggParameters:
    return SecAggParameters(
        cohort=devices, most=devices, threshold=threshold, modulus_bits=20, honest=honest, dishonest=dishonest
    )


@pytest.mark.parametrize(("n", "c", "k", "t"), [(50, 5, 20, 15), (200, 20, 56, 39), (30, 0, 9, 8), (100, 10, 12, 9)])
def test_bounds_are_those_of_scipy_summed_one_by_one(n, c, k, t):
    sets = [
        math.comb(n - c, m) * float(hypergeom.sf(t - 2, n - 1, m - 1 + c, k)) ** m for m in range(1, (n - c) // 2 + 1)
    ]
    bought = (n - c) * float(hypergeom.sf(2 * t - k - 2, n - 1, c, k))
    secrecy = log2_secrecy_failure(n, c, degree=k, share_threshold=t)
    # scipy's own tail loses digits below 1e-16 of its sum, so that what it adds there is compared loosely
    assert secrecy == pytest.approx(min(0.0, math.log2(sum(sets) + bought)), rel=1e-6, abs=1e-6)
    survivors = n - n // 10
    # who stays holds a share of its own, and has one fewer of those that stay around it
    lost = survivors * float(hypergeom.cdf(t - 2, n - 1, survivors - 1, k))
    lost += (n - survivors) * float(hypergeom.cdf(t - 1, n - 1, survivors, k))
    expected = -math.inf if lost == 0 else min(0.0, math.log2(lost))
    assert log2_correctness_failure(n, survivors, degree=k, share_threshold=t) == pytest.approx(expected, rel=1e-6)


def tail(total: int, marked: int, drawn: int, least: int) -> Fraction:
    """P[at least `least` of `drawn` are among the `marked`], in whole numbers."""
    ways = sum(
        math.comb(marked, hits) * math.comb(total - marked, drawn - hits) for hits in range(max(least, 0), drawn + 1)
    )
    return Fraction(ways, math.comb(total, drawn))


@pytest.mark.parametrize(
    ("n", "c", "k", "t"),
    [(1000, 50, 73, 49), (1000, 100, 94, 66), (200, 10, 40, 26), (50, 5, 17, 13), (40, 12, 30, 22), (9, 3, 4, 4)],
)
def test_both_conditions_of_secrecy_are_those_of_whole_numbers(n, c, k, t):
    """In the first two it is the first condition that counts, in the third and fifth the second."""
    with mpmath.workdps(40):
        bought = (n - c) * mpmath.mpf(1) * tail(n - 1, c, k, 2 * t - k - 1)
        each = [mpmath.mpf(1) * tail(n - 1, m - 1 + c, k, t - 1) for m in range(1, (n - c) // 2 + 1)]
        sets = mpmath.fsum(math.comb(n - c, m) * chance**m for m, chance in enumerate(each, 1))
        expected = min(0.0, float(mpmath.log(bought + sets, 2)))
    assert log2_secrecy_failure(n, c, degree=k, share_threshold=t) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "c", "k", "t"), [(6, 0, 3, 3), (7, 0, 3, 3), (8, 0, 5, 4), (6, 1, 3, 3)])
def test_the_chance_of_a_graph_that_is_open_is_not_above_the_bound(n, c, k, t):
    """By both conditions, whoever is looked for in each graph that is drawn."""
    graph, honest = Graph(devices=n, degree=k, share_threshold=t), range(c, n)
    groups = [set(each) for m in range(1, (n - c) // 2 + 1) for each in itertools.combinations(honest, m)]
    bad, trials = set(range(c)), 3000
    failed = 0
    for _ in range(trials):
        drawn = {place: draw_neighbours(graph, place) for place in honest}
        bought = any(len(chosen & bad) >= 2 * t - k - 1 for chosen in drawn.values())
        failed += bought or any(all(len(drawn[one] & (each | bad)) >= t - 1 for one in each) for each in groups)
    bound = 2 ** log2_secrecy_failure(n, c, degree=k, share_threshold=t)
    assert 0 < bound < 1
    assert binomtest(failed, trials, bound, alternative="greater").pvalue > 1e-6
    assert failed > trials * bound / 4  # of few events that seldom happen together


def test_the_chance_that_a_round_cannot_be_opened_is_not_above_the_bound():
    """Seen by drawing 4,000 graphs in which it is likely enough to be seen."""
    n, survivors, k, t = 30, 24, 7, 5
    graph = Graph(devices=n, degree=k, share_threshold=t)
    stays = set(range(survivors))
    failed = 0
    for _ in range(4000):
        drawn = [draw_neighbours(graph, place) | ({place} & stays) for place in range(n)]
        failed += any(len(holders & stays) < t for holders in drawn)
    bound = 2 ** log2_correctness_failure(n, survivors, degree=k, share_threshold=t)
    assert 0 < bound < 1
    assert binomtest(failed, 4000, bound, alternative="greater").pvalue > 1e-6
    assert failed > 4000 * bound / 4  # a union bound of events of which seldom two happen at once


@pytest.mark.parametrize("devices", range(3, 13))
def test_the_complete_graph_fails_with_no_chance_at_all(devices):
    for dishonest in range(devices // 3 + 1):
        threshold = (devices + dishonest) // 2 + 1
        sure = log2_secrecy_failure(devices, dishonest, degree=devices - 1, share_threshold=threshold)
        one_less = log2_secrecy_failure(devices, dishonest, degree=devices - 1, share_threshold=threshold - 1)
        assert sure == -math.inf
        assert one_less == 0.0  # two camps of honest devices could each be served


@pytest.mark.parametrize(
    ("n", "threshold", "honest", "c"), [(200, 180, 90, 20), (1000, 900, 450, 100), (1000, 900, 450, 50), (3, 2, 2, 0)]
)
def test_planned_graphs_keep_both_chances(n, threshold, honest, c):
    asked = parameters(n, threshold, honest, c)
    graph = plan_graph(n, asked)
    assert graph.log2_secrecy_failure(c) <= LOG2_SECRECY == -40
    assert graph.log2_correctness_failure(asked.least_survivors(n)) <= LOG2_CORRECTNESS == -20
    assert graph.honest_in_a_sum(asked) >= honest


def test_small_cohorts_and_those_that_need_everyone_on_one_list_are_complete():
    assert plan_graph(12, parameters(12, 8, 6, 2)).is_complete
    assert plan_graph(200, parameters(200, 180, 160, 20)).is_complete
    assert not plan_graph(200, parameters(200, 180, 90, 20)).is_complete


@pytest.mark.parametrize(("n", "c"), [(200, 20), (200, 21), (201, 20)])
def test_a_drawn_graph_keeps_one_honest_device_more_than_half_and_no_other_is_counted_on(n, c):
    """The sets that its odds go through end at half of them."""
    most = (n - c) // 2 + 1
    drawn, complete = (plan_graph(n, parameters(n, 180, honest, c)) for honest in (most, most + 1))
    assert not drawn.is_complete
    assert drawn.honest_in_a_sum(parameters(n, 180, most, c)) == most
    assert complete.is_complete


def test_in_a_complete_graph_all_on_the_one_list_but_the_dishonest_are_counted_on():
    asked = parameters(12, 8, 6, 2)
    graph = plan_graph(12, asked)
    assert graph.honest_in_a_sum(asked) == 8 - 2
    assert graph.log2_correctness_failure(graph.share_threshold) == -math.inf
    assert graph.log2_correctness_failure(graph.share_threshold - 1) == 0.0


@pytest.mark.parametrize("devices", range(8, 13))
@pytest.mark.parametrize(("threshold", "dishonest"), [(7, 3), (6, 4), (6, 5)])
def test_a_share_of_the_planned_devices_stays_and_more_than_half_of_all_and_the_dishonest(
    devices, threshold, dishonest
):
    least = parameters(10, threshold, 1, dishonest).least_survivors(devices)
    enough = [
        stay
        for stay in range(2 * devices)
        if stay >= threshold and 10 * stay >= devices * threshold and 2 * stay > devices + dishonest
    ]
    assert least == enough[0]


def test_the_degree_grows_slowly():
    """Logarithmically, up to whole neighbours: ten times as many devices, about twice as many neighbours."""
    degrees = [plan_graph(n, parameters(n, n * 9 // 10, n * 45 // 100, n // 20)).degree for n in (200, 2000)]
    assert degrees[0] < degrees[1] < 3 * degrees[0]


def test_neighbours_are_drawn_alike_and_never_oneself():
    graph = Graph(devices=12, degree=5, share_threshold=4)
    draws = [draw_neighbours(graph, 3) for _ in range(3000)]
    assert all(len(drawn) == 5 and 3 not in drawn for drawn in draws)
    for other in set(range(12)) - {3}:
        hits = sum(other in drawn for drawn in draws)
        assert binomtest(hits, 3000, 5 / 11).pvalue > 1e-6


def test_a_seed_does_not_reach_the_draw():
    graph = Graph(devices=200, degree=40, share_threshold=30)
    random.seed(1)
    first = draw_neighbours(graph, 0)
    random.seed(1)
    assert draw_neighbours(graph, 0) != first


@pytest.mark.parametrize(
    "changes",
    [
        {"most": 9},
        {"threshold": 11},
        {"threshold": 1},
        {"honest": 8},
        {"honest": 0},
        {"dishonest": -1},
        {"modulus_bits": 63},
    ],
)
def test_parameters_that_cannot_be_are_refused(changes):
    values = {"cohort": 10, "most": 12, "threshold": 8, "modulus_bits": 20, "honest": 6, "dishonest": 1} | changes
    with pytest.raises(ValueError, match="secure aggregation"):
        SecAggParameters(**values)
