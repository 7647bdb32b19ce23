import numpy as np
import pytest

from simulations.simulated_listeners.mood import Temperament, draw_moods, draw_temperaments

_HOUR_S = 3_600.0


def _steady(listeners: int, *, mean: float, variability: float) -> Temperament:
    return Temperament(
        valence=np.full(listeners, mean), arousal=np.full(listeners, -mean), variability=np.full(listeners, variability)
    )


def _hourly(listeners: int, plays: int) -> np.ndarray:
    return np.tile(np.arange(plays) * _HOUR_S, (listeners, 1))


def test_moods_wander_around_the_mean_with_the_listeners_variability():
    moods = draw_moods(_steady(500, mean=0.2, variability=0.15), _hourly(500, 200), rng=np.random.default_rng(1))
    assert moods.valence.mean() == pytest.approx(0.2, abs=0.005)
    assert moods.arousal.mean() == pytest.approx(-0.2, abs=0.005)
    assert moods.valence.std() == pytest.approx(0.15, rel=0.03)


@pytest.mark.parametrize("hours", [1, 8, 24])
def test_moods_fade_exponentially_in_eight_hours(hours):
    times = np.tile([0.0, hours * _HOUR_S], (40_000, 1))
    moods = draw_moods(_steady(40_000, mean=0.0, variability=0.2), times, rng=np.random.default_rng(2))
    correlation = np.corrcoef(moods.valence[:, 0], moods.valence[:, 1])[0, 1]
    assert correlation == pytest.approx(np.exp(-hours / 8), abs=0.02)


def test_moods_stay_on_the_slider():
    moods = draw_moods(_steady(50, mean=0.8, variability=1.0), _hourly(50, 50), rng=np.random.default_rng(3))
    assert np.abs(moods.valence).max() == 1
    assert np.abs(moods.arousal).max() == 1


def test_standardised_variability_is_standard_normal_over_listeners():
    scores = draw_temperaments(20_000, rng=np.random.default_rng(4)).standardised_variability()
    assert scores.mean() == pytest.approx(0, abs=0.03)
    assert scores.std() == pytest.approx(1, abs=0.03)
