"""One play of a recording, as every importer writes it and nothing beside: no address, agent, country or user name."""

import unicodedata
from dataclasses import dataclass

from shared_model.errors import BadInput

EARLIEST_S = 1_033_430_400
"""1 October 2002, before which no service kept listens (ListenBrainz refuses earlier ones, too)."""
SAME_LISTEN_S = 30
"""Two plays of one recording that start within it are one play, seen by two programs."""
_LONGEST_TEXT = 1_000
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "‐": "-", "–": "-", "—": "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """A play. started_at_s: Unix seconds, UTC, of its START; played_ms: how long it was heard; skipped: whether the
    listener left it before its end, None where the source does not say.

    Raises BadInput for a play that cannot be: no artist or title, before 2002, a negative length.
    """

    started_at_s: int
    artist: str
    title: str
    album: str | None = None
    recording_mbid: str | None = None
    isrc: str | None = None
    duration_ms: int | None = None
    played_ms: int | None = None
    skipped: bool | None = None

    def __post_init__(self) -> None:
        if not self.artist.strip() or not self.title.strip():
            raise BadInput("listen: it has no artist or no title")
        if max(len(self.artist), len(self.title), len(self.album or "")) > _LONGEST_TEXT:
            raise BadInput(f"listen: a name has more than {_LONGEST_TEXT} characters")
        if not EARLIEST_S <= self.started_at_s < 2**33:
            raise BadInput("listen: its time lies before October 2002 or is no time in seconds")
        if (self.duration_ms or 0) < 0 or (self.played_ms or 0) < 0:
            raise BadInput("listen: a length is negative")

    @property
    def identity(self) -> str:
        """See `identity_of`."""
        return identity_of(self.artist, self.title)


def identity_of(artist: str, title: str) -> str:
    """What a recording is told by where no MusicBrainz id or ISRC says more: artist and title, normalised.

    Case, width, kinds of quotes and dashes, and spaces do not count.
    """
    return f"{normalised(artist)}\x1f{normalised(title)}"


def normalised(name: str) -> str:
    """A name as it is compared."""
    if name.isascii():  # most are, and a catalogue has a hundred thousand
        return " ".join(name.lower().split())
    folded = unicodedata.normalize("NFKC", name).translate(_QUOTES).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def counts_as_listen(played_ms: int, duration_ms: int | None) -> bool:
    """Whether a play counts, by the ListenBrainz rule: half the track or four minutes, whichever is lower."""
    threshold_ms = 240_000 if duration_ms is None else min(duration_ms // 2, 240_000)
    return played_ms >= threshold_ms
