"""One thing said of one track."""

from dataclasses import dataclass
from enum import StrEnum

from shared_model.errors import BadInput
from shared_model.listen import identity_of

NOT_NOW_DAYS = 7
"""How long a track is not recommended after "not now"."""

_DAY_S = 86_400


class Said(StrEnum):
    """LOVE and HATE exclude each other; NOT_NOW stands beside either, and passes by itself."""

    LOVE = "love"
    HATE = "hate"
    NOT_NOW = "not_now"


def contradicted_by(said: Said) -> tuple[Said, ...]:
    """What cannot be true of a track beside it, itself among them."""
    return (Said.LOVE, Said.HATE) if said in (Said.LOVE, Said.HATE) else (said,)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The track. A player may know its recording_mbid alone, the page its artist and title alone.

    Raises BadInput where neither is known.
    """

    artist: str | None = None
    title: str | None = None
    recording_mbid: str | None = None

    def __post_init__(self) -> None:
        if self.recording_mbid is None and not (self.artist and self.title):
            raise BadInput("feedback: it names no track; give artist and title, or a recording_mbid")

    @property
    def identity(self) -> str | None:
        """As of a recording in the history; None where the name is not known."""
        return identity_of(self.artist, self.title) if self.artist and self.title else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A row. at_s: Unix seconds."""

    id: int
    about: About
    said: Said
    at_s: int

    def silences(self, now_s: float) -> bool:
        """Whether the track is not to be recommended at Unix second `now_s`."""
        return self.said is Said.HATE or (self.said is Said.NOT_NOW and now_s < self.at_s + NOT_NOW_DAYS * _DAY_S)
