"""What one securely aggregated round is to be: the numbers that the intent announces, and what follows from them."""

from dataclasses import dataclass

MOST_DEVICES = 1 << 14
MOST_NUMBERS = 1 << 24
MOST_BITS = 62
"""Sums of two numbers below the modulus fit in 64 bits with room to spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecAggParameters:
    """cohort: devices that are planned for; most: that a sum has room and noise for; threshold: no sum of fewer is
    ever opened; modulus_bits: sums are taken modulo 2 to this power; honest: how many honest devices are in any sum
    that is opened, at least, whose noise is counted on; dishonest: how many of a round may work together with the
    server, at most.

    Raises ValueError for what cannot be.
    """

    cohort: int
    most: int
    threshold: int
    modulus_bits: int
    honest: int
    dishonest: int

    def __post_init__(self) -> None:
        if not 2 <= self.threshold <= self.cohort <= self.most <= MOST_DEVICES:
            raise ValueError(
                f"secure aggregation: threshold {self.threshold}, cohort {self.cohort} and most {self.most} must rise "
                f"in this order, from 2 to {MOST_DEVICES}"
            )
        if self.dishonest < 0 or not 1 <= self.honest <= self.threshold - self.dishonest:
            raise ValueError(
                f"secure aggregation: honest {self.honest} and dishonest {self.dishonest} must fit into the threshold "
                f"of {self.threshold}"
            )
        if not 1 <= self.modulus_bits <= MOST_BITS:
            raise ValueError(f"secure aggregation: modulus_bits is {self.modulus_bits}; it must be 1 to {MOST_BITS}")

    def least_survivors(self, devices: int) -> int:
        """How many of `devices` that gave keys must stay to the end, at least: `threshold`, the planned share of them,
        and more than half of them and the dishonest together (Bonawitz et al. 2017, section 6.2)."""
        planned = -(-devices * self.threshold // self.cohort)
        return max(self.threshold, planned, (devices + self.dishonest) // 2 + 1)
