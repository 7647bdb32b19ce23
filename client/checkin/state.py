"""The psychological state before each play, from check-ins. What nobody answered is NaN, never a guess.

Letters: T moments, S = 8 features of `STATE_FEATURES`, C check-ins of one kind. Simulated listeners have the same
in `simulations/simulated_listeners/checkins.py`, and a test holds the two together.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from client.checkin.checkin import Checkin
from shared_model.head.psychological_state import STATE_FEATURES

SLIDER_LASTS_H = 168.0
QUESTIONNAIRE_LASTS_H = 24.0 * 60
VARIABILITY_WINDOW = 14
FEWEST_FOR_VARIABILITY = 3
_K6_ITEMS = ("nervous", "hopeless", "restless", "cheerless", "effort", "worthless")
_Floats = NDArray[np.float64]


def states_at(checkins: Iterable[Checkin], at_s: _Floats) -> NDArray[np.float32]:
    """(T, S) in the order of `STATE_FEATURES`, as known at each moment; at_s: (T,) Unix seconds, in any order.

    Only check-ins *before* a moment are read, not those of the same second: the time of a check-in is rounded down, as
    that of a play is, and a mood measured after a play began would leak. A check-in stands until the next of its kind,
    also where that one skipped the question, or until its age feature reaches 1 (sliders 168 h, K6 and WHO-5 60 days).
    questionnaire_age is that of the later one of K6 and WHO-5. Variability: standard deviation of the last 14 answers,
    of at least 3.
    """
    ordered = sorted(checkins, key=lambda checkin: checkin.at_s)
    sliders = [checkin for checkin in ordered if checkin.instrument == "affective_slider"]
    k6 = [checkin for checkin in ordered if checkin.instrument in ("k6", "k10")]
    who5 = [checkin for checkin in ordered if checkin.instrument == "who5"]
    forms = [checkin for checkin in ordered if checkin.instrument in ("k6", "k10", "who5")]

    slider, slider_age_h = _latest(sliders, at_s, lasts_h=SLIDER_LASTS_H)
    latest_k6, _ = _latest(k6, at_s, lasts_h=QUESTIONNAIRE_LASTS_H)
    latest_who5, _ = _latest(who5, at_s, lasts_h=QUESTIONNAIRE_LASTS_H)
    _, form_age_h = _latest(forms, at_s, lasts_h=QUESTIONNAIRE_LASTS_H)
    valence, arousal = (_floats(_stretched(each, item) for each in sliders) for item in ("pleasure", "arousal"))
    features = {
        "valence": _at(valence, slider),
        "arousal": _at(arousal, slider),
        "k6": _at(_floats(k6_score(each) for each in k6) / 24, latest_k6),
        "who5": _at(_floats(each.score for each in who5) / 100, latest_who5),
        "slider_age": np.log1p(slider_age_h) / np.log1p(SLIDER_LASTS_H),
        "questionnaire_age": np.log1p(form_age_h) / np.log1p(QUESTIONNAIRE_LASTS_H),
        "valence_variability": _at(_recent_deviation(valence), slider),
        "arousal_variability": _at(_recent_deviation(arousal), slider),
    }
    return np.stack([features[name] for name in STATE_FEATURES], axis=-1).astype(np.float32)


def k6_score(checkin: Checkin) -> float | None:
    """0..24, of a K6 or of the six questions in a K10 that are the K6, each counted from 0 instead of 1.

    "A six-question short-form scale embedded within the 10-question scale" (Kessler et al. 2002, Psychological Medicine
    32, 959-976): the same questions, period and answers, so that a K10 needs no conversion table. None where one of the
    six was skipped.
    """
    if checkin.instrument == "k6":
        return checkin.score
    values = [checkin.answers.get(item) for item in _K6_ITEMS]
    given = [value for value in values if value is not None]
    return sum(given) - len(given) if len(given) == len(values) else None


def _stretched(checkin: Checkin, item: str) -> float | None:
    value = checkin.answers.get(item)
    return None if value is None else 2 * value - 1


def _floats(values: Iterable[float | None]) -> _Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _latest(checkins: Sequence[Checkin], at_s: _Floats, *, lasts_h: float) -> tuple[NDArray[np.int64], _Floats]:
    """(T,) the check-in that stands, -1 for none, and its age in hours, NaN for none."""
    given_s = np.array([checkin.at_s for checkin in checkins], dtype=np.float64)
    latest = np.searchsorted(given_s, at_s, side="left").astype(np.int64) - 1
    if len(given_s) == 0:
        return latest, np.full(len(at_s), np.nan)
    age_h = (at_s - given_s[np.maximum(latest, 0)]) / 3_600
    stands = (latest >= 0) & (age_h <= lasts_h)
    return np.where(stands, latest, -1), np.where(stands, age_h, np.nan)


def _at(values: _Floats, checkin: NDArray[np.int64]) -> _Floats:
    """(T,) values: (C,)."""
    return np.where(checkin >= 0, np.append(values, np.nan)[checkin], np.nan)


def _recent_deviation(answers: _Floats) -> _Floats:
    """(C,) at each check-in, the standard deviation of the last 14 answers up to it; NaN below three answers."""
    deviation = np.full(len(answers), np.nan)
    given: list[float] = []
    for place, answer in enumerate(answers):
        if not np.isnan(answer):
            given.append(float(answer))
        if len(given) >= FEWEST_FOR_VARIABILITY:
            deviation[place] = np.std(given[-VARIABILITY_WINDOW:])
    return deviation
