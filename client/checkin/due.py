"""Which instruments are due. It is shown when asked for; nothing ever reminds anybody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from client.checkin.checkin import Checkin
from client.checkin.instrument import Instrument

_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """last_at_s: Unix seconds of its last check-in, None before the first."""

    instrument: Instrument
    last_at_s: float | None
    due: bool


def standings(instruments: Sequence[Instrument], checkins: Iterable[Checkin], *, now_s: float) -> list[Standing]:
    """One for each instrument, in their order.

    Due: never answered, or not for its interval. Of an instrument and its alternatives the one that was answered last
    is due, and at first the one that the others are alternatives to.
    """
    last: dict[str, Checkin] = {}
    for checkin in sorted(checkins, key=lambda checkin: checkin.at_s):
        last[checkin.instrument] = checkin
    found = []
    for instrument in instruments:
        base = instrument.alternative_to or instrument.name
        group = [each for each in instruments if (each.alternative_to or each.name) == base]
        answered = [last[each.name] for each in group if each.name in last]
        latest = max(answered, key=lambda checkin: checkin.at_s, default=None)
        turn = base if latest is None else latest.instrument
        elapsed = latest is None or now_s - latest.at_s >= instrument.interval_days * _DAY_S
        own = last.get(instrument.name)
        found.append(
            Standing(
                instrument=instrument,
                last_at_s=None if own is None else own.at_s,
                due=instrument.name == turn and elapsed,
            )
        )
    return found
