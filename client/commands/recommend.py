"""recommend: what to play next, and why."""

import io
import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

import click
import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json
from client.recommend.options import Format, Novelty, Source
from shared_model.errors import BadInput

if TYPE_CHECKING:
    from client.recommend.ask import Answer

EPILOG = "Example: sottovoce-client recommend -n 20 --from library --format m3u8 > next.m3u8"
_MOODS = click.Choice(["match", "shift", "ignore"])


def recommend(
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=200, help="Tracks.")] = 10,
    source: Annotated[
        Source | None, typer.Option("--from", help="Own files, the release's catalogue, or both. Default: own files.")
    ] = None,
    novelty: Annotated[
        Novelty, typer.Option("--novelty", help="Played before, never played, or either.")
    ] = Novelty.ANY,
    diversity: Annotated[float, typer.Option(min=0, max=1, help="0: best first; 1: unlike each other.")] = 0.2,
    mood: Annotated[
        str, typer.Option(click_type=_MOODS, help="Match it, ignore it, or shift towards --valence and --arousal.")
    ] = "match",
    valence: Annotated[float | None, typer.Option(min=-1, max=1, help="With --mood shift.")] = None,
    arousal: Annotated[float | None, typer.Option(min=-1, max=1, help="With --mood shift.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, for each.")] = False,
    format_: Annotated[
        Format | None, typer.Option("--format", help="What to print.", show_default=Format.TEXT.value)
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """The next tracks to play, from your own music or the release's catalogue, each with the reason that carried it."""
    from client.checkin.wish import MoodUse, Wish
    from client.profile import open_profile
    from client.recommend.ask import Asked, ask

    if as_json and format_ not in (None, Format.JSON):
        raise BadInput(f"recommend: --json and --format {format_.value} ask for two documents; leave one of them out")
    try:
        wish = Wish(use=MoodUse(mood), valence=valence, arousal=arousal)
    except ValueError as error:
        raise BadInput(f"recommend: --mood {mood}: {error}") from error
    now_s = time.time()
    asked = Asked(count=count, source=source, novelty=novelty, diversity=diversity, wish=wish)
    with open_profile(folder) as profile:
        found = ask(profile, asked, now_s=now_s)
    _print(found, Format.JSON if as_json else format_ or Format.TEXT, now_s=now_s, explain=explain)


def _print(found: "Answer", format_: Format, *, now_s: float, explain: bool) -> None:
    """The document on stdout, as UTF-8 wherever it is sent; what else is worth knowing on stderr."""
    from client.recommend.formats import jspf, listenbrainz, m3u8, one_line, shown
    from client.recommend.xspf import xspf

    if isinstance(sys.stdout, io.TextIOWrapper) and format_ is not Format.TEXT:
        sys.stdout.reconfigure(encoding="utf-8")
    title = f"sottovoce, {time.strftime('%Y-%m-%d %H:%M', time.localtime(now_s))}"
    match format_:
        case Format.JSON:
            print(json.dumps(listenbrainz(found.entries, now_s=int(now_s), explain=explain) | {"about": found.about}))
        case Format.JSPF:
            print(json.dumps(jspf(found.entries, now_s=int(now_s), title=title), ensure_ascii=False, indent=1))
        case Format.XSPF:
            print(xspf(found.entries, now_s=int(now_s), title=title), end="")
        case Format.M3U8:
            print(m3u8(found.entries, title=title, explain=explain), end="")
            unplayable = sum(not entry.is_playable for entry in found.entries)
            if unplayable:
                _note(f"{unplayable} of {len(found.entries)} tracks have no file here and are left out; --from library")
        case Format.TEXT:
            for number, entry in enumerate(found.entries, start=1):
                print(f"{number:>3}  {shown(entry.named)}")
                if explain:
                    print(f"     {one_line(entry.words)}")
    for modality, count in found.left_out.items():
        _note(
            f"{count} of your tracks have {modality} of another encoder than the release's, and count without; "
            "`sottovoce-client scan` encodes them anew, `doctor` says which encoders are meant"
        )
    if not found.entries:
        _note("nothing to recommend: no track is left of what you asked for. Try --from anywhere --novelty any")
    if found.about["mood"] != "not used" and not found.about["mood_effect"]:
        _note("your mood changed nothing: this model knows no moods until it is tuned or learns of them in rounds")


def _note(said: str) -> None:
    print(f"recommend: {said}", file=sys.stderr)
