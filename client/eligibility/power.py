"""Whether this computer is on mains power.

On Linux from /sys/class/power_supply (Documentation/ABI/testing/sysfs-class-power in the kernel): psutil looks there
for adapters named AC0 and AC only, and says the same of a computer without battery as of one that it cannot read.
"""

import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

_SUPPLIES = Path("/sys/class/power_supply")
_RESTING = {"Charging", "Full", "Not charging"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Supply:
    """kind: Mains, Battery, UPS, USB and others. None: not readable, or not there."""

    kind: str | None
    online: str | None
    status: str | None


def on_mains() -> bool | None:
    """None where it cannot be told."""
    if platform.system() == "Linux":
        return on_mains_by(_SUPPLIES)
    sensors = getattr(psutil, "sensors_battery", None)  # not on every system
    battery = sensors() if sensors is not None else None
    plugged = battery.power_plugged if battery is not None else None
    return None if plugged is None else bool(plugged)


def on_mains_by(folder: Path) -> bool | None:
    """From a folder of the shape of /sys/class/power_supply.

    A folder with no battery in it is a computer without one: on mains. No folder: unknown. Batteries of mice and
    headsets (scope Device) do not count.
    """
    try:
        supplies = [_read(path) for path in sorted(folder.iterdir()) if _value(path / "scope") != "Device"]
    except OSError:
        return None
    stores = [supply for supply in supplies if supply.kind in ("Battery", "UPS")]
    if any(supply.kind == "UPS" and supply.status == "Discharging" for supply in stores):
        return False
    if any(supply.online == "1" for supply in supplies if supply not in stores):
        return True
    if not stores:  # USB ports of a desktop are listed too, as offline
        return None if any(supply.kind is None for supply in supplies) else True
    if any(supply.status == "Discharging" for supply in stores):
        return False
    if any(supply.kind == "Mains" and supply.online == "0" for supply in supplies):
        return False
    return True if all(supply.status in _RESTING for supply in stores) else None


def _read(path: Path) -> _Supply:
    return _Supply(kind=_value(path / "type"), online=_value(path / "online"), status=_value(path / "status"))


def _value(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
