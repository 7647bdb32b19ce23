"""What guesses about the canaries of one run say against its claim, and which bugs such a run would have caught.

Letters: m canaries, T rounds, q chance of a device to be in a round, z noise multiplier.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from shared_model.auditing.one_run_bound import (
    TradeOff,
    is_refuted,
    most_refuted,
    steinke_epsilon,
    steinke_p_value,
)
from shared_model.privacy.loss_distribution import pld_epsilon, pld_trade_off

GUESSED = (0.05, 0.2, 0.5, 1.0)
"""Shares of the canaries that are guessed, half of them in and half out; fixed beforehand, each at its part of the
false alarms (Bonferroni)."""
WEAKER = 1.05 ** np.arange(40)
"""Claims that are tried for a lower bound: so many times the noise that was claimed, or so many times less."""
_RATES = np.logspace(-8, 0, 1200)[:-1]


@dataclass(frozen=True, kw_only=True)
class RunClaim:
    """What a run of T rounds claims for a reader of its releases."""

    sample_rate: float
    noise_multiplier: float
    rounds: int
    delta: float

    @cached_property
    def epsilon(self) -> float:
        """By PLD, add-or-remove-one."""
        return self.epsilon_with(1.0)

    def epsilon_with(self, times: float) -> float:
        """With so many times the noise."""
        return pld_epsilon(
            sample_rate=self.sample_rate,
            noise_multiplier=self.noise_multiplier * times,
            rounds=self.rounds,
            delta=self.delta,
        )

    def trade_off(self, times: float = 1.0) -> TradeOff:
        """With so many times the noise: never above the true one."""
        found = _found(self.sample_rate, self.noise_multiplier * times, self.rounds)

        def least_false_positives(share: float) -> float:
            place = int(np.searchsorted(found, share, side="right"))
            return float(_RATES[place - 1]) if place else 0.0

        return least_false_positives


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """guesses: r of m canaries; right: v of them."""

    guesses: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRunVerdict:
    """guessed: by share; steinke, trade_off: lower bounds on epsilon by the two tests; refuted: by any of them."""

    canaries: int
    guessed: tuple[Guesses, ...]
    steinke: float
    trade_off: float
    refuted: bool

    @property
    def epsilon_lower(self) -> float:
        """The better of both bounds."""
        return max(self.steinke, self.trade_off)


def judge(
    scores: NDArray[np.float64], included: NDArray[np.bool_], claim: RunClaim, *, false_alarms: float
) -> OneRunVerdict:
    """scores: (m,), larger for canaries that seem to have taken part; included: (m,) whether they answered.

    A true claim is refuted with a chance of at most `false_alarms`.
    """
    count = len(scores)
    each = false_alarms / (2 * len(GUESSED))  # two tests
    guessed = guesses_of(scores, included)
    given = [{"canaries": count, "guesses": some.guesses, "right": some.right} for some in guessed]
    times = np.concatenate([WEAKER[:0:-1], 1 / WEAKER])  # from the most noise to the least: ever weaker claims

    def claim_at(place: int) -> TradeOff:
        return claim.trade_off(float(times[place]))

    places = [most_refuted(claim_at, claims=len(times), **some, false_alarms=each) for some in given]
    place = max((found for found in places if found is not None), default=None)
    return OneRunVerdict(
        canaries=count,
        guessed=guessed,
        steinke=max(steinke_epsilon(**some, delta=claim.delta, false_alarms=each) for some in given),
        trade_off=0.0 if place is None else claim.epsilon_with(float(times[place])),
        refuted=refutes(guessed, claim, canaries=count, false_alarms=false_alarms),
    )


def refutes(guessed: tuple[Guesses, ...], claim: RunClaim, *, canaries: int, false_alarms: float) -> bool:
    """Whether any of the guesses refutes the claim itself by either test."""
    each = false_alarms / (2 * len(GUESSED))
    return any(
        steinke_p_value(
            canaries=canaries, guesses=some.guesses, right=some.right, epsilon=claim.epsilon, delta=claim.delta
        )
        < each
        or is_refuted(claim.trade_off(), canaries=canaries, guesses=some.guesses, right=some.right, false_alarms=each)
        for some in guessed
    )


def guesses_of(scores: NDArray[np.float64], included: NDArray[np.bool_]) -> tuple[Guesses, ...]:
    """At every share of `GUESSED`."""
    return tuple(guess(scores, included, share=share) for share in GUESSED)


def guess(scores: NDArray[np.float64], included: NDArray[np.bool_], *, share: float) -> Guesses:
    """The highest scores are guessed in, the lowest out, half of the guesses each."""
    guesses = max(round(share * len(scores)), 2)
    order = np.argsort(scores, kind="stable")
    low, high = order[: guesses // 2], order[len(order) - (guesses - guesses // 2) :]
    return Guesses(guesses=guesses, right=int((~included[low]).sum() + included[high].sum()))


@lru_cache(maxsize=64)
def _found(sample_rate: float, noise_multiplier: float, rounds: int) -> NDArray[np.float64]:
    return pld_trade_off(_RATES, sample_rate=sample_rate, noise_multiplier=noise_multiplier, rounds=rounds)
