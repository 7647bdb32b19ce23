"""The rule: whether a job may run, from what was read and what the owner allows. What is unknown is a no."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from client.eligibility.preferences import Assumption, EligibilitySettings
from client.eligibility.reading import Reading


class Job(StrEnum):
    """Work that can wait. TUNE: the device's own copy of the model, without network. ROUND: training with others."""

    TUNE = "tune"
    ROUND = "round"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """reason: in plain words, why it waits; None where it is allowed."""

    allowed: bool
    reason: str | None


def judge(reading: Reading, settings: EligibilitySettings, *, job: Job) -> Verdict:
    """May `job` run now? The first hindrance is the reason: a pause, power, use, load, hours, for a round the network.

    Guarantee: allowed only if each thing asked for was read as such, or is unknown and in `settings.assume`.
    """
    reason = next(_hindrances(reading, settings, job), None)
    return Verdict(allowed=reason is None, reason=None if reason is None else f"waiting: {reason}")


def within_hours(hour: float, *, start: float, end: float) -> bool:
    """start <= hour < end, past midnight where the end is the smaller one; equal: always (BOINC's TIME_SPAN)."""
    if start == end:
        return True
    return start <= hour < end if start < end else hour >= start or hour < end


def _hindrances(reading: Reading, settings: EligibilitySettings, job: Job) -> Iterator[str]:
    assumed = settings.assume
    if settings.paused:
        yield "paused by you"
    if not settings.run_on_batteries:
        if reading.on_mains is None and Assumption.MAINS not in assumed:
            yield _unknown("whether this computer is on mains power", Assumption.MAINS)
        if reading.on_mains is False:
            yield "on battery"
    if not settings.run_if_user_active:
        yield from _in_use(reading.idle_min, settings)
    if settings.suspend_cpu_usage > 0:
        if reading.cpu_usage is None and Assumption.QUIET not in assumed:
            yield _unknown("how busy other programs keep this computer", Assumption.QUIET)
        if reading.cpu_usage is not None and reading.cpu_usage > settings.suspend_cpu_usage:
            yield f"other programs use {reading.cpu_usage:.0f} % of the CPU, more than {settings.suspend_cpu_usage:g} %"
    if not within_hours(reading.hour, start=settings.start_hour, end=settings.end_hour):
        yield f"may run from {_clock(settings.start_hour)} to {_clock(settings.end_hour)} only"
    if job is Job.ROUND:
        yield from _of_network(reading, settings)


def _in_use(idle_min: float | None, settings: EligibilitySettings) -> Iterator[str]:
    if idle_min is None:
        if Assumption.IDLE not in settings.assume:
            yield _unknown("whether somebody uses this computer", Assumption.IDLE)
    elif idle_min <= 0:
        yield "this computer is in use"
    elif idle_min < settings.idle_time_to_run:
        yield f"this computer was in use until {idle_min:.1f} minutes ago; {settings.idle_time_to_run:g} are asked for"


def _of_network(reading: Reading, settings: EligibilitySettings) -> Iterator[str]:
    if reading.online is False:
        yield "no network"
    if not settings.run_on_metered:
        if reading.unmetered is None and Assumption.UNMETERED not in settings.assume:
            yield _unknown("whether the network is metered", Assumption.UNMETERED)
        if reading.unmetered is False:
            yield "on a metered network"
    if not within_hours(reading.hour, start=settings.net_start_hour, end=settings.net_end_hour):
        yield f"rounds may run from {_clock(settings.net_start_hour)} to {_clock(settings.net_end_hour)} only"


def _unknown(what: str, word: Assumption) -> str:
    return f'cannot tell {what}; say so in settings.toml with eligibility.assume = ["{word}"]'


def _clock(hour: float) -> str:
    minutes = round(hour * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
