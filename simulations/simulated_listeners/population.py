"""What a population of simulated listeners is like: the settings of `simulate_listeners`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared_model.errors import BadInput

FEWEST_PLAYS = 40
"""Of any simulated listener: the last 15 are held out for validation and test, and the rest must show a taste."""


def _home_languages() -> Mapping[str, float]:
    return {"de": 0.45, "en": 0.30, "fr": 0.20, "it": 0.05}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPopulation:
    """A population; every listener draws an own temperament, taste and habit from it.

    listeners: how many, at least 1.
    mean_plays: plays a listener on average, above 40; the excess over 40 is exponential.
    mood_effect: 0..1, the correlation between the mood that check-ins record and the mood that moves choices. At 0
        (the control) choices follow an unrecorded mood of the same distribution: repeats and weights are
        distributed as before and have nothing to do with any answer.
    checkin_rate: 0..1, mean share of sessions that begin with a mood check-in; None: the log records no moods.
    repeat: 0..1 exclusive, the median listener's probability to go back to a song of the own past.
    drift: 0..1, share of the variance of taste for themes and score that is renewed from session to session.
    popularity: 0 or more, Zipf's exponent: how far everyone follows the same ranking of songs.
    languages: share of listeners by the language they understand best.
    """

    listeners: int
    mean_plays: float = 120.0
    mood_effect: float = 1.0
    checkin_rate: float | None = 0.6
    repeat: float = 0.30
    drift: float = 0.02
    popularity: float = 0.7
    languages: Mapping[str, float] = field(default_factory=_home_languages)

    def __post_init__(self) -> None:
        rules = [
            ("listeners", self.listeners >= 1, "at least 1"),
            ("mean_plays", FEWEST_PLAYS < self.mean_plays < math.inf, f"above {FEWEST_PLAYS}"),
            ("mood_effect", 0 <= self.mood_effect <= 1, "from 0 to 1"),
            ("checkin_rate", self.checkin_rate is None or 0 <= self.checkin_rate <= 1, "from 0 to 1, or None"),
            ("repeat", 0 < self.repeat < 1, "between 0 and 1"),
            ("drift", 0 <= self.drift <= 1, "from 0 to 1"),
            ("popularity", 0 <= self.popularity < math.inf, "0 or more"),
            (
                "languages",
                bool(self.languages)
                and all(share >= 0 for share in self.languages.values())
                and math.isclose(sum(self.languages.values()), 1, abs_tol=1e-6),
                "shares that add up to 1",
            ),
        ]
        for name, holds, demand in rules:
            if not holds:
                raise BadInput(f"simulated listeners: {name} is {getattr(self, name)}; set it to {demand}")
