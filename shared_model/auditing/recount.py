"""Epsilons of a round log, computed again by every accountant that there is.

One run's plan never changes (`shared_model.books.law`), so that its epsilon after round n depends on how cohorts are
drawn, on the relation, q, z, delta and n alone. Computed again: after the last logged round of every run, and after
rounds 1, 2, 4, 8 ... of each distinct plan. In between the law holds that each epsilon begins where the one before
ended and never falls, so that what is claimed there lies between two numbers that were computed; it is not computed
itself.
"""

from collections.abc import Iterable
from functools import lru_cache

from shared_model.auditing.finding import Finding
from shared_model.books.round_log import ACCOUNTED, SKELLAM, Intent
from shared_model.errors import Refused
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust, Unit

TOLERANCE = 2e-3
"""Relative. Two PLD accountants agree only up to their grids, each at most 1e-3 above the exact value."""
MOST_RECOUNTED = 1000
"""Of the numbers between the last rounds, which bounds the time that a log of many plans takes."""

_ACCOUNTANTS = ("PLD", "exact Gaussian composition")

Plan = tuple[Sampling, Relation, float, float, float, Trust]
"""Sampling, relation, sample rate, noise multiplier, delta, and who adds the noise."""


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
    kind = (claimed.unit, claimed.adversary)
    in_shares = claimed.trust is Trust.DISTRIBUTED
    if (
        intent.mechanism not in ACCOUNTED
        or (intent.mechanism == SKELLAM) is not in_shares
        or kind != (Unit.DEVICE, Adversary.RELEASE_READER)
    ):
        return Finding(line=line, what=f"{place}: no accountant here covers what it claims", ok=False)
    counted = min(intent.round, intent.releases)
    if intent.sampling is not Sampling.NONE and counted < intent.round:
        return Finding(line=line, what=f"{place}: only {counted} rounds are counted, and cohorts are hidden", ok=False)
    try:
        quoted, check = _epsilons(_plan(intent), counted)
    except (Refused, ValueError, ArithmeticError) as error:
        return Finding(line=line, what=f"{place}: its epsilon cannot be computed ({error})", ok=False)
    if claimed.epsilon < quoted * (1 - TOLERANCE):
        what = f"{place} claims epsilon {claimed.epsilon:.6g}, and it is {quoted:.6g}: more was spent than was logged"
    elif claimed.epsilon > quoted * (1 + TOLERANCE) or (check and claimed.epsilon > check * (1 + TOLERANCE)):
        what = f"{place} claims epsilon {claimed.epsilon:.6g}, and it is {quoted:.6g}, or {check or 0:.6g} by RDP"
    else:
        return Finding(line=line, what=f"{place}: epsilon {claimed.epsilon:.6g}", ok=True)
    return Finding(line=line, what=what, ok=False)


def _plan(intent: Intent) -> Plan:
    relation = intent.epsilon_after.relation
    trust = intent.epsilon_after.trust
    return intent.sampling, relation, intent.sample_rate, intent.noise_multiplier, intent.delta, trust


@lru_cache(maxsize=4096)
def _epsilons(plan: Plan, rounds: int) -> tuple[float, float | None]:
    """The number to quote, and its cross-check by RDP where there is one."""
    # imported here: scipy and dp-accounting take a second, which the rest of a check need not spend
    from shared_model.privacy.coverage import account

    sampling, relation, sample_rate, noise_multiplier, delta, trust = plan
    found = account(
        sampling=sampling,
        relation=relation,
        sample_rate=sample_rate,
        noise_multiplier=noise_multiplier,
        rounds=rounds,
        delta=delta,
        trust=trust,
    )
    return found.epsilon, found.rdp
