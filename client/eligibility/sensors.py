"""All sensors at once."""

import time

from client.eligibility.cpu import percent_of_others
from client.eligibility.network import read_network
from client.eligibility.power import on_mains
from client.eligibility.reading import Reading
from client.eligibility.session import minutes_idle


def read_sensors(now_s: float) -> Reading:
    """A reading of this moment; takes half a second, and at most a few where the system bus hangs.

    now_s: Unix seconds; the hour is that of the computer's own time zone.
    """
    network = read_network()
    local = time.localtime(now_s)
    return Reading(
        on_mains=on_mains(),
        idle_min=minutes_idle(now_s),
        unmetered=network.unmetered,
        online=network.online,
        cpu_usage=percent_of_others(),
        hour=local.tm_hour + local.tm_min / 60 + local.tm_sec / 3600,
    )
