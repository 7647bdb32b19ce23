"""checkin: say how you are. Every question can be skipped, and no answer is ever repeated in a message."""

import json
import math
import time
from typing import TYPE_CHECKING, Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json
from shared_model.errors import BadInput

if TYPE_CHECKING:
    from client.checkin.answers import Answers
    from client.checkin.checkin import Checkin
    from client.checkin.due import Standing
    from client.checkin.instrument import Instrument

EPILOG = "Example: sottovoce-client checkin --valence 0.2 --arousal -0.4"
SLIDERS = "affective_slider"
KEPT = "Kept on this device, encrypted, and used for nothing until `sottovoce-client consent grant mood`."
USED = "Kept on this device, encrypted; used there for what is recommended and by its own copy of the model."

Name = Annotated[str | None, typer.Argument(help="affective_slider, k6, k10, who5, or a .toml file.")]
# text, since a number's own error message would repeat the answer
Valence = Annotated[str | None, typer.Option(metavar="-1..1", help="From sadness to happiness, now; - skips.")]
Arousal = Annotated[str | None, typer.Option(metavar="-1..1", help="From boredom to excitement, now; - skips.")]


def checkin(
    instrument: Name = None,
    valence: Valence = None,
    arousal: Arousal = None,
    answers: Annotated[
        str | None,
        typer.Option(help="All answers in order, as 0,1,-,2,3,1; - skips. They stay in your shell's history."),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="What is due, and when it was last answered.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Delete the last check-in of the instrument.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Say how you are, at once with --valence and --arousal, or question by question.

    INSTRUMENT: affective_slider, k6, k10, who5, or a .toml file of your own.
    """
    from client.checkin.answers import parse_answers
    from client.checkin.asking import ask
    from client.checkin.due import standings
    from client.checkin.record import delete_latest, read_all, save
    from client.checkin.shipped import instrument_named, shipped
    from client.consent.purpose import Purpose
    from client.profile import open_profile

    slid = valence is not None or arousal is not None
    if sum((slid, answers is not None, listing, undo)) > 1:
        raise BadInput("checkin: choose one of --valence with --arousal, --answers, --list and --undo")
    if (slid and instrument not in (None, SLIDERS)) or (listing and instrument is not None):
        raise BadInput("checkin: --valence, --arousal and --list go without an instrument")
    chosen = instrument_named(instrument or SLIDERS)
    with open_profile(folder) as profile:
        if listing:
            mood = profile.mood()
            stored = [] if mood is None else read_all(mood)
            _show_standings(standings(shipped(), stored, now_s=time.time()), as_json=as_json)
            return
        if undo:
            mood = profile.mood()
            _show_undone(chosen, undone=mood is not None and delete_latest(mood, chosen.name), as_json=as_json)
            return
        given: Answers
        if slid:
            given = {"pleasure": _slide("valence", valence), "arousal": _slide("arousal", arousal)}
        else:
            given = ask(chosen) if answers is None else parse_answers(answers, chosen)
        if all(value is None for value in given.values()):
            raise BadInput("checkin: every question was skipped; nothing was stored")
        done = save(profile.mood_for_writing(), chosen, given, at_s=int(time.time()))
        _show(done, chosen, used=profile.consents.holds(Purpose.MOOD), as_json=as_json)


def _slide(name: str, text: str | None) -> float | None:
    """-1..1 to the slider's own 0..1."""
    if text is None or text.strip() == "-":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not -1 <= value <= 1:
        raise BadInput(f"checkin: --{name} is a number from -1 to 1, or - to skip it; nothing was stored")
    return (value + 1) / 2


def _show(done: "Checkin", instrument: "Instrument", *, used: bool, as_json: bool) -> None:
    from client.checkin.answers import reaches_help
    from client.checkin.help_page import help_page

    page = help_page() if reaches_help(instrument, done.answers) else None
    skipped = [item for item, value in done.answers.items() if value is None]
    if as_json:
        shown = {"instrument": done.instrument, "version": done.instrument_version, "at_s": done.at_s}
        print(json.dumps({**shown, "score": done.score, "skipped": skipped, "used": used, "help": page}))
        return
    print(f"{instrument.title}, {len(done.answers) - len(skipped)} of {len(done.answers)} answered.")
    if instrument.range is not None and done.score is not None:
        low, high = instrument.range
        print(f"Score {done.score:g}, of {low:g} to {high:g}; higher means {instrument.higher_means}.")
    elif instrument.range is not None:
        print("No score, since a question was skipped.")
    print(USED if used else KEPT)
    if page is not None:
        print(f"\n{page}", end="")


def _show_standings(found: "list[Standing]", *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "instrument": each.instrument.name,
                "title": each.instrument.title,
                "questions": len(each.instrument.items),
                "interval_days": each.instrument.interval_days,
                "last_at_s": each.last_at_s,
                "due": each.due,
            }
            for each in found
        ]
        print(json.dumps(rows))
        return
    for each in found:
        last = each.last_at_s
        when = "never" if last is None else time.strftime("%Y-%m-%d", time.localtime(last))
        days = each.instrument.interval_days
        often = "every day" if days == 1 else f"every {days:g} days"
        print(f"{each.instrument.name:<17} {often:<14} last {when:<10} {'due' if each.due else ''}".rstrip())


def _show_undone(instrument: "Instrument", *, undone: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"instrument": instrument.name, "deleted": undone}))
    else:
        print(
            f"{instrument.title}: the last check-in was deleted." if undone else f"{instrument.title}: there is none."
        )
