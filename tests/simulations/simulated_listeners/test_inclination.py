import numpy as np
import pytest

from simulations.simulated_listeners.inclination import inclinations
from simulations.simulated_listeners.mood import draw_moods, draw_temperaments

_LISTENERS = 4_000


@pytest.fixture(scope="module")
def own_and_unseen():
    times = np.tile(np.arange(12) * 20_000.0, (_LISTENERS, 1))

    def draw(seed):
        rng = np.random.default_rng(seed)
        temperament = draw_temperaments(_LISTENERS, rng=rng)
        return temperament, draw_moods(temperament, times, rng=rng)

    return draw(0), draw(1)


def _correlation(left, right) -> float:
    return float(np.corrcoef(left.ravel(), right.ravel())[0, 1])


def test_steady_listeners_go_back_more_and_lyrics_weigh_more_where_mood_varies(own_and_unseen):
    (temperament, _), _ = own_and_unseen
    inclined = inclinations(*own_and_unseen, mood_effect=1.0, repeat=0.3)
    variable = temperament.standardised_variability() > 1
    steady = temperament.standardised_variability() < -1
    assert inclined.repeat[steady].mean() > inclined.repeat[variable].mean() + 0.2
    assert inclined.lyric_share[variable].mean() > inclined.lyric_share[steady].mean() + 0.2


def test_lyrics_weigh_more_in_low_spirits_and_sound_when_aroused(own_and_unseen):
    (_, moods), _ = own_and_unseen
    share = inclinations(*own_and_unseen, mood_effect=1.0, repeat=0.3).lyric_share
    assert _correlation(share, moods.valence) < -0.4
    assert _correlation(share, moods.arousal) < -0.4


def test_the_control_has_nothing_to_do_with_the_own_mood(own_and_unseen):
    (temperament, moods), _ = own_and_unseen
    inclined = inclinations(*own_and_unseen, mood_effect=0.0, repeat=0.3)
    noise = 4 / np.sqrt(_LISTENERS)
    assert abs(_correlation(inclined.repeat, temperament.variability)) < noise
    assert abs(_correlation(inclined.lyric_share, moods.valence)) < noise
    assert abs(_correlation(inclined.lyric_share, moods.arousal)) < noise


def test_the_control_keeps_how_repeats_and_weights_are_distributed(own_and_unseen):
    effect, control = (inclinations(*own_and_unseen, mood_effect=size, repeat=0.3) for size in (1.0, 0.0))
    for one, other in [(effect.repeat, control.repeat), (effect.lyric_share, control.lyric_share)]:
        levels = [0.1, 0.25, 0.5, 0.75, 0.9]
        assert np.quantile(one, levels) == pytest.approx(np.quantile(other, levels), abs=0.02)


def test_the_effect_is_the_correlation_of_recorded_and_effective_mood(own_and_unseen):
    (temperament, _), _ = own_and_unseen
    repeat = inclinations(*own_and_unseen, mood_effect=0.6, repeat=0.3).repeat
    log_odds = np.log(repeat / (1 - repeat))
    assert _correlation(log_odds, -temperament.standardised_variability()) == pytest.approx(0.6, abs=0.04)


def test_the_typical_listener_goes_back_as_often_as_asked_for(own_and_unseen):
    assert np.median(inclinations(*own_and_unseen, mood_effect=1.0, repeat=0.3).repeat) == pytest.approx(0.3, abs=0.01)
