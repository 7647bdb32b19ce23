"""logind and NetworkManager, asked over a real bus."""

import socket
import time

import pytest

from client.eligibility.network import Network, read_network
from client.eligibility.sensors import read_sensors
from client.eligibility.session import minutes_idle
from client.eligibility.system_bus import TIMEOUT_S, read_properties

LOGIND, NETWORK_MANAGER = "org.freedesktop.login1", "org.freedesktop.NetworkManager"
NOW_S = 1_800_000_000.0
UNKNOWN = Network(unmetered=None, online=None)

pytestmark = pytest.mark.integration


def idle_since(seconds_ago: float) -> dict[str, tuple[str, object]]:
    return {"IdleHint": ("b", True), "IdleSinceHint": ("t", int((NOW_S - seconds_ago) * 1e6)), "Docked": ("b", False)}


def test_minutes_since_all_sessions_are_idle(serve):
    serve(LOGIND, idle_since(12 * 60))
    assert minutes_idle(NOW_S) == pytest.approx(12)


def test_a_computer_in_use_is_idle_for_no_time(serve):
    serve(LOGIND, idle_since(12 * 60) | {"IdleHint": ("b", False)})
    assert minutes_idle(NOW_S) == 0


def test_a_clock_that_was_set_back_is_no_negative_time(serve):
    serve(LOGIND, idle_since(-500))
    assert minutes_idle(NOW_S) == 0


def test_a_logind_without_hints_is_unknown(serve):
    serve(LOGIND, {"Docked": ("b", False)})
    assert minutes_idle(NOW_S) is None


def test_networkmanager_tells_metered_and_connected(serve):
    serve(NETWORK_MANAGER, {"Metered": ("u", 4), "Connectivity": ("u", 4), "Version": ("s", "1.52.0")})
    assert read_network() == Network(unmetered=True, online=True)


def test_a_phone_as_hot_spot_is_metered(serve):
    serve(NETWORK_MANAGER, {"Metered": ("u", 3), "Connectivity": ("u", 0)})
    assert read_network() == Network(unmetered=False, online=None)


def test_all_sensors_together(serve):
    serve(LOGIND, idle_since(600))
    serve(NETWORK_MANAGER, {"Metered": ("u", 2), "Connectivity": ("u", 4)})
    reading = read_sensors(NOW_S)
    assert (reading.idle_min, reading.unmetered, reading.online) == (pytest.approx(10), True, True)
    assert 0 <= reading.hour < 24


def test_a_bus_without_the_services_is_unknown(system_bus):
    assert minutes_idle(NOW_S) is None
    assert read_network() == UNKNOWN


def test_a_service_with_nothing_to_say_is_unknown(serve):
    serve(LOGIND, {})
    assert read_properties(LOGIND, path="/", interface="org.freedesktop.login1.Manager") == {}
    assert minutes_idle(NOW_S) is None


def test_a_service_that_does_not_run_is_not_started_for_the_question(system_bus, tmp_path):
    assert read_network() == UNKNOWN
    assert not (tmp_path / "started").exists()


def test_a_service_that_never_answers_is_given_up(serve):
    serve(NETWORK_MANAGER, None)
    began = time.monotonic()
    assert read_network() == UNKNOWN
    assert time.monotonic() - began < 3 * TIMEOUT_S


def test_a_bus_that_never_answers_is_given_up(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
        assert read_network() == UNKNOWN


@pytest.mark.parametrize("address", ["unix:path={}/none", "tcp:host=localhost,port=1", "nonsense"])
def test_no_bus_is_unknown(tmp_path, monkeypatch, address):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address.format(tmp_path))
    assert minutes_idle(NOW_S) is None
    assert read_network() == UNKNOWN
