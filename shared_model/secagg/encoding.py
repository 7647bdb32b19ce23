"""What a device adds to a secure sum, and what the sum says: clip, rotate, scale, round, add noise, modulo 2^b.

Kairouz, Liu and Steinke 2021 (arXiv 2102.06387) with the noise of Agarwal, Kairouz and Liu 2021 (arXiv 2110.04995).
The noise of h shares has standard deviation z times the sensitivity, which counts rotation, rounding and its bound.
Letters: K devices, d numbers, D >= d numbers of a rotated vector.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import Randomness
from shared_model.privacy.skellam import LEAST_SENSITIVITY, LEAST_TO_ROOT_SIZE, MOST_SAMPLER_ERROR
from shared_model.secagg.quantise import largest_square, round_within
from shared_model.secagg.rotation import padded_size, rotate, rotate_back
from shared_model.secagg.skellam_noise import SkellamTable, skellam_table

QUALITY_GROUPS = ("low valence", "high valence", "unanswered")
"""Of held-out plays, whose quality devices report behind their updates, where a plan has an evaluation share."""
MOST_OVERFLOW = 2.0**-40
"""Chance that any number of a decoded sum is wrong because it left the modulus."""

Integers = NDArray[np.uint64]
Vectors = NDArray[np.float64]
Streams = Callable[[str], Randomness]
"""A stream for each purpose, of one party in one round; where deployed, always the operating system's."""


@dataclass(frozen=True, kw_only=True)  # without slots: what follows from its numbers is worked out once
class SumEncoding:
    """size: d; vector_norm: bound on the L2 norm of what one device sends; noise_multiplier: z; honest: h; devices: the
    most whose vectors and noise a sum holds, for which the modulus has room.

    Sensitivity of the integer sum to one device: sqrt(`square`), zero-out: its share of noise stays. Twice under
    replace-one. Raises ValueError where the sampler is not exact enough for so many numbers.
    """

    size: int
    vector_norm: float
    noise_multiplier: float
    honest: int
    devices: int

    def __post_init__(self) -> None:
        error = self.padded * self.honest * self.table.error
        if not error <= MOST_SAMPLER_ERROR:
            raise ValueError(
                f"distributed noise: {self.honest} shares of {self.padded} numbers are off by {error:.3g}, above "
                f"{MOST_SAMPLER_ERROR:.3g}; release fewer numbers"
            )

    @classmethod
    def of(cls, plan: PrivacyPlan, *, size: int) -> "SumEncoding":
        """Of every round of a plan with distributed trust that releases `size` numbers, and quality behind them."""
        return planned(
            size=size + quality_numbers(plan.evaluation_share),
            vector_norm=plan.vector_norm,
            noise_multiplier=plan.noise_multiplier,
            honest=plan.honest,
            devices=plan.largest_cohort,
        )

    @cached_property
    def padded(self) -> int:
        """D."""
        return padded_size(self.size)

    @cached_property
    def scale(self) -> float:
        """Integers per unit: so fine that rounding adds 0.5 % to the sensitivity at most, and that the accountant's
        conditions hold."""
        norm = max(LEAST_SENSITIVITY, LEAST_TO_ROOT_SIZE * math.sqrt(self.padded))
        return norm / self.vector_norm

    @cached_property
    def square(self) -> int:
        """Bound on the squared norm of a rounded vector: the square of the sensitivity."""
        return largest_square(self.scale * self.vector_norm, size=self.padded)

    @cached_property
    def share_variance(self) -> float:
        """Of each number of one device's noise: z^2 square / h, up to the next multiple of 2^-16."""
        return math.ceil(self.noise_multiplier**2 * self.square / self.honest * 2**16) / 2**16

    @property
    def table(self) -> SkellamTable:
        """What a share is drawn by."""
        return skellam_table(self.share_variance)

    @property
    def noise_standard_deviation(self) -> float:
        """Of each decoded number of a sum, in the units of an update: the shares of all `devices`."""
        return math.sqrt(self.devices * self.share_variance) / self.scale

    @cached_property
    def modulus_bits(self) -> int:
        """b: the fewest with which a sum of `devices` overflows with a chance of at most `MOST_OVERFLOW`."""
        return next(bits for bits in range(2, 63) if self.overflow(bits) <= MOST_OVERFLOW)

    def overflow(self, bits: int) -> float:
        """Bound on the chance that any decoded number is wrong with this modulus.

        A number of the rotated sum is a sum of fair signs over vectors that do not depend on them, whose sum has norm
        at most K norm: subgaussian with deviation K norm / sqrt(D) (Hoeffding); rounding moves it by less than K, and
        noise is independent of it. Chernoff's bound for both together holds for any tilt, and the best is taken.
        """
        room = 2.0 ** (bits - 1) - 1 - self.devices
        if room <= 0:
            return 1.0
        spread = (self.devices * self.scale * self.vector_norm) ** 2 / self.padded
        variance = self.devices * self.share_variance

        def exponent(tilt: float) -> float:
            return tilt**2 * spread / 2 + 2 * variance * math.sinh(tilt / 2) ** 2 - tilt * room

        best = minimize_scalar(exponent, bounds=(0, min(room / spread, 20.0)), method="bounded")
        return min(1.0, 2 * self.padded * math.exp(min(0.0, exponent(float(best.x)))))


