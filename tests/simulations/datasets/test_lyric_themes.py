import pytest

from simulations.datasets.lyric_themes import THEMES, theme_shares


@pytest.mark.parametrize(
    ("lyrics", "language", "theme", "share"),
    [
        ("Die Nachtigall im grünen Wald", "de", "spring", 0.6),
        ("My heart, my heart is thine", "en", "love", 0.333),
        ("La mer, les flots, la mort", "fr", "sea", 0.333),
        ("La mer, les flots, la mort", "fr", "death", 0.167),
        ("Dormi, dormi, dolce notte", "it", "night", 0.75),
    ],
)
def test_a_theme_is_its_share_of_words(lyrics, language, theme, share):
    assert theme_shares(lyrics, language)[theme] == share


def test_a_word_counts_whole_or_by_its_beginning_and_never_by_its_middle():
    assert theme_shares("Merci, merveille", "fr")["sea"] == 0
    assert theme_shares("unlovely", "en")["love"] == 0


def test_an_unknown_language_takes_the_best_match_of_the_four():
    assert theme_shares("Die Nacht, die Nacht", None)["night"] == theme_shares("Die Nacht, die Nacht", "de")["night"]


def test_syllables_held_over_notes_are_one_word():
    assert theme_shares("A–\xa0mour", "fr")["love"] == 1


def test_a_lyric_without_words_has_every_theme_at_zero():
    assert theme_shares("… 1, 2!", "en") == dict.fromkeys(THEMES, 0.0)
