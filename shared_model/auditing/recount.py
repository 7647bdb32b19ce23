"""Epsilons of a round log, computed again by two accountants.

One run's plan never changes (`shared_model.books.law`), so that its epsilon after round n depends on q, z, delta and n
alone. Computed again: after the last logged round of every run, and after rounds 1, 2, 4, 8 ... of each distinct plan.
In between the law holds that each epsilon begins where the one before ended and never falls, so that what is claimed
there lies between two numbers that were computed; it is not computed itself.
"""

from collections.abc import Iterable
from functools import lru_cache

from shared_model.auditing.finding import Finding
from shared_model.books.round_log import GAUSSIAN, Intent
from shared_model.errors import Refused
from shared_model.privacy.spent import Adversary, Relation, Unit

TOLERANCE = 2e-3
"""Relative. Two PLD accountants agree only up to their grids, each at most 1e-3 above the exact value."""
MOST_RECOUNTED = 1000
"""Of the numbers between the last rounds, which bounds the time that a log of many plans takes."""

_ACCOUNTANTS = ("PLD", "exact Gaussian composition")

Plan = tuple[float, float, float]
"""Sample rate, noise multiplier, delta."""


def recount(intents: Iterable[tuple[int, Intent]]) -> list[Finding]:
    """intents: with the numbers of their lines, of a log that obeys the law."""
    last: dict[str, tuple[int, Intent]] = {}
    between: dict[tuple[Plan, int], tuple[int, Intent]] = {}
    for line, intent in intents:
        last[intent.run] = line, intent
        if intent.round & (intent.round - 1) == 0 and len(between) < MOST_RECOUNTED:
            between.setdefault((_plan(intent), intent.round), (line, intent))
    checked = dict(between.values()) | dict(last.values())
    findings = [_recounted(line, checked[line]) for line in sorted(checked)]
    broken = [finding for finding in findings if not finding.ok]
    what = f"{len(findings)} epsilons computed again by PLD and RDP, {len(last)} of them after the last round of a run"
    return [Finding(line=None, what=what, ok=not broken), *broken]


def _recounted(line: int, intent: Intent) -> Finding:
    claimed = intent.epsilon_after
    place = f"round {intent.round} of run {intent.run}"
    if not _is_covered(intent):
        what = f"{place}: no accountant here covers {intent.mechanism}, {claimed.relation.value}, {claimed.accountant}"
        return Finding(line=line, what=what, ok=False)
    try:
        pld, rdp = _epsilons(_plan(intent), intent.round)
    except (Refused, ValueError, ArithmeticError) as error:
        return Finding(line=line, what=f"{place}: its epsilon cannot be computed ({error})", ok=False)
    if claimed.epsilon < pld * (1 - TOLERANCE):
        what = f"{place} claims epsilon {claimed.epsilon:.6g}, and it is {pld:.6g}: more was spent than was logged"
    elif claimed.epsilon > pld * (1 + TOLERANCE) or claimed.epsilon > rdp * (1 + TOLERANCE):
        what = f"{place} claims epsilon {claimed.epsilon:.6g}, and PLD gives {pld:.6g}, RDP {rdp:.6g}"
    else:
        return Finding(line=line, what=f"{place}: epsilon {claimed.epsilon:.6g}", ok=True)
    return Finding(line=line, what=what, ok=False)


def _is_covered(intent: Intent) -> bool:
    """Gaussian noise on a Poisson-sampled or a whole population. Whatever else is claimed is not taken on its word."""
    claimed = intent.epsilon_after
    kind = (claimed.unit, claimed.relation, claimed.adversary)
    known = kind == (Unit.DEVICE, Relation.ADD_OR_REMOVE_ONE, Adversary.RELEASE_READER)
    return intent.mechanism == GAUSSIAN and known and claimed.accountant in _ACCOUNTANTS


def _plan(intent: Intent) -> Plan:
    return intent.sample_rate, intent.noise_multiplier, intent.delta


@lru_cache(maxsize=4096)
def _epsilons(plan: Plan, rounds: int) -> tuple[float, float]:
    # imported here: scipy and dp-accounting take a second, which the rest of a check need not spend
    from shared_model.privacy.accounting import pld_epsilon, rdp_epsilon

    sample_rate, noise_multiplier, delta = plan
    both = [
        accountant(sample_rate=sample_rate, noise_multiplier=noise_multiplier, rounds=rounds, delta=delta)
        for accountant in (pld_epsilon, rdp_epsilon)
    ]
    return both[0], both[1]
