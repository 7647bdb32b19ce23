"""recommend: what to play next, and why."""

import json
import time
from enum import StrEnum
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json
from client.recommend.ask import Novelty, Source
from shared_model.errors import BadInput

EPILOG = "Example: sottovoce-client recommend -n 20 --from library --format m3u8 > next.m3u8"


class Format(StrEnum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"
    M3U8 = "m3u8"
    JSPF = "jspf"


def recommend(
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=200, help="Tracks.")] = 10,
    source: Annotated[
        Source | None, typer.Option("--from", help="Own files, the release's catalogue, or both. Default: own files.")
    ] = None,
    novelty: Annotated[
        Novelty, typer.Option("--novelty", help="Played before, never played, or either.")
    ] = Novelty.ANY,
    diversity: Annotated[float, typer.Option(min=0, max=1, help="0: best first; 1: unlike each other.")] = 0.2,
    mood: Annotated[str, typer.Option(help="match, ignore, or shift towards --valence and --arousal.")] = "match",
    valence: Annotated[float | None, typer.Option(min=-1, max=1, help="With --mood shift.")] = None,
    arousal: Annotated[float | None, typer.Option(min=-1, max=1, help="With --mood shift.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, for each.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """The next tracks to play, from your own music or the release's catalogue, each with the reason that carried it."""
    from client.checkin.wish import MoodUse, Wish
    from client.profile import open_profile
    from client.recommend.ask import Asked, ask
    from client.recommend.formats import jspf, listenbrainz, m3u8

    try:
        wish = Wish(use=MoodUse(mood), valence=valence, arousal=arousal)
    except ValueError as error:
        raise BadInput(f"recommend: --mood {mood}: {error}") from error
    if as_json:
        format_ = Format.JSON
    now_s = time.time()
    asked = Asked(count=count, source=source, novelty=novelty, diversity=diversity, wish=wish)
    with open_profile(folder) as profile:
        found = ask(profile, asked, now_s=now_s)
    title = f"sottovoce, {time.strftime('%Y-%m-%d %H:%M', time.localtime(now_s))}"
    if format_ is Format.JSON:
        print(json.dumps(listenbrainz(found.entries, now_s=int(now_s), explain=explain) | {"about": found.about}))
    elif format_ is Format.JSPF:
        print(json.dumps(jspf(found.entries, now_s=int(now_s), title=title), ensure_ascii=False, indent=1))
    elif format_ is Format.M3U8:
        print(m3u8(found.entries, title=title), end="")
    else:
        for number, entry in enumerate(found.entries, start=1):
            print(f"{number:>3}  {entry.named.artist} – {entry.named.title}")
            if explain:
                print(f"     {entry.words}")
        if not found.entries:
            print("Nothing to recommend: no track is left of what you asked for. Try --from anywhere --novelty any")
