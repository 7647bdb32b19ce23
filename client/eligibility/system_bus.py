"""One question to a service on the D-Bus system bus. No bus, no service, no answer in time: None."""

from jeepney import DBusAddress, DBusErrorResponse, MessageFlag, MessageType, Properties
from jeepney.auth import AuthenticationError
from jeepney.io.blocking import open_dbus_connection

TIMEOUT_S = 1.0


def read_properties(bus_name: str, *, path: str, interface: str) -> dict[str, object] | None:
    """All properties of one object of a service that already runs; it is never started for the question."""
    question = Properties(DBusAddress(path, bus_name=bus_name, interface=interface)).get_all()
    question.header.flags |= MessageFlag.no_auto_start
    try:
        with open_dbus_connection("SYSTEM", auth_timeout=TIMEOUT_S) as bus:
            answer = bus.send_and_get_reply(question, timeout=TIMEOUT_S)
    # RuntimeError: an address of a transport that jeepney does not speak; ValueError: an address that is none
    except (OSError, AuthenticationError, DBusErrorResponse, RuntimeError, ValueError):
        return None
    if answer.header.message_type is not MessageType.method_return:
        return None
    return {name: value for name, (_signature, value) in answer.body[0].items()}
