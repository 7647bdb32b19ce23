"""Two excerpts of every held-out track, with what is known of them.

Letters: T samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor

from client.music_library.decode import open_sound
from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.pretraining.free_music.corpus import is_held_out
from simulations.pretraining.free_music.fetch import read_index

EXCERPT_S: Final = 30.0
PLACES: Final = (0.15, 0.6)
"""Where the excerpts of a track begin, as shares of it; of one shorter than 75 s they are its halves."""

STEM_EXCERPT_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpts:
    """sounds: two excerpts, (T,) mono; artist: None where the tags do not say; package: of Debian, or lieder."""

    sounds: tuple[Tensor, Tensor]
    sample_rate_hz: int
    package: str
    artist: str | None


def held_out_game_music(cache: Path) -> Iterator[Excerpts]:
    """Of the packages that are held out. Raises BadInput: the cache is not there, or a file cannot be decoded."""
    for track in read_index(cache):
        if track.role == "held out":
            yield _excerpts(cache / track.path, package=track.package, artist=track.artist)


def held_out_lieder(lieder: Path) -> Iterator[Excerpts]:
    """The halves of every clip of a composer who is held out. Raises BadInput: a clip cannot be decoded."""
    for song in load_song_facts(EMBEDDED):
        if song.score is not None and is_held_out(song.composer):
            yield _excerpts(lieder / "audio" / f"{song.id}.opus", package="lieder", artist=song.composer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stem:
    """Ten seconds of one recorded part of a song. part: the guitar, or the rest of the band."""

    sound: Tensor
    sample_rate_hz: int
    song: str
    part: str


def held_out_stems(cache: Path) -> Iterator[Stem]:
    """Of the songs of fretsonfire-songs-sectoid, whose guitar is recorded apart."""
    for track in read_index(cache):
        if track.package != "fretsonfire-songs-sectoid":
            continue
        with open_sound(cache / track.path) as sound:
            size = round(STEM_EXCERPT_S * sound.sample_rate_hz)
            for begin in range(0, sound.samples - size, size):
                yield Stem(
                    sound=sound.read(begin, begin + size),
                    sample_rate_hz=sound.sample_rate_hz,
                    song=track.album,
                    part=Path(track.path).stem,
                )


def _excerpts(path: Path, *, package: str, artist: str | None) -> Excerpts:
    with open_sound(path) as sound:
        size = round(EXCERPT_S * sound.sample_rate_hz)
        begins = [round(place * sound.samples) for place in PLACES]
        if begins[1] - begins[0] < size or begins[1] + size > sound.samples:
            size = min(size, sound.samples // 2)
            begins = [0, sound.samples - size]
        one, two = (sound.read(begin, begin + size) for begin in begins)
        return Excerpts(sounds=(one, two), sample_rate_hz=sound.sample_rate_hz, package=package, artist=artist)
