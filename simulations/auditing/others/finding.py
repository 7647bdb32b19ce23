"""One row of what was found: what was claimed, or should be, and what is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """question: its number on the page; good: whether it is as it was claimed, or as it should be.

    trials: releases of either kind where the gate ran, 0 where nothing was drawn.
    """

    question: int
    mechanism: str
    situation: str
    claimed: str
    found: str
    exact: str
    good: bool
    trials: int = 0
