"""The systemd units: systemd's own reader finds nothing wrong with them, and they leave little open."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVER, DEVICE, PAGE = "sottovoce-server.service", "sottovoce-device.service", "sottovoce-page.service"
EXPOSURE = {SERVER: 1.3, DEVICE: 2.4, PAGE: 2.2}
"""Of 10, where below 2 is "OK" for a service of the system, and 9.6 what nothing hardened gets. One of a user cannot
hide other processes or have a user of its own, for which systemd counts."""


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None and "CI" not in os.environ:
        pytest.skip("needs systemd-analyze, from Debian's package systemd")
    assert found is not None, "install Debian's systemd, whose systemd-analyze this needs"
    return found


def installed(unit: str, folder: Path) -> Path:
    """The unit with the programs of this environment in the place of those below /opt."""
    text = (UNITS / unit).read_text(encoding="utf-8")
    path = folder / unit
    path.write_text(text.replace("/opt/sottovoce/bin", sysconfig.get_path("scripts")), encoding="utf-8")
    return path


def settings(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", (UNITS / unit).read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def complaints(analyze: str, unit: Path, *words: str) -> str:
    environment = os.environ | {"XDG_RUNTIME_DIR": str(unit.parent)}
    done = subprocess.run(
        [analyze, *words, "verify", "--man=no", unit], env=environment, capture_output=True, text=True
    )
    return done.stdout + done.stderr if done.returncode else done.stderr


@pytest.mark.parametrize(("unit", "words"), [(SERVER, ()), (DEVICE, ("--user",)), (PAGE, ("--user",))])
def test_systemd_understands_every_line(analyze: str, unit: str, words: tuple[str, ...], tmp_path: Path) -> None:
    assert complaints(analyze, installed(unit, tmp_path), *words) == ""


def test_a_line_that_systemd_does_not_know_is_found(analyze: str, tmp_path: Path) -> None:
    path = installed(SERVER, tmp_path)
    path.write_text(path.read_text().replace("ProtectSystem=strict", "ProtectSystems=strict"))
    assert "ProtectSystems" in complaints(analyze, path)


@pytest.mark.parametrize("unit", [SERVER, DEVICE, PAGE])
def test_little_is_left_open(analyze: str, unit: str, tmp_path: Path) -> None:
    assert exposure(analyze, installed(unit, tmp_path)) <= EXPOSURE[unit]


def test_opening_something_is_seen(analyze: str, tmp_path: Path) -> None:
    path = installed(SERVER, tmp_path)
    path.write_text(path.read_text().replace("SystemCallFilter=@system-service\n", ""))
    assert exposure(analyze, path) > EXPOSURE[SERVER]


def exposure(analyze: str, unit: Path) -> float:
    command = [analyze, "security", "--offline=true", "--no-pager", unit]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (score,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", told)
    return float(score)


@pytest.mark.parametrize("unit", [SERVER, DEVICE, PAGE])
def test_what_told_why_it_ended_is_not_started_again(unit: str) -> None:
    assert settings(unit)["RestartPreventExitStatus"] == ["2 3"]


def test_a_device_gives_way_to_everything_else() -> None:
    found = settings(DEVICE)
    assert (found["Nice"], found["CPUSchedulingPolicy"], found["IOSchedulingClass"]) == (["19"], ["idle"], ["idle"])


def test_the_page_talks_to_this_computer_alone() -> None:
    found = settings(PAGE)
    assert (found["IPAddressAllow"], found["IPAddressDeny"]) == (["localhost"], ["any"])
    assert found["RestrictAddressFamilies"] == ["AF_INET AF_UNIX"]


@pytest.mark.parametrize("unit", [SERVER, DEVICE, PAGE])
def test_no_secret_stands_in_a_unit(unit: str) -> None:
    assert not re.search(r"^Environment=.*PASSPHRASE", (UNITS / unit).read_text(), re.MULTILINE)
