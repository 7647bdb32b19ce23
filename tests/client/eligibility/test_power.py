from pathlib import Path

import pytest

from client.eligibility import power
from client.eligibility.power import on_mains, on_mains_by

# as `grep . /sys/class/power_supply/*/{type,online,status,scope}` shows them on real machines
ADAPTER = {"type": "Mains", "online": "1"}
UNPLUGGED = {"type": "Mains", "online": "0"}
CHARGING = {"type": "Battery", "status": "Charging", "capacity": "57"}
DISCHARGING = {"type": "Battery", "status": "Discharging", "capacity": "57"}
HELD_AT_80 = {"type": "Battery", "status": "Not charging", "capacity": "80"}
FULL = {"type": "Battery", "status": "Full", "capacity": "100"}
UNSURE = {"type": "Battery", "status": "Unknown", "capacity": "57"}
USB_C = {"type": "USB", "online": "1", "scope": "System"}
EMPTY_USB_C = {"type": "USB", "online": "0", "scope": "System"}
MOUSE = {"type": "Battery", "status": "Discharging", "scope": "Device", "capacity": "20"}
UPS = {"type": "UPS", "status": "Full", "scope": "System"}
UPS_RUNS_EMPTY = {"type": "UPS", "status": "Discharging", "scope": "System"}


def made(folder: Path, **supplies: dict[str, str]) -> Path:
    folder.mkdir()
    for name, values in supplies.items():
        (folder / name).mkdir()
        for file, value in values.items():
            (folder / name / file).write_text(f"{value}\n")
    return folder


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ({}, True),
        ({"AC": ADAPTER, "BAT0": CHARGING}, True),
        ({"ADP1": ADAPTER, "BAT1": HELD_AT_80}, True),
        ({"ADP1": ADAPTER, "BAT0": DISCHARGING}, True),  # an adapter weaker than the load
        ({"ADP1": UNPLUGGED, "BAT0": DISCHARGING}, False),
        ({"ADP1": UNPLUGGED, "BAT0": FULL}, False),  # the battery has not noticed yet
        ({"ADP1": UNPLUGGED, "BAT0": DISCHARGING, "ucsi-source-psy-1": USB_C}, True),
        ({"BAT0": DISCHARGING}, False),
        ({"BAT0": CHARGING, "BAT1": DISCHARGING}, False),
        ({"BAT0": FULL, "BAT1": HELD_AT_80}, True),
        ({"BAT0": UNSURE}, None),
        ({"hidpp_battery_0": MOUSE}, True),
        ({"ADP1": ADAPTER, "BAT0": FULL, "hidpp_battery_0": MOUSE}, True),
        ({"ucsi-source-psy-1": EMPTY_USB_C}, True),
        ({"ups": UPS}, True),
        ({"ups": UPS_RUNS_EMPTY}, False),
        ({"AC": ADAPTER, "ups": UPS_RUNS_EMPTY}, False),
        ({"strange": {"online": "0"}}, None),
    ],
)
def test_supplies_of_real_shape(tmp_path, supplies, expected):
    assert on_mains_by(made(tmp_path / "power_supply", **supplies)) is expected


def test_no_folder_is_unknown(tmp_path):
    assert on_mains_by(tmp_path / "none") is None


@pytest.mark.parametrize(("plugged", "expected"), [(True, True), (False, False), (None, None)])
def test_elsewhere_psutil_is_asked(monkeypatch, plugged, expected):
    monkeypatch.setattr(power.platform, "system", lambda: "Darwin")
    battery = type("Battery", (), {"power_plugged": plugged})()
    monkeypatch.setattr(power.psutil, "sensors_battery", lambda: battery)
    assert on_mains() is expected


def test_elsewhere_no_battery_is_unknown_since_psutil_does_not_tell(monkeypatch):
    monkeypatch.setattr(power.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(power.psutil, "sensors_battery", lambda: None)
    assert on_mains() is None
    monkeypatch.delattr(power.psutil, "sensors_battery")
    assert on_mains() is None