def quality_numbers(evaluation_share: float) -> int:
    """How many numbers a device says of quality: shares, hits and gains of each group, or none."""
    return 3 * len(QUALITY_GROUPS) if evaluation_share else 0


@lru_cache(maxsize=8)
def planned(*, size: int, vector_norm: float, noise_multiplier: float, honest: int, devices: int) -> SumEncoding:
    """A `SumEncoding`, whose numbers are worked out once."""
    return SumEncoding(
        size=size,
        vector_norm=vector_norm,
        noise_multiplier=noise_multiplier,
        honest=honest,
        devices=devices,
    )


def rotation_seed(number: int, parameters: NDArray[np.float32]) -> bytes:
    """The public seed of round `number`, which starts from `parameters` (d,): 32 bytes that both sides know already."""
    said = hashlib.sha256(b"sottovoce rotation v1\x00" + number.to_bytes(8, "big"))
    said.update(parameters.astype("<f4", copy=False).tobytes())
    return said.digest()


def encode(vectors: Vectors, *, encoding: SumEncoding, seed: bytes, randomness: Streams) -> Integers:
    """What K devices add to the sum, (K, D) modulo 2^b, from what they have to say, (K, d).

    Guarantee: the integers before the noise have a norm of at most sqrt(encoding.square), for any input. Edges: longer
    vectors are scaled down to the norm; NaN or infinite anywhere in a row -> it is zero, and noise all the same.
    """
    whole = round_within(
        rotate(_clipped(vectors, encoding.vector_norm) * encoding.scale, seed=seed),
        square=encoding.square,
        randomness=randomness,
    )
    noise = encoding.table.draw(whole.size, randomness=randomness("share of noise")).reshape(whole.shape)
    return _modulo(whole + noise, bits=encoding.modulus_bits)


def missing_noise(encoding: SumEncoding, *, devices: int, randomness: Streams) -> Integers:
    """(D,) the shares of those who are missing from a sum of `devices`, so that its noise does not tell their number.

    For readers of releases, against whom cohorts are secret: the server, which keeps that secret, adds them. Nothing
    else rests on them. Zero where the sum is full.
    """
    total = np.zeros(encoding.padded, np.int64)
    missing = max(encoding.devices - devices, 0)
    for power in range(missing.bit_length()):  # so that a few tables serve every round
        if missing >> power & 1:
            table = skellam_table((1 << power) * encoding.share_variance)
            total += table.draw(encoding.padded, randomness=randomness(f"missing noise {power}"))
    return _modulo(total, bits=encoding.modulus_bits)


def decode(sums: Integers, *, encoding: SumEncoding, seed: bytes) -> Vectors:
    """Sums (K, D) modulo 2^b in the units of an update, (K, d): centred, unscaled, rotated back."""
    bits = encoding.modulus_bits
    centred = sums.astype(np.int64)
    centred[centred >= 1 << (bits - 1)] -= 1 << bits
    return rotate_back(centred / encoding.scale, size=encoding.size, seed=seed)


def add_modulo(sums: Integers, *, bits: int) -> Integers:
    """The sum (D,) of K <= 2^(63 - b) rows (K, D), each below 2^b, modulo 2^b."""
    return _modulo(sums.sum(0, dtype=np.uint64), bits=bits)


def _modulo(numbers: NDArray[np.int64] | Integers, *, bits: int) -> Integers:
    below: Integers = numbers.astype(np.uint64) & np.uint64((1 << bits) - 1)
    return below


def _clipped(vectors: Vectors, norm: float) -> Vectors:
    doubles = vectors.astype(np.float64)
    norms = np.sqrt(np.einsum("kd,kd->k", doubles, doubles))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isfinite(norms), doubles * np.minimum(norm / norms, 1.0), 0.0)
