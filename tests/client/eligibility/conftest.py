"""A system bus of the tests' own: a real dbus-daemon in a temporary folder, and small services on it."""

import getpass
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from jeepney import HeaderFields, MessageType, message_bus, new_error, new_method_return
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from tests.client.conftest import installed

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""
Properties = dict[str, tuple[str, object]]
Serve = Callable[[str, Properties | None], None]


@pytest.fixture
def system_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """DBUS_SYSTEM_BUS_ADDRESS is a private, empty bus."""
    daemon = installed("dbus-daemon")
    socket, config = tmp_path / "bus", tmp_path / "system.conf"
    config.write_text(CONFIG.format(socket=socket, services=_startable(tmp_path)))
    command = [daemon, f"--config-file={config}", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert str(socket) in process.stdout.readline()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={socket}")
        try:
            yield
        finally:
            os.kill(process.pid, signal.SIGTERM)


@pytest.fixture
def serve(system_bus: None) -> Iterator[Serve]:
    """`serve(name, properties)` takes that name and answers Properties.GetAll; None: it never answers."""
    with ExitStack() as stack:
        yield lambda name, properties: stack.enter_context(_served(name, properties))


def _startable(folder: Path) -> Path:
    """A folder of services that the bus may start: a NetworkManager that leaves a file named `started`."""
    services = folder / "services"
    services.mkdir()
    (services / "NetworkManager.service").write_text(
        "[D-BUS Service]\nName=org.freedesktop.NetworkManager\n"
        f"User={getpass.getuser()}\nExec=/usr/bin/touch {folder / 'started'}\n"
    )
    return services


@contextmanager
def _served(name: str, properties: Properties | None) -> Iterator[None]:
    with open_dbus_connection("SYSTEM") as connection:
        connection.send_and_get_reply(message_bus.RequestName(name), timeout=5)
        stopping = threading.Event()
        thread = threading.Thread(target=_answer, args=(connection, properties, stopping))
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


def _answer(connection: DBusConnection, properties: Properties | None, stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            question = connection.receive(timeout=0.05)
        except TimeoutError:
            continue
        if question.header.message_type is not MessageType.method_call or properties is None:
            continue
        if question.header.fields.get(HeaderFields.member) == "GetAll":
            connection.send(new_method_return(question, "a{sv}", (properties,)))
        else:
            connection.send(new_error(question, "org.freedesktop.DBus.Error.UnknownMethod"))
