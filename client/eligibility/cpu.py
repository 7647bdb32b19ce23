"""How busy other programs keep this computer."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

_WATCHED_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuSeconds:
    """Seconds of CPU over all cores, counted from some moment: available, spent by anyone, spent by this process."""

    available: float
    spent: float
    own: float


def percent_of_others(*, sleep: Callable[[float], None] = time.sleep) -> float | None:
    """Percent of all cores, 0..100, that other programs use during half a second; None where it cannot be read."""
    try:
        before = _count()
        sleep(_WATCHED_S)
        return percent_between(before, _count())
    except (psutil.Error, OSError):
        return None


def percent_between(before: CpuSeconds, after: CpuSeconds) -> float | None:
    """0..100; None where no time passed."""
    available = after.available - before.available
    if available <= 0:
        return None
    others = (after.spent - before.spent) - (after.own - before.own)
    return min(max(100 * others / available, 0.0), 100.0)


def _count() -> CpuSeconds:
    # Linux counts guests within user and nice
    times = {name: value for name, value in psutil.cpu_times()._asdict().items() if not name.startswith("guest")}
    available = sum(times.values())
    waiting = times["idle"] + times.get("iowait", 0.0)
    own = psutil.Process().cpu_times()
    return CpuSeconds(available=available, spent=available - waiting, own=own.user + own.system)
