import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulations.benchmark.lyrics_encoder import probes


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal(shape))


def test_verses_that_share_a_direction_are_found_in_every_language() -> None:
    own = 4 * drawn(9, 1, 32)
    verses = unit(own + drawn(9, 3, 32, seed=1))
    assert probes.translations_first(verses, drawn(50, 32, seed=2)).tolist() == [1.0] * 9
    same, unrelated = probes.cosines(verses)
    assert same > 0.8
    assert abs(unrelated) < 0.1


def test_a_song_that_is_nearer_than_the_translation_is_a_miss() -> None:
    verses = unit(4 * drawn(9, 1, 32) + drawn(9, 3, 32, seed=1))
    found = probes.translations_first(verses, verses[4, 0][None])  # it lies upon one language of the fifth verse
    assert found[[0, 1, 2, 3, 5, 6, 7, 8]].tolist() == [1.0] * 8
    assert found[4] == pytest.approx(4 / 6)


def test_verses_without_anything_in_common_are_found_by_chance() -> None:
    found = np.concatenate(
        [probes.translations_first(drawn(10, 4, 64, seed=seed), np.zeros((0, 64))) for seed in range(40)]
    )
    assert found.mean() == pytest.approx(0.1, abs=0.03)


def test_a_main_theme_is_one_that_is_sung_of_more_than_the_language_does() -> None:
    shares = np.array([[0.5, 0.1], [0.5, 0.0], [0.1, 0.3], [0.1, 0.0], [0.0, 0.0]])
    languages = np.array(["de", "de", "en", "en", "en"])
    # 0.1 of the second theme is twice its mean in German, 0.5 of the first is its mean; in English the first is rare
    assert probes.main_themes(shares, languages).tolist() == [1, 0, 1, 0, -1]


@given(seed=st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_neighbours_are_those_of_a_slow_search(seed: int) -> None:
    draw = np.random.default_rng(seed)
    songs, themes = drawn(60, 8, seed=seed), draw.integers(-1, 3, 60)
    allowed = draw.random((60, 60)) < 0.7
    near, chance = probes.theme_of_neighbours(songs, themes, allowed)
    expected = []
    for song in range(60):
        others = [other for other in range(60) if allowed[song, other] and themes[other] >= 0]
        if themes[song] < 0 or len(others) < 20:
            continue
        others.sort(key=lambda other: (-float(songs[song] @ songs[other]), other))
        expected.append(np.mean([themes[other] == themes[song] for other in others[:10]]))
    np.testing.assert_allclose(near, expected)
    assert len(chance) == len(near)


def test_average_precision_is_the_textbooks() -> None:
    songs = np.eye(4)
    query = unit(np.array([[4.0, 3.0, 2.0, 1.0]]))
    relevant = np.array([[True, False, True, False]])
    assert probes.average_precision(query, songs, relevant)[0] == pytest.approx((1 + 2 / 3) / 2)
