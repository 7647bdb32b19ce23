import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.quality.groups import heavy_listeners, lyric_languages, popularity_deciles


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=80))
def test_every_track_is_in_one_decile_and_more_plays_never_mean_a_lower_one(plays):
    deciles = popularity_deciles(np.array(plays, dtype=np.float32))
    assert set(deciles) <= set(range(1, 11))
    order = np.argsort(plays, kind="stable")
    assert (np.diff(deciles[order]) >= 0).all()


def test_each_decile_holds_about_a_tenth_of_all_plays():
    plays = np.random.default_rng(0).zipf(1.5, size=5000).clip(max=400).astype(np.float32)
    deciles = popularity_deciles(plays)
    held = np.bincount(deciles, weights=plays, minlength=11)[1:]
    assert held == pytest.approx(plays.sum() / 10, abs=400)
    assert (deciles == 1).sum() > (deciles == 10).sum()


def test_tracks_of_one_number_of_plays_are_cut_by_index():
    assert popularity_deciles(np.ones(20, dtype=np.float32)).tolist() == [1 + place // 2 for place in range(20)]


def test_nobody_played_anything():
    assert popularity_deciles(np.zeros(3, dtype=np.float32)).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("plays", "heavy"), [([5, 9, 7, 1], [0, 1, 1, 0]), ([3, 3, 3, 3], [0, 0, 1, 1]), ([4, 2, 9], [1, 0, 1]), ([8], [1])]
)
def test_heavy_listeners_are_the_half_that_plays_most(plays, heavy):
    assert heavy_listeners(plays).tolist() == [bool(one) for one in heavy]


def test_the_languages_of_the_embedded_songs_are_those_of_their_facts():
    languages = lyric_languages(None)
    facts = load_song_facts(EMBEDDED)
    assert len(languages) == len(facts)
    assert set(languages) == {"de", "en", "fr", "it", "unknown"}
    assert all(song.language in (None, language) for song, language in zip(facts, languages, strict=True))


@pytest.mark.parametrize("kind", ["central", "half"])
def test_the_groups_of_a_division_are_all_targets_and_weigh_up_to_the_whole(kind, request):
    result = request.getfixturevalue(kind).result
    divisions = {row.division for row in result.groups}
    assert divisions == {"popularity", "listening", "novelty"}
    for division in divisions:
        rows = [row for row in result.groups if row.division == division]
        assert sum(row.targets for row in rows) == result.dataset.targets
        hits = sum(row.targets * (row.model.hr_at_10 or 0) for row in rows)
        assert hits / result.dataset.targets == pytest.approx(result.hr_at_10)
        blend = getattr(result, result.beside)["blend"]
        hits = sum(row.targets * (row.blend.hr_at_10 or 0) for row in rows)
        assert hits / result.dataset.targets == pytest.approx(blend.hr_at_10)
    by_name = {row.name: row for row in result.groups}
    assert by_name["new to the listener"].targets == result.dataset.new_targets
    assert by_name["new to the listener"].model.hr_at_10 == pytest.approx(result.new_hr_at_10)
    assert len([row for row in result.groups if row.division == "popularity"]) == 10
