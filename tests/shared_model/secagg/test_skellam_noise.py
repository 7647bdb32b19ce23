import itertools
import math

import mpmath
import numpy as np
import pytest
from scipy.stats import chisquare, skellam

from shared_model.privacy.randomness import OperatingSystemRandomness
from shared_model.secagg.skellam_noise import TAIL, SkellamTable, skellam_reach, skellam_table
from tests.shared_model.secagg.streams import Crafted, keyed


def probabilities(table: SkellamTable) -> list[int]:
    """Of -reach .. reach, in units of 2^-128."""
    thresholds = [(int(high) << 64) + int(low) for high, low in zip(table.high, table.low, strict=True)]
    ends = [0, *thresholds, 1 << 128]
    return [after - before for before, after in itertools.pairwise(ends)]


@pytest.mark.parametrize("variance", [2.0**-16, 0.5, 3.25, 40.0, 1000.5])
def test_line_16_the_total_variation_error_is_what_is_said_by_exact_sums(variance: float) -> None:
    table = skellam_table(variance)
    with mpmath.workdps(80):
        exact = [
            mpmath.exp(-mpmath.mpf(variance)) * mpmath.besseli(abs(k), mpmath.mpf(variance))
            for k in range(-table.reach, table.reach + 1)
        ]
        drawn = [mpmath.mpf(each) / 2**128 for each in probabilities(table)]
        beyond = 1 - mpmath.fsum(exact)
        distance = (mpmath.fsum(abs(a - b) for a, b in zip(exact, drawn, strict=True)) + beyond) / 2
        assert distance <= table.error
        assert beyond <= TAIL


@pytest.mark.parametrize("variance", [0.5, 3.25, 5000.0])
def test_probabilities_are_scipys(variance: float) -> None:
    table = skellam_table(variance)
    places = np.arange(-table.reach, table.reach + 1)
    ours = np.array([each / 2**128 for each in probabilities(table)])
    np.testing.assert_allclose(ours, skellam.pmf(places, variance / 2, variance / 2), atol=1e-12)


@pytest.mark.parametrize("variance", [0.5, 8.0, 900.0])
def test_samples_follow_them_by_chi_square(variance: float) -> None:
    table, count = skellam_table(variance), 200_000
    drawn = table.draw(count, randomness=keyed(11)("noise"))
    edge = math.ceil(3 * math.sqrt(variance)) + 1
    cells = np.arange(-edge, edge + 1)
    expected = np.array([each / 2**128 for each in probabilities(table)])
    inner = expected[table.reach - edge : table.reach + edge + 1] * count
    seen = np.bincount(np.clip(drawn, -edge - 1, edge + 1) + edge + 1, minlength=2 * edge + 3)
    outer = (count - inner.sum()) / 2
    assert chisquare(seen, np.concatenate([[outer], inner, [outer]])).pvalue > 1e-4
    assert len(cells) == len(inner)


def test_a_word_at_a_threshold_is_decided_by_the_next_64_bits() -> None:
    table = skellam_table(8.0)
    place = table.reach  # the threshold between -1 and 0 is the one before it
    high, low = int(table.high[place - 1]), int(table.low[place - 1])
    least = next(number for number, weight in enumerate(probabilities(table)) if weight) - table.reach
    at = (high << 64) + low
    for word, value in ((at, 0), (at - 1, -1), (0, least), (2**128 - 1, table.reach)):
        content = (word >> 64).to_bytes(8, "little") + (word & (2**64 - 1)).to_bytes(8, "little")
        assert table.draw(1, randomness=Crafted(content)).tolist() == [value]


def test_sums_of_shares_are_skellam_noise_of_the_sum() -> None:
    """What a sum of discrete Gaussians is not."""
    shares, whole = skellam_table(3.0), skellam_table(9.0)
    one = np.array([each / 2**128 for each in probabilities(shares)])
    total = np.convolve(np.convolve(one, one), one)
    places = np.arange(-3 * shares.reach, 3 * shares.reach + 1)
    np.testing.assert_allclose(total, skellam.pmf(places, 4.5, 4.5), atol=1e-12)
    drawn = sum(shares.draw(50_000, randomness=keyed(number)("noise")) for number in range(3))
    assert float(np.var(drawn)) == pytest.approx(whole.variance, rel=5 * math.sqrt(2 / 50_000))


@pytest.mark.parametrize("variance", [0.01, 1.0, 300.0])
def test_the_reach_holds_its_chance(variance: float) -> None:
    reach = skellam_reach(variance, chance=1e-9)
    assert 2 * skellam.sf(reach, variance / 2, variance / 2) <= 1e-9


def test_line_15_no_seed_reaches_deployed_noise() -> None:
    answers = []
    for _ in range(2):
        np.random.seed(0)
        answers.append(skellam_table(100.0).draw(20, randomness=OperatingSystemRandomness()).tolist())
    assert answers[0] != answers[1]


@pytest.mark.parametrize("variance", [0.0, -1.0, 1 / 3, 2.0**41, math.nan])
def test_what_the_table_cannot_be_made_of_is_refused(variance: float) -> None:
    with pytest.raises(ValueError, match=r"skellam noise|cannot convert"):
        skellam_table(variance)
