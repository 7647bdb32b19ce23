"""Check-ins to test with."""

from client.checkin.answers import score
from client.checkin.checkin import Checkin
from client.checkin.shipped import instrument_named

HOUR_S, DAY_S = 3_600, 86_400


def slider(at_s: float, valence: float | None, arousal: float | None = None) -> Checkin:
    """valence, arousal: -1..1."""
    answers = {
        item: None if value is None else (value + 1) / 2
        for item, value in (("pleasure", valence), ("arousal", arousal))
    }
    return Checkin(at_s=at_s, instrument="affective_slider", instrument_version=1, score=None, answers=answers)


def form(name: str, at_s: float, *values: float | None) -> Checkin:
    """values: one for each item of a shipped instrument, or one for all of them."""
    instrument = instrument_named(name)
    given = values if len(values) > 1 else values * len(instrument.items)
    answers = {item.id: value for item, value in zip(instrument.items, given, strict=True)}
    return Checkin(at_s=at_s, instrument=name, instrument_version=1, score=score(instrument, answers), answers=answers)
