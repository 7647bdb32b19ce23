"""What listeners answer about their mood, and how the model sees it before each play.

Sliders are set at the beginning of some sessions; K6 and WHO-5 are filled in at the first check-in and now and then
after it. Any of them may be left out. An answer stands until the next check-in or until its age feature reaches 1.

Letters: L listeners, T plays, S = 8 features of `STATE_FEATURES`, C check-ins of the most diligent listener.
"""

import numpy as np
from numpy.typing import NDArray

from shared_model.head.psychological_state import STATE_FEATURES
from simulations.simulated_listeners.mood import Moods, Temperament
from simulations.simulated_listeners.sessions import Sessions

_SLIDER_LASTS_H = 168.0
_QUESTIONNAIRE_LASTS_H = 24.0 * 60
_SLIDER_NOISE = 0.05
_SLIDER_SKIPPED = 0.08
_QUESTIONNAIRE_SKIPPED = 0.25
_QUESTIONNAIRE_AGAIN = 0.10  # of later check-ins
_VARIABILITY_WINDOW = 14
_FEWEST_FOR_VARIABILITY = 3


def states_before_plays(
    sessions: Sessions,
    temperament: Temperament,
    moods: Moods,
    *,
    checkin_rate: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """(L, T, S) in the order of `STATE_FEATURES`, NaN where unanswered.

    A check-in reads the mood before the play it precedes; nothing later is ever read. checkin_rate: mean share of
    sessions that begin with one; listeners differ around it.
    """
    shape = sessions.begins.shape
    diligence = _diligence(shape[0], checkin_rate, rng=rng)
    checkin = sessions.begins & (rng.random(shape) < diligence[:, None])
    again = rng.random(shape) < _QUESTIONNAIRE_AGAIN
    questionnaire = checkin & (again | (checkin.cumsum(axis=1) == 1))
    now_h = sessions.started_at_s / 3_600

    slider, slider_age_h = _latest(checkin, now_h, lasts_h=_SLIDER_LASTS_H)
    form, form_age_h = _latest(questionnaire, now_h, lasts_h=_QUESTIONNAIRE_LASTS_H)
    valence, arousal = (_slide(mood, rng=rng) for mood in (moods.valence, moods.arousal))
    k6, who5 = _fill_in(temperament, shape, rng=rng)
    features = {
        "valence": _at(valence, slider),
        "arousal": _at(arousal, slider),
        "k6": _at(k6, form),
        "who5": _at(who5, form),
        "slider_age": np.log1p(slider_age_h) / np.log1p(_SLIDER_LASTS_H),
        "questionnaire_age": np.log1p(form_age_h) / np.log1p(_QUESTIONNAIRE_LASTS_H),
        "valence_variability": _at(_recent_deviation(valence, checkin), slider),
        "arousal_variability": _at(_recent_deviation(arousal, checkin), slider),
    }
    return np.stack([features[name] for name in STATE_FEATURES], axis=-1).astype(np.float32)


def _diligence(listeners: int, checkin_rate: float, *, rng: np.random.Generator) -> NDArray[np.float64]:
    if checkin_rate in (0.0, 1.0):
        return np.full(listeners, checkin_rate)
    return rng.beta(4 * checkin_rate, 4 * (1 - checkin_rate), listeners)


def _slide(mood: NDArray[np.float64], *, rng: np.random.Generator) -> NDArray[np.float64]:
    """(L, T) the slider as it would be set before each play, NaN where it is left untouched."""
    answer = (mood + rng.normal(0, _SLIDER_NOISE, mood.shape)).clip(-1, 1).round(2)
    return np.where(rng.random(mood.shape) < _SLIDER_SKIPPED, np.nan, answer)


def _fill_in(
    temperament: Temperament, shape: tuple[int, ...], *, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(L, T) K6 and WHO-5 in 0..1 as they would be filled in: distress comes with low and unsteady mood."""
    strain = -2.5 * temperament.valence + 0.5 * temperament.standardised_variability()
    noise = rng.normal(0, 0.3, (2, *shape))
    k6 = np.round(24 / (1 + np.exp(1.5 - strain[:, None] - noise[0]))) / 24
    who5 = np.round(25 / (1 + np.exp(-0.3 + strain[:, None] + noise[1]))) / 25  # 25 raw points, each counts 4 of 100
    skipped = rng.random((2, *shape)) < _QUESTIONNAIRE_SKIPPED
    return np.where(skipped[0], np.nan, k6), np.where(skipped[1], np.nan, who5)


def _latest(
    answered: NDArray[np.bool_], now_h: NDArray[np.float64], *, lasts_h: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(L, T) the play before which the standing answer was given, -1 for none, and its age in hours, NaN for none."""
    plays = np.arange(answered.shape[1])
    latest = np.maximum.accumulate(np.where(answered, plays, -1), axis=1)
    age_h = now_h - np.take_along_axis(now_h, np.maximum(latest, 0), axis=1)
    stands = (latest >= 0) & (age_h <= lasts_h)
    return np.where(stands, latest, -1), np.where(stands, age_h, np.nan)


def _at(values: NDArray[np.float64], play: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(play >= 0, np.take_along_axis(values, np.maximum(play, 0), axis=1), np.nan)


def _recent_deviation(answers: NDArray[np.float64], checkin: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(L, T) at each check-in, standard deviation of the last 14 answers up to it; NaN below three answers."""
    deviation = np.full(answers.shape, np.nan)
    for listener in range(len(answers)):
        given = np.flatnonzero(checkin[listener] & ~np.isnan(answers[listener]))
        if len(given) < _FEWEST_FOR_VARIABILITY:
            continue
        padded = np.concatenate([np.full(_VARIABILITY_WINDOW - 1, np.nan), answers[listener, given]])
        windows = np.lib.stride_tricks.sliding_window_view(padded, _VARIABILITY_WINDOW)[_FEWEST_FOR_VARIABILITY - 1 :]
        deviation[listener, given[_FEWEST_FOR_VARIABILITY - 1 :]] = np.nanstd(windows, axis=1)
    # a check-in whose slider was left untouched keeps the deviation of the answers before it
    known = np.maximum.accumulate(np.where(np.isnan(deviation), -1, np.arange(answers.shape[1])), axis=1)
    return _at(deviation, known)
