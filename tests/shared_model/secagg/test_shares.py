import secrets
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.secagg import shares
from shared_model.secagg.shares import PRIME, SHARE_BYTES, join, split


def slow_join(points: dict[int, int]) -> int:
    """Lagrange's interpolation at 0 as it is written in a textbook, over the rationals, reduced at last."""
    total = Fraction(0)
    for place, value in points.items():
        term = Fraction(value)
        for other in points:
            if other != place:
                term *= Fraction(-other, place - other)
        total += term
    return total.numerator * pow(total.denominator, -1, PRIME) % PRIME


@given(st.binary(min_size=32, max_size=32), st.integers(1, 7), st.data())
def test_any_threshold_of_shares_gives_the_secret_back(secret, threshold, data):
    places = data.draw(st.lists(st.integers(1, 2000), min_size=threshold, max_size=threshold + 4, unique=True))
    dealt = dict(zip(places, split(secret, places, threshold=threshold), strict=True))
    some = data.draw(st.permutations(places))[:threshold]
    chosen = {place: dealt[place] for place in some}
    assert join(chosen, threshold=threshold) == secret
    assert slow_join({place: int.from_bytes(share, "big") for place, share in chosen.items()}) == int.from_bytes(secret)


def test_the_polynomial_is_the_one_that_is_named(monkeypatch):
    """f(x) = 7 + 5x + 3x^2 by hand: f(1) = 15, f(2) = 29, f(4) = 75."""
    drawn = iter([3, 5])
    monkeypatch.setattr(shares.secrets, "randbelow", lambda _below: next(drawn))
    dealt = split((7).to_bytes(32, "big"), [1, 2, 4], threshold=3)
    assert [int.from_bytes(share, "big") for share in dealt] == [15, 29, 75]


def test_the_modulus_is_prime_and_no_secret_is_above_it():
    """Fermat's test to random bases, and none of the numbers between 2^256 and it passes."""
    bases = [secrets.randbelow(PRIME - 2) + 2 for _ in range(20)]
    assert all(pow(base, PRIME - 1, PRIME) == 1 for base in bases)
    assert not any(pow(3, number - 1, number) == 1 for number in range(2**256 + 1, PRIME, 2))
    assert split(b"\xff" * 32, [1], threshold=1)[0] == b"\0" + b"\xff" * 32


def test_fewer_shares_than_the_threshold_say_nothing():
    """With one share too few, every secret fits: two secrets have sharings that agree in those shares."""
    secret, threshold = b"\x01" * 32, 3
    dealt = dict(zip([1, 2, 3], split(secret, [1, 2, 3], threshold=threshold), strict=True))
    for other_secret in (b"\x02" * 32, b"\xff" * 32):
        points = {0: int.from_bytes(other_secret), 1: int.from_bytes(dealt[1]), 2: int.from_bytes(dealt[2])}
        third = slow_join({place - 3: value for place, value in points.items()})  # f(3), of the parabola through them
        assert join(dealt | {3: third.to_bytes(SHARE_BYTES, "big")}, threshold=3) == other_secret


def test_too_few_or_foreign_shares_are_refused():
    dealt = dict(zip([1, 2, 3], split(b"\x07" * 32, [1, 2, 3], threshold=3), strict=True))
    for pair in combinations(dealt, 2):
        with pytest.raises(ValueError, match="2 came where 3"):
            join({place: dealt[place] for place in pair}, threshold=3)
    with pytest.raises(ValueError, match="of no secret"):
        join({1: b"\xff" * SHARE_BYTES}, threshold=1)
    with pytest.raises(ValueError, match="fewer places"):
        split(b"\x07" * 32, [1, 2], threshold=3)
