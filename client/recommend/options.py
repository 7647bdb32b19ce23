"""What can be asked for, by the words of the command line. Nothing slow is imported: every command reads this."""

from enum import StrEnum


class Source(StrEnum):
    """library: files on this device; catalogue: tracks of the release; anywhere: both, and what was only played."""

    LIBRARY = "library"
    CATALOGUE = "catalogue"
    ANYWHERE = "anywhere"


class Novelty(StrEnum):
    """repeats: played before; discoveries: never played; any."""

    ANY = "any"
    REPEATS = "repeats"
    DISCOVERIES = "discoveries"


class Format(StrEnum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"
    M3U8 = "m3u8"
    JSPF = "jspf"
    XSPF = "xspf"
