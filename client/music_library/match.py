"""Which track another one is: by MusicBrainz recording id, else by ISRC, else by artist and title as they are compared.

The same rule for what was played, for the files of the music library, and for the tracks of a release.
"""

from dataclasses import dataclass, field
from typing import Protocol

from client.music_library.tags import normalised_isrc, normalised_mbid
from shared_model.listen import identity_of


class Told(Protocol):
    """What a track is told by."""

    @property
    def artist(self) -> str:
        """As it is spelled."""

    @property
    def title(self) -> str:
        """The same."""

    @property
    def recording_mbid(self) -> str | None:
        """Of MusicBrainz."""

    @property
    def isrc(self) -> str | None:
        """With hyphens or without."""


@dataclass(slots=True)
class Matcher:
    """Places of tracks by what they are told by. Of several that agree, the one that was added first.

    Ids count however they are spelled; what is no id says nothing.
    """

    _by_mbid: dict[str, int] = field(default_factory=dict)
    _by_isrc: dict[str, int] = field(default_factory=dict)
    _by_names: dict[str, int] = field(default_factory=dict)

    def add(self, track: Told, place: int) -> None:
        """Put a track at `place`."""
        if mbid := normalised_mbid(track.recording_mbid):
            self._by_mbid.setdefault(mbid, place)
        if isrc := normalised_isrc(track.isrc):
            self._by_isrc.setdefault(isrc, place)
        self._by_names.setdefault(identity_of(track.artist, track.title), place)

    def place_of(self, track: Told) -> int | None:
        """The place of the same track, or None."""
        found = self._by_mbid.get(normalised_mbid(track.recording_mbid) or "")
        if found is None:
            found = self._by_isrc.get(normalised_isrc(track.isrc) or "")
        return self._by_names.get(identity_of(track.artist, track.title)) if found is None else found
