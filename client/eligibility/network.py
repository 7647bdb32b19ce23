"""Whether there is a network, and whether its traffic is counted, as NetworkManager knows it."""

from dataclasses import dataclass

from client.eligibility.system_bus import read_properties

# enum NMMetered, nm-dbus-interface.h: 0 unknown, 1 yes, 2 no, 3 and 4 guessed yes and no. A guess goes by the kind of
# device and by what DHCP says (Android announces itself), and stands here for the thing itself
_UNMETERED = {1: False, 2: True, 3: False, 4: True}
# enum NMConnectivityState: 0 unknown (no check), 1 none, 2 behind a portal, 3 limited, 4 full. A coordinator may be
# inside a limited network
_ONLINE = {1: False, 2: False, 3: True, 4: True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """None: not known."""

    unmetered: bool | None
    online: bool | None


def read_network() -> Network:
    """Both None where NetworkManager gives no answer: another program may keep the network then."""
    found = read_properties(
        "org.freedesktop.NetworkManager",
        path="/org/freedesktop/NetworkManager",
        interface="org.freedesktop.NetworkManager",
    )
    return network_from(found or {})


def network_from(properties: dict[str, object]) -> Network:
    """From NetworkManager's own properties; what is missing or of no known value is unknown."""
    return Network(
        unmetered=_meaning(_UNMETERED, properties.get("Metered")),
        online=_meaning(_ONLINE, properties.get("Connectivity")),
    )


def _meaning(meanings: dict[int, bool], value: object) -> bool | None:
    return meanings.get(value) if isinstance(value, int) else None
