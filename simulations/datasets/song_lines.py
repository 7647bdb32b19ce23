"""songs.jsonl, a song a line: each reader says which fields it wants."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from shared_model.errors import BadInput

Song = TypeVar("Song")


def read_song_lines(path: Path, song: TypeAdapter[Song]) -> list[Song]:
    """Every line as a `song`, in their order.

    Raises:
        BadInput: the file cannot be read, or a line is malformed. The message never shows the line: it may be a lyric.
    """
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"lieder: {path} cannot be read; name the folder that holds songs.jsonl") from error
    songs = []
    for number, line in enumerate(lines, start=1):
        try:
            songs.append(song.validate_json(line))
        except ValidationError as error:
            raise BadInput(f"lieder: line {number} of {path} is no song ({first_fault(error)}); mend it") from error
    return songs


def first_fault(error: ValidationError) -> str:
    """Place and message of the first fault, without the input, which could be a lyric."""
    fault = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]
