"""One check-in."""

from dataclasses import dataclass

from client.checkin.answers import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkin:
    """at_s: Unix seconds. score: None where a question that it needs was skipped, or where there is none."""

    at_s: float
    instrument: str
    instrument_version: int
    score: float | None
    answers: Answers
