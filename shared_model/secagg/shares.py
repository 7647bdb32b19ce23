"""Shamir's secret sharing (1979) of 32 bytes, over the integers modulo the smallest prime above 2^256."""

import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache

PRIME = 2**256 + 297
SECRET_BYTES = 32
SHARE_BYTES = 33


def split(secret: bytes, places: Sequence[int], *, threshold: int) -> list[bytes]:
    """A share for each of `places`, which are distinct and from 1 to below `PRIME`, in their order.

    Any `threshold` of them give the secret back, and fewer say nothing of it: the other coefficients are uniform, from
    the operating system. Raises ValueError for a threshold below 1 or above the number of places.
    """
    if not 1 <= threshold <= len(places) or len(secret) != SECRET_BYTES:
        raise ValueError("shares: there are fewer places than the threshold, or the secret has another length")
    coefficients = [secrets.randbelow(PRIME) for _ in range(threshold - 1)]
    coefficients.append(int.from_bytes(secret, "big"))
    return [_value(coefficients, place).to_bytes(SHARE_BYTES, "big") for place in places]


def join(shares: Mapping[int, bytes], *, threshold: int) -> bytes:
    """The secret, from `threshold` of the shares by place. Raises ValueError where they are too few or of no secret."""
    places = tuple(sorted(shares))[:threshold]
    if len(places) < threshold:
        raise ValueError(f"shares: {len(places)} came where {threshold} are needed")
    values = [int.from_bytes(shares[place], "big") for place in places]
    total = sum(weight * value for weight, value in zip(_weights_at_zero(places), values, strict=True)) % PRIME
    if max(values) >= PRIME or total >> (8 * SECRET_BYTES):
        raise ValueError("shares: they are of no secret")
    return total.to_bytes(SECRET_BYTES, "big")


def _value(coefficients: Sequence[int], place: int) -> int:
    """Horner's rule, the highest power first."""
    value = 0
    for coefficient in coefficients:
        value = (value * place + coefficient) % PRIME
    return value


@lru_cache(maxsize=128)  # in a complete graph the same devices open every secret
def _weights_at_zero(places: tuple[int, ...]) -> tuple[int, ...]:
    """Lagrange's."""
    weights = []
    for place in places:
        above, below = 1, 1
        for other in places:
            if other != place:
                above = above * other % PRIME
                below = below * (other - place) % PRIME
        weights.append(above * pow(below, -1, PRIME) % PRIME)
    return tuple(weights)
