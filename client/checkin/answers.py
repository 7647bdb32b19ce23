"""Answers to one instrument: read, checked and scored. No message ever repeats an answer."""

import math
from collections.abc import Mapping

from client.checkin.instrument import Instrument
from client.checkin.scoring import combine
from shared_model.errors import BadInput

Answers = Mapping[str, float | None]
"""Item id to value; None: skipped."""

SKIPPED = "-"


def parse_answer(text: str, instrument: Instrument) -> float | None:
    """One answer as typed; "-" or nothing skips. Raises ValueError, without the text, where it is none."""
    text = text.strip()
    if text in ("", SKIPPED):
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not instrument.scale.allows(value):
        raise ValueError(f"not one of {choices(instrument)}") from None
    return value


def parse_answers(text: str, instrument: Instrument) -> Answers:
    """All answers in the order of the items, separated by commas. Raises BadInput."""
    parts, items = text.split(","), instrument.items
    if len(parts) != len(items):
        raise BadInput(
            f"checkin: --answers has {len(parts)} answers, {instrument.title} has {len(items)} questions; "
            f"write {SKIPPED} for one to skip"
        )
    answers: dict[str, float | None] = {}
    for number, (part, item) in enumerate(zip(parts, items, strict=True), start=1):
        try:
            answers[item.id] = parse_answer(part, instrument)
        except ValueError as error:
            raise BadInput(f"checkin: answer {number} of {len(items)} is {error}; nothing was stored") from None
    return answers


def choices(instrument: Instrument) -> str:
    """What may be answered, in words: "0, 1, 2, 3, 4 or - to skip"."""
    scale = instrument.scale
    values = (
        ", ".join(f"{value:g}" for value in scale.values) or f"a number from {scale.minimum:g} to {scale.maximum:g}"
    )
    return f"{values} or {SKIPPED} to skip"


def score(instrument: Instrument, answers: Answers) -> float | None:
    """The instrument's score; None where a question was skipped (nothing is imputed) or where it has no score."""
    given = [answers[item.id] for item in instrument.items]
    values = [value for value in given if value is not None]
    return combine(instrument.scoring, values) if len(values) == len(given) else None


def reaches_help(instrument: Instrument, answers: Answers) -> bool:
    """Whether the help page is shown: the score is at its threshold or worse, whatever the skipped answers would be."""
    if instrument.help is None:
        return False
    worse = instrument.higher_is == "worse"
    mildest = instrument.scale.minimum if worse else instrument.scale.maximum
    given = [answers[item.id] for item in instrument.items]
    bound = combine(instrument.scoring, [mildest if value is None else value for value in given])
    assert bound is not None  # an instrument without score has no help
    return bound >= instrument.help.at if worse else bound <= instrument.help.at
