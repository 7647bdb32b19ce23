"""The page that is shown when a score reaches its threshold: a file, read from this device."""

from pathlib import Path

_PAGE = Path(__file__).parent / "help.txt"


def help_page() -> str:
    """Plain text in English. Nothing is fetched, and showing it has no other effect."""
    return _PAGE.read_text(encoding="utf-8")
