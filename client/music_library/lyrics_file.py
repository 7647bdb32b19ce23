"""A JSONL with a song a line: lyrics for tracks that have none beside them, and names for those without tags."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from client.music_library.lyrics_beside import read_lyrics
from shared_model.encoders.language import declared_language
from shared_model.errors import BadInput
from shared_model.listen import identity_of


def _language(said: object) -> str | None:
    """A line whose language is no code is a song all the same."""
    return declared_language(said) if isinstance(said, str) else None


class SongLine(BaseModel):
    """What is read of a line; other fields are ignored. audio: path or name of the file; id: its stem; lang: ISO 639-1,
    of the lyrics or of what lies beside the file, None where the line names no such code."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    title: str | None = Field(None, max_length=1_000)
    artist: str | None = Field(None, max_length=1_000, validation_alias=AliasChoices("artist", "composer"))
    lyrics: str | None = Field(None, max_length=1_000_000, repr=False)
    audio: str | None = None
    id: str | None = None
    lang: Annotated[str | None, BeforeValidator(_language)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LyricsFile:
    """The songs by what they can be found by. invalid: numbers of the lines that are no song, the first being 1."""

    invalid: tuple[int, ...]
    _by_path: dict[str, SongLine] = field(repr=False)
    _by_name: dict[str, SongLine | None] = field(repr=False)
    _by_id: dict[str, SongLine | None] = field(repr=False)
    _by_identity: dict[str, SongLine | None] = field(repr=False)

    def find(self, track: Path, *, artist: str | None, title: str | None) -> SongLine | None:
        """The line of a track: by its path, its file's name, its stem, or the artist and title of its tags.

        A name, id or identity that several lines have is nobody's.
        """
        found = self._by_path.get(str(track)) or self._by_name.get(track.name) or self._by_id.get(track.stem)
        if found is None and artist is not None and title is not None:
            found = self._by_identity.get(identity_of(artist, title))
        return found


def read_lyrics_file(path: Path) -> LyricsFile:
    """Every line that is a song. A relative `audio` path counts from the file's own folder.

    Raises:
        BadInput: the file cannot be read, or no line of it is a song. No message shows a line: it may be a lyric.
    """
    by_path: dict[str, SongLine] = {}
    by_name: dict[str, SongLine | None] = {}
    by_id: dict[str, SongLine | None] = {}
    by_identity: dict[str, SongLine | None] = {}
    invalid, folder, songs = [], path.absolute().parent, 0
    try:
        with path.open("rb") as file:
            for number, content in enumerate(file, start=1):
                if not content.strip():
                    continue
                song = _parse(content)
                if song is None:
                    invalid.append(number)
                    continue
                songs += 1
                if song.audio:
                    audio = Path(song.audio)
                    by_path[str(folder / audio)] = song
                    _add(by_name, audio.name, song)
                if song.id:
                    _add(by_id, song.id, song)
                if song.artist and song.title:
                    _add(by_identity, identity_of(song.artist, song.title), song)
    except OSError as error:
        raise BadInput(f"lyrics: {path} cannot be read ({error.strerror}); name a JSONL file with --lyrics") from error
    if not songs:
        raise BadInput(
            f"lyrics: no line of {path} is a song; each is a JSON object with `lyrics`, and `audio`, `id`, or `artist` "
            "and `title` to find its track by"
        )
    return LyricsFile(
        invalid=tuple(invalid), _by_path=by_path, _by_name=by_name, _by_id=by_id, _by_identity=by_identity
    )


def _parse(content: bytes) -> SongLine | None:
    """The song of a line, its lyrics as plain words; None where it is no song or nothing says whose it is."""
    try:
        song = SongLine.model_validate_json(content)
    except ValidationError:
        return None
    if not (song.audio or song.id or (song.artist and song.title)) or "\0" in (song.audio or ""):
        return None
    read = None if song.lyrics is None else read_lyrics(song.lyrics)
    words, header = (None, None) if read is None else (read.words, read.language)
    return song.model_copy(update={"lyrics": words, "lang": song.lang or header})


def _add(lines: dict[str, SongLine | None], key: str, song: SongLine) -> None:
    lines[key] = None if key in lines else song
