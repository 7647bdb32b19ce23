"""The watcher as it is started, on a real session bus, with a player that is a real D-Bus service."""

import signal
import subprocess
import sys
import threading
import time

import pytest
from jeepney import DBusAddress, HeaderFields, MessageType, message_bus, new_error, new_method_return, new_signal
from jeepney.io.blocking import open_dbus_connection
from sqlalchemy import select

from client.consent.purpose import Purpose
from client.ingest.mpris_bus import INTERFACE, PATH
from client.profile import open_profile
from client.store.tables import listens, recordings
from tests.client.conftest import installed
from tests.client.prepared import make_profile, typed

pytestmark = pytest.mark.integration


class FakePlayer:
    """Owns a name, answers GetAll and says what changed."""

    def __init__(self, name: str) -> None:
        self.properties: dict[str, tuple[str, object]] = {"PlaybackStatus": ("s", "Stopped"), "Metadata": ("a{sv}", {})}
        self._bus = open_dbus_connection("SESSION")
        self._bus.send_and_get_reply(message_bus.RequestName(f"org.mpris.MediaPlayer2.{name}"), timeout=5)
        self._stopping = threading.Event()
        self.asked = threading.Event()
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def say(self, **properties: tuple[str, object]) -> None:
        self.properties |= properties
        emitter = DBusAddress(PATH, interface="org.freedesktop.DBus.Properties")
        self._bus.send(new_signal(emitter, "PropertiesChanged", "sa{sv}as", (INTERFACE, properties, [])))

    def quit(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._bus.close()

    def _answer(self) -> None:
        while not self._stopping.is_set():
            try:
                question = self._bus.receive(timeout=0.05)
            except TimeoutError:
                continue
            if question.header.message_type is not MessageType.method_call:
                continue
            if question.header.fields.get(HeaderFields.member) == "GetAll":
                self._bus.send(new_method_return(question, "a{sv}", (self.properties,)))
                self.asked.set()
            else:
                self._bus.send(new_error(question, "org.freedesktop.DBus.Error.UnknownMethod"))


def song(title: str, artist: tuple[str, object], seconds: float) -> tuple[str, object]:
    known = {"xesam:title": ("s", title), "xesam:artist": artist, "mpris:length": ("x", int(seconds * 1e6))}
    return ("a{sv}", known)


@pytest.fixture
def session_bus(tmp_path, monkeypatch):
    daemon = installed("dbus-daemon")
    command = [daemon, "--session", "--nofork", "--print-address", f"--address=unix:path={tmp_path / 'session'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield
        process.terminate()


@pytest.fixture
def folder_of_agreed(headless, tmp_path):
    make_profile(tmp_path / "p")
    with open_profile(tmp_path / "p") as profile:
        profile.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
    return tmp_path / "p"


def test_what_players_play_is_in_the_history_when_it_ended(session_bus, folder_of_agreed):
    before = FakePlayer("early")
    before.properties = {
        "Metadata": song("Er ist's", ("as", ["Hugo Wolf"]), 2.0),
        "PlaybackStatus": ("s", "Playing"),
    }
    command = [sys.executable, "-c", "from client.cli import main; main()", "watch", "--dir", str(folder_of_agreed)]
    later = None
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watcher:
        try:
            assert "listening to players" in watcher.stderr.readline()
            assert before.asked.wait(30)
            later = FakePlayer("later.instance7")
            assert later.asked.wait(30)
            later.say(Metadata=song("Gebet", ("s", "Hugo Wolf"), 1.0), PlaybackStatus=("s", "Playing"))
            time.sleep(1.5)
            before.quit()  # a player that goes away has ended its track
            later.say(Metadata=song("Never heard", ("as", ["Hugo Wolf"]), 600.0))
            time.sleep(0.5)
        finally:
            watcher.send_signal(signal.SIGINT)
            said = watcher.stderr.read()
            if later is not None:
                later.quit()
    assert (watcher.returncode, said) == (0, "watch: 2 plays added\n")
    with open_profile(folder_of_agreed) as profile, profile.history.connect() as connection:
        columns = (recordings.c.title, recordings.c.duration_ms, listens.c.played_ms, listens.c.import_id)
        rows = {row.title: row for row in connection.execute(select(*columns).select_from(listens.join(recordings)))}
    assert rows.keys() == {"Er ist's", "Gebet"}
    assert rows["Gebet"].duration_ms == 1_000
    assert all(row.played_ms >= row.duration_ms // 2 and row.import_id is None for row in rows.values())


def test_without_a_consent_it_does_not_begin(session_bus, headless, tmp_path):
    make_profile(tmp_path / "p")
    ran = typed("watch", "--dir", tmp_path / "p")
    assert (ran.code, ran.out) == (3, "")


@pytest.mark.parametrize("address", ["unix:path=/nowhere/bus", "nonsense", None])
def test_without_a_session_bus_it_says_so(folder_of_agreed, monkeypatch, address):
    if address is None:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    else:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    ran = typed("watch", "--dir", folder_of_agreed)
    assert ran.code == 2
    assert "watch: there is no D-Bus session bus to hear players on" in ran.err
    assert "Traceback" not in ran.err
