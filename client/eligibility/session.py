"""Whether somebody uses this computer, as logind knows it (org.freedesktop.login1(5)).

The desktops tell logind; GNOME and Plasma do, a bare window manager may not, and then the computer counts as in use.
"""

from client.eligibility.system_bus import read_properties


def minutes_idle(now_s: float) -> float | None:
    """Minutes since all sessions became idle, 0 while one is not; None where logind gives no answer.

    now_s: Unix seconds. Without any session logind says idle since 1970, and so does this.
    """
    found = read_properties(
        "org.freedesktop.login1", path="/org/freedesktop/login1", interface="org.freedesktop.login1.Manager"
    )
    if found is None:
        return None
    idle, since_us = found.get("IdleHint"), found.get("IdleSinceHint")
    if not isinstance(idle, bool) or not isinstance(since_us, int):
        return None
    return max(0.0, now_s - since_us / 1e6) / 60 if idle else 0.0
