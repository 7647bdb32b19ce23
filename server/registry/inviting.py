"""From an operator's wish to the line that is handed over."""

import re

from server.keys.signing import log_verifier, release_verifier
from server.place import Place
from server.registry.registry import Registry
from server.settings import Settings
from shared_model.errors import BadInput
from shared_model.wire.invitation import FORMAT_VERSION, Invitation

_LIFE = re.compile(r"([1-9][0-9]{0,4})([mhd])", re.ASCII)
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_LONGEST_S = 366 * 86_400


def life_s(text: str) -> int:
    """Seconds of `30m`, `12h` or `7d`. Raises BadInput for anything else, and beyond a year."""
    found = _LIFE.fullmatch(text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST_S:
        raise BadInput(f"invite: --expires {text!r}; give minutes, hours or days up to a year: 30m, 12h, 7d")
    return seconds


def invite(label: str, *, place: Place, settings: Settings, registry: Registry, now_s: int, life_s: int) -> Invitation:
    """A new invitation, of which the registry keeps only the hash of its secret. Raises as `Registry.invite`."""
    pinned = {
        "address": settings.distribution_address,
        "ca_pem": place.authority.read_text(encoding="ascii"),
        "log_key": log_verifier(place, settings).vkey,
        "release_key": release_verifier(place, settings).vkey,
    }
    population = settings.plan.population
    if registry.numbers_given() >= population:
        raise BadInput(
            f"invite: {population} devices were registered, and the plan counts no more; make another federation "
            "with a larger plan.population"
        )
    secret = registry.invite(label, now_s=now_s, life_s=life_s)
    return Invitation(
        format=FORMAT_VERSION, federation=settings.federation, secret=secret, expires_at_s=now_s + life_s, **pinned
    )
