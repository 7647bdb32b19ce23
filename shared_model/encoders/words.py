"""Whether a text holds lyrics at all. No torch here, so that a scan can ask before it loads anything."""

from typing import Final, TypeGuard

NO_LYRICS: Final = frozenset({"", "instrumental", "[instrumental]", "(instrumental)", "♪", "♫"})


def has_words(text: str | None) -> TypeGuard[str]:
    """Whether there is anything to encode: a text that is empty or says "instrumental" is no lyrics."""
    return text is not None and text.strip().lower() not in NO_LYRICS
