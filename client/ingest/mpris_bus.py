"""Players on the D-Bus session bus: those that are there, those that come and go, and what they say."""

from collections import deque
from collections.abc import Callable, Iterator

from jeepney import DBusAddress, DBusErrorResponse, HeaderFields, MatchRule, Message, MessageType, Properties
from jeepney.auth import AuthenticationError
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from client.ingest.mpris import Moment, Player, track_of
from shared_model.errors import BadInput
from shared_model.listen import Listen

PREFIX = "org.mpris.MediaPlayer2."
PATH = "/org/mpris/MediaPlayer2"
INTERFACE = "org.mpris.MediaPlayer2.Player"
_TIMEOUT_S = 1.0


def watch_players(clock: Callable[[], Moment], *, stopped: Callable[[], bool]) -> Iterator[Listen]:
    """Plays that count, each when it ends; those that are under way when `stopped` says so are ended then.

    Raises BadInput where there is no session bus, or when it goes away.
    """
    try:
        with open_dbus_connection("SESSION", auth_timeout=_TIMEOUT_S) as bus:
            yield from _Watch(bus, clock).plays(stopped)
    # RuntimeError, KeyError: no address, or one of a transport that jeepney does not speak; ValueError: none at all
    except (OSError, AuthenticationError, RuntimeError, ValueError, KeyError) as error:
        raise BadInput(
            "watch: there is no D-Bus session bus to hear players on; run it in a desktop session"
        ) from error


class _Watch:
    def __init__(self, bus: DBusConnection, clock: Callable[[], Moment]) -> None:
        self._bus = bus
        self._clock = clock
        self._players: dict[str, Player] = {}
        self._said: deque[Message] = deque()

    def plays(self, stopped: Callable[[], bool]) -> Iterator[Listen]:
        owners = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
        owners.add_arg_condition(0, PREFIX.rstrip("."), kind="namespace")
        changes = MatchRule(
            type="signal", interface="org.freedesktop.DBus.Properties", member="PropertiesChanged", path=PATH
        )
        jumps = MatchRule(type="signal", interface=INTERFACE, member="Seeked", path=PATH)
        for rule in (owners, changes, jumps):
            # before players are listed, so that none comes unseen in between
            self._bus.filter(rule, queue=self._said)
            self._bus.send_and_get_reply(message_bus.AddMatch(rule), timeout=_TIMEOUT_S)
        (names,) = self._bus.send_and_get_reply(message_bus.ListNames(), timeout=_TIMEOUT_S).body
        for name in names:
            if name.startswith(PREFIX):
                yield from self._meet(name)
        while not stopped():
            try:
                said = self._bus.recv_until_filtered(self._said, timeout=0.2)
            except TimeoutError:
                continue
            yield from self._hear(said)
        for player in self._players.values():
            yield from _given(player.ended(self._clock()))

    def _meet(self, name: str) -> Iterator[Listen]:
        """A player that is there: who it is, what it plays."""
        owner = self._bus.send_and_get_reply(message_bus.GetNameOwner(name), timeout=_TIMEOUT_S)
        if owner.header.message_type is not MessageType.method_return:
            return
        player = self._players.setdefault(owner.body[0], Player())
        question = Properties(DBusAddress(PATH, bus_name=name, interface=INTERFACE)).get_all()
        try:
            answer = self._bus.send_and_get_reply(question, timeout=_TIMEOUT_S)
        except (TimeoutError, DBusErrorResponse):
            return  # it may tell later
        if answer.header.message_type is MessageType.method_return:
            yield from self._changed(player, answer.body[0])

    def _hear(self, said: Message) -> Iterator[Listen]:
        member, sender = said.header.fields[HeaderFields.member], said.header.fields.get(HeaderFields.sender, "")
        if member == "NameOwnerChanged":
            name, before, after = said.body
            if before in self._players:
                yield from _given(self._players.pop(before).ended(self._clock()))
            if after:
                yield from self._meet(name)
        elif sender in self._players and member == "Seeked":
            yield from _given(self._players[sender].jumped(said.body[0], self._clock()))
        elif sender in self._players and said.body[0] == INTERFACE:
            yield from self._changed(self._players[sender], said.body[1])

    def _changed(self, player: Player, properties: dict[str, tuple[str, object]]) -> Iterator[Listen]:
        now = self._clock()
        _, metadata = properties.get("Metadata", ("", None))
        if isinstance(metadata, dict):
            named = {key: value for key, (_, value) in metadata.items()}
            yield from _given(player.named(track_of(named), now))
        _, status = properties.get("PlaybackStatus", ("", None))
        if isinstance(status, str):
            yield from _given(player.turned(status, now))


def _given(listen: Listen | None) -> Iterator[Listen]:
    if listen is not None:
        yield listen
