"""What is known about this computer at one moment. None: it could not be read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """on_mains: False on battery, or on an UPS that runs empty.

    idle_min: minutes since somebody last used the computer, 0 while it is in use. unmetered: whether traffic costs
    nothing. online: whether there is a network beyond this computer; None is no hindrance, since a round without one
    fails by itself. cpu_usage: percent of all cores that other programs use, 0..100. hour: local time, 0 <= hour < 24.
    """

    on_mains: bool | None
    idle_min: float | None
    unmetered: bool | None
    online: bool | None
    cpu_usage: float | None
    hour: float
