"""What the leaves of a log must obey, in their order, whoever signed them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared_model.books.round_log import Intent, Leaf, Outcome, Result

_PLAN = (
    *("mechanism", "noise_multiplier", "planned_cohort", "minimum_cohort"),
    *("sample_rate", "sampling", "releases", "delta"),
)
_KIND = ("unit", "relation", "adversary", "trust")


@dataclass(slots=True, kw_only=True)
class _Run:
    """Where a run stands in the log. latest: its last intent; concluded: whether that has its outcome."""

    latest: Intent
    concluded: bool
    model_sha256: str


@dataclass(slots=True)
class Law:
    """Takes the leaves one by one and says what is wrong with the next, given those before it.

    A run's rounds are 1, 2, 3 ... without a gap, one at a time: an intent, then its outcome. An intent starts from the
    model of the outcome before it, and from the epsilon that the intent before it ended with (0 in round 1); epsilon
    never falls; the plan of a run never changes, but for the clip norm, which may adapt and moves no epsilon. An
    aborted round leaves the model as it was.
    """

    _runs: dict[str, _Run] = field(default_factory=dict)

    def breach(self, leaf: Leaf) -> str | None:
        """What is wrong with `leaf`, in words, or None; then it counts as logged."""
        run = self._runs.get(leaf.run)
        if isinstance(leaf, Outcome):
            found = _outcome_breach(leaf, run)
            if found is None and run is not None:
                run.concluded, run.model_sha256 = True, leaf.model_sha256
            return found
        found = _intent_breach(leaf, run)
        if found is None:
            self._runs[leaf.run] = _Run(latest=leaf, concluded=False, model_sha256=leaf.model_sha256)
        return found


def first_breach(leaves: Iterable[Leaf]) -> tuple[int, str] | None:
    """The number, from 1, of the first leaf that breaks the law, and what is wrong with it."""
    law = Law()
    for number, leaf in enumerate(leaves, 1):
        found = law.breach(leaf)
        if found is not None:
            return number, found
    return None


def _outcome_breach(leaf: Outcome, run: _Run | None) -> str | None:
    if run is None or leaf.round > run.latest.round:
        return f"the outcome of round {leaf.round} comes before its intent"
    if leaf.round < run.latest.round or run.concluded:
        return f"round {leaf.round} has an outcome already"
    if leaf.result is Result.ABORTED and leaf.model_sha256 != run.model_sha256:
        return f"round {leaf.round} was aborted, and changed the model"
    return None


def _intent_breach(leaf: Intent, run: _Run | None) -> str | None:
    before, after = leaf.epsilon_before, leaf.epsilon_after
    if any(getattr(before, name) is not getattr(after, name) for name in _KIND):
        return "its epsilons before and after are of different kinds"
    if not after.epsilon >= before.epsilon:
        return f"epsilon falls from {before.epsilon} to {after.epsilon}"
    if run is None:
        if leaf.round != 1:
            return f"the run begins with round {leaf.round}"
        return None if before.epsilon == 0 else f"the run begins with an epsilon of {before.epsilon}"
    latest = run.latest
    if leaf.round <= latest.round:
        return f"round {leaf.round} is announced twice"
    if leaf.round != latest.round + 1:
        return f"round {leaf.round} follows round {latest.round}"
    if not run.concluded:
        return f"round {leaf.round} is announced before the outcome of round {latest.round}"
    if leaf.model_sha256 != run.model_sha256:
        return f"round {leaf.round} starts from another model than round {latest.round} ended with"
    if before != latest.epsilon_after:
        return f"round {leaf.round} starts from another epsilon than round {latest.round} ended with"
    changed = [name for name in _PLAN if getattr(leaf, name) != getattr(latest, name)]
    return f"round {leaf.round} has another {changed[0]} than round {latest.round}" if changed else None
