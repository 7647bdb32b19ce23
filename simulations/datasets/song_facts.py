"""Facts about the songs of a catalogue: who, when, which language, which themes, what the notes do.

They are all that is kept of the songs beside their vectors: no lyric text, no audio. The simulated listeners' taste
is drawn from them and from nothing else.
"""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import soundfile
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from simulations.datasets.lyric_themes import THEMES, theme_shares
from simulations.datasets.score_features import ScoreFeatures, score_features
from simulations.datasets.song_lines import first_fault, read_song_lines
from simulations.stages import Advance

EMBEDDED: Final = Path(__file__).with_name("embedded") / "lieder" / "songs.json"
"""The facts that come with the package."""

_REBUILD = "rebuild it with `sottovoce-simulate datasets build lieder`"

_LARGEST_GAP = 10
"""Songs of one cycle whose numbers lie further apart were published apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongFacts:
    """One song.

    language: None where two detectors disagree; era: quarter of the century in which the composer died ("1875" is
    1875-1899), None where unknown; words: length of the lyric; themes: share of words by name, see `lyric_themes`;
    score: None where there is no clip; cycle: songs published together share it, None outside; place: order within
    the cycle, from 0.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    title: str
    composer: str
    language: Literal["de", "en", "fr", "it"] | None
    era: str | None
    words: Annotated[int, Field(ge=0)]
    themes: dict[str, float]
    score: ScoreFeatures | None
    cycle: int | None
    place: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """The fields of a line of songs.jsonl that facts are drawn from."""

    id: str
    title: str
    composer: str
    composer_died: str
    words: int
    audio: str | None
    lyrics: str
    lang: Literal["de", "en", "fr", "it"] | None


_SOURCE = TypeAdapter(_Source)
_FACTS = TypeAdapter(tuple[SongFacts, ...])


def build_song_facts(source: Path, out: Path, *, advance: Advance) -> None:
    """Measure every song of the folder `source` (songs.jsonl and its clips) and write the facts to the file `out`.

    One song a line, in the order of songs.jsonl. Raises BadInput, and writes nothing, where songs.jsonl or a clip
    cannot be read.
    """
    songs = read_song_lines(source / "songs.jsonl", _SOURCE)
    places = cycle_places([(song.composer, song.title) for song in songs])
    facts = []
    for index, (song, place) in enumerate(zip(songs, places, strict=True)):
        facts.append(
            SongFacts(
                id=song.id,
                title=song.title,
                composer=song.composer,
                language=song.lang,
                era=_era(song.composer_died),
                words=song.words,
                themes=theme_shares(song.lyrics, song.lang),
                score=None if song.audio is None else _measure(source / song.audio),
                cycle=None if place is None else place[0],
                place=None if place is None else place[1],
            )
        )
        advance((index + 1) / len(songs))
    lines = ",\n".join(json.dumps(asdict(song), ensure_ascii=False) for song in facts)
    write_atomically(out, f"[\n{lines}\n]\n".encode())


def load_song_facts(path: Path) -> tuple[SongFacts, ...]:
    """Read what `build_song_facts` wrote.

    Raises BadInput where the file cannot be read, a field is missing, unknown or of the wrong kind, a theme is
    missing, or an id comes twice.
    """
    try:
        facts = _FACTS.validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"song facts: {path} cannot be read ({error.strerror}); {_REBUILD}") from error
    except ValidationError as error:
        raise BadInput(f"song facts: {path}: {first_fault(error)}; {_REBUILD}") from error
    for song in facts:
        if tuple(song.themes) != THEMES:
            raise BadInput(f"song facts: {path}: song {song.id} has themes {sorted(song.themes)}; {_REBUILD}")
    if len({song.id for song in facts}) != len(facts):
        raise BadInput(f"song facts: {path}: an id comes twice; {_REBUILD}")
    return facts


def cycle_places(songs: Sequence[tuple[str, str]]) -> list[tuple[int, int] | None]:
    """(cycle, place) of each (composer, title), None for a song outside every cycle.

    Titles within a cycle begin with a number ("3 Frühlingsglaube", "3b ..."). Neighbours in the list are of one cycle
    as long as composer stays and the numbers ascend, by value or as file names do (10, 11, 1, 2), without a large gap;
    cycles have at least two songs.
    """
    runs: list[list[tuple[int, str, int]]] = []  # (number, suffix, index) of neighbours
    previous: tuple[str, str] | None = None
    for index, (composer, title) in enumerate(songs):
        match = re.match(r"(\d+)([a-z]?) ", title)
        if match is None:
            previous = None
            continue
        # "_" follows the number in the scores' folder names and sorts after every digit
        name = f"{match[1]}{match[2]}_"
        if previous is None or previous[0] != composer or name <= previous[1]:
            runs.append([])
        runs[-1].append((int(match[1]), match[2], index))
        previous = (composer, name)
    cycles = (part for run in runs for part in _without_large_gaps(sorted(run)) if len(part) > 1)
    places: dict[int, tuple[int, int]] = {}
    for cycle, part in enumerate(cycles):
        places.update({index: (cycle, place) for place, (_, _, index) in enumerate(part)})
    return [places.get(index) for index in range(len(songs))]


def songs_by_cycle(facts: Sequence[SongFacts]) -> dict[int, list[int]]:
    """The indices of each cycle's songs in their order."""
    songs: dict[int, list[int]] = defaultdict(list)
    for index, song in enumerate(facts):
        if song.cycle is not None:
            songs[song.cycle].append(index)
    return {cycle: sorted(indices, key=lambda index: facts[index].place or 0) for cycle, indices in songs.items()}


def _without_large_gaps(run: list[tuple[int, str, int]]) -> list[list[tuple[int, str, int]]]:
    parts = [[run[0]]]
    for song in run[1:]:
        if song[0] - parts[-1][-1][0] > _LARGEST_GAP:
            parts.append([])
        parts[-1].append(song)
    return parts


def _measure(clip: Path) -> ScoreFeatures:
    try:
        samples, sample_rate = soundfile.read(clip, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise BadInput(
            f"song facts: {clip} cannot be decoded; fetch it again or set the song's audio to null"
        ) from error
    return score_features(samples.mean(axis=1), sample_rate)


def _era(composer_died: str) -> str | None:
    return str(int(composer_died) // 25 * 25) if composer_died.isdigit() else None
