import ast
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import simulations
from shared_model.errors import BadInput
from simulations.datasets.song_facts import songs_by_cycle
from simulations.simulated_listeners.listening import simulate_listeners, song_popularity
from simulations.simulated_listeners.population import SimulatedPopulation

_POPULATION = SimulatedPopulation(listeners=400)


@pytest.fixture(scope="module")
def histories(facts):
    return simulate_listeners(facts, _POPULATION, seed=0, prefix="private")


@pytest.fixture(scope="module")
def control(facts):
    return simulate_listeners(facts, replace(_POPULATION, mood_effect=0.0), seed=0, prefix="private")


def _repeat_share(history) -> float:
    """Of the plays after the first 15, which a taste needs to show."""
    tracks = history.tracks
    return float(np.mean([tracks[play] in tracks[:play] for play in range(15, len(tracks))]))


def _repeats_of_steady_and_variable(histories) -> tuple[float, float]:
    """Mean repeat share of the steadiest and the most variable third, by what their own check-ins say."""
    known = [history for history in histories if not np.isnan(history.states[:, 6]).all()]
    variability = np.array([np.nanmean(history.states[:, 6]) for history in known])
    repeats = np.array([_repeat_share(history) for history in known])
    low, high = np.quantile(variability, [1 / 3, 2 / 3])
    return repeats[variability <= low].mean(), repeats[variability >= high].mean()


def test_steady_listeners_repeat_visibly_more_than_variable_ones(histories):
    steady, variable = _repeats_of_steady_and_variable(histories)
    assert steady > variable + 0.08


def test_the_control_repeats_alike_whatever_the_mood(control):
    steady, variable = _repeats_of_steady_and_variable(control)
    assert abs(steady - variable) < 0.05


def test_the_control_repeats_as_much_over_all(histories, control):
    means = [np.mean([_repeat_share(history) for history in each]) for each in (histories, control)]
    assert means[0] == pytest.approx(means[1], abs=0.03)


def test_the_control_changes_choices_and_neither_times_nor_answers(histories, control):
    assert any(not np.array_equal(one.tracks, other.tracks) for one, other in zip(histories, control, strict=True))
    for one, other in zip(histories, control, strict=True):
        assert np.array_equal(one.started_at_s, other.started_at_s)
        assert np.array_equal(one.states, other.states, equal_nan=True)


def test_the_same_seed_gives_the_same_histories(facts):
    small = replace(_POPULATION, listeners=20)
    first, second = (simulate_listeners(facts, small, seed=3, prefix="private") for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.listener == other.listener
        assert np.array_equal(one.tracks, other.tracks)
        assert np.array_equal(one.started_at_s, other.started_at_s)
        assert np.array_equal(one.states, other.states, equal_nan=True)


@pytest.mark.parametrize("other", [{"seed": 4, "prefix": "private"}, {"seed": 3, "prefix": "public"}])
def test_another_seed_or_prefix_gives_other_histories(facts, other):
    small = replace(_POPULATION, listeners=20)
    first = simulate_listeners(facts, small, seed=3, prefix="private")
    second = simulate_listeners(facts, small, **other)
    assert not any(np.array_equal(one.tracks, two.tracks) for one, two in zip(first, second, strict=True))


def test_a_log_without_moods_has_the_same_plays_and_no_states(facts):
    small = replace(_POPULATION, listeners=20)
    asked, unasked = (
        simulate_listeners(facts, replace(small, checkin_rate=rate), seed=0, prefix="public") for rate in (0.5, None)
    )
    assert all(history.states is None for history in unasked)
    assert all(np.array_equal(one.tracks, two.tracks) for one, two in zip(asked, unasked, strict=True))


def test_no_song_is_played_twice_in_a_row(histories):
    assert all((np.diff(history.tracks) != 0).all() for history in histories)


def test_every_track_is_in_the_catalogue(histories, facts):
    tracks = np.concatenate([history.tracks for history in histories])
    assert 0 <= tracks.min() <= tracks.max() < len(facts)


def test_ids_say_nothing_about_how_much_someone_listens(histories):
    assert [history.listener for history in histories] == [f"private-{number}" for number in range(400)]
    rank = np.corrcoef(np.arange(400), [len(history) for history in histories])[0, 1]
    assert abs(rank) < 0.2


def test_popularity_has_a_long_tail(histories, facts):
    counts = np.sort(np.bincount(np.concatenate([history.tracks for history in histories]), minlength=len(facts)))
    assert counts[-len(facts) // 100 :].sum() > 0.08 * counts.sum()  # uniform plays would give 0.01
    assert counts[: len(facts) // 2].sum() < 0.25 * counts.sum()


def test_both_populations_follow_the_same_ranking_of_songs(facts):
    popular = replace(_POPULATION, listeners=200, popularity=2.0)
    public, private = (
        np.bincount(
            np.concatenate([history.tracks for history in simulate_listeners(facts, popular, seed=0, prefix=prefix)]),
            minlength=len(facts),
        )
        for prefix in ("public", "private")
    )
    assert np.corrcoef(public, private)[0, 1] > 0.7


def test_popularity_is_zipfs_law():
    ranked = np.sort(np.exp(song_popularity(100, seed=0)))[::-1]
    assert ranked == pytest.approx(1 / np.arange(1, 101))


def test_cycles_are_continued_in_order_and_within_a_session(histories, facts):
    following = {song: after for songs in songs_by_cycle(facts).values() for song, after in pairwise(songs)}
    inside, across = [], []
    for history in histories:
        gaps_s = np.diff(history.started_at_s)
        for song, after, gap_s in zip(history.tracks, history.tracks[1:], gaps_s, strict=False):
            if song in following:
                (inside if gap_s < 3_600 else across).append(following[song] == after)
    assert np.mean(inside) > 0.15
    assert np.mean(across) < 0.05


def test_listeners_go_back_to_songs_of_lately_more_than_to_old_ones(histories):
    ages = [
        np.flatnonzero(history.tracks[:play][::-1] == history.tracks[play])[0]
        for history in histories
        for play in range(60, len(history))
        if history.tracks[play] in history.tracks[:play]
    ]
    assert np.mean(np.array(ages) < 15) > 0.4  # of 60 and more


def test_one_song_is_not_enough_to_listen_to(facts):
    with pytest.raises(BadInput, match="at least two"):
        simulate_listeners(facts[:1], _POPULATION, seed=0, prefix="private")


def test_taste_never_touches_a_vector_of_the_catalogue():
    """Nothing that the simulation imports, directly or through other modules of ours, holds or reads vectors."""
    root = Path(simulations.__file__).parents[1]
    waiting = [
        f"simulations.simulated_listeners.{path.stem}"
        for path in (root / "simulations/simulated_listeners").glob("*.py")
    ]
    reached: set[str] = set()
    while waiting:
        module = waiting.pop()
        source = root.joinpath(*module.split(".")).with_suffix(".py")
        if module in reached or not source.exists():
            continue
        reached.add(module)
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom):
                waiting.append(str(node.module))
            elif isinstance(node, ast.Import):
                waiting.extend(alias.name for alias in node.names)
            for name in waiting:
                assert name.split(".")[0] not in ("torch", "safetensors", "transformers"), module
    assert "simulations.datasets.song_facts" in reached
    assert not {module for module in reached if "catalogue" in module or "vectors" in module or "encoders" in module}
