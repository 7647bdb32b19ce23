"""erase: all, some plays, or the mood answers; asked first, and nothing readable left."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json, Yes, confirmed
from shared_model.errors import BadInput

EPILOG = "Example: sottovoce-client erase --from 2024-01-01 --to 2024-02-01"
_DATES = ["%Y-%m-%d"]


def erase(
    everything: Annotated[bool, typer.Option("--all", help="The whole profile, keys first.")] = False,
    mood: Annotated[bool, typer.Option("--mood", help="All mood answers, and their key.")] = False,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DATES, help="Plays from this day on (UTC).")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_DATES, help="Plays before this day (UTC).")] = None,
    import_id: Annotated[int | None, typer.Option("--import", help="The plays that this import brought.")] = None,
    yes: Yes = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Erase the whole profile, some plays, or the mood answers. There is no undo: export first."""
    span = first is not None or until is not None
    if sum([everything, mood, span, import_id is not None]) != 1:
        raise BadInput("erase: say one of --all, --mood, --from/--to, --import; see --help")
    if everything:
        done = _everything(folder, yes=yes)
    elif mood:
        done = _mood(folder, yes=yes)
    else:
        done = _plays(folder, first=first, until=until, import_id=import_id, yes=yes)
    print(json.dumps(done) if as_json else _words(done))


def _everything(folder: Path, *, yes: bool) -> dict[str, object]:
    from client.data.erase import erase_everything

    if not confirmed(f"Erase the profile in {folder}, history, answers, consents and ledger?", yes=yes):
        raise typer.Exit(1)
    erase_everything(folder)
    return {"erased": "all"}


def _mood(folder: Path, *, yes: bool) -> dict[str, object]:
    from client.personalise.kept import forget_heads
    from client.profile import open_profile

    with open_profile(folder) as profile:
        if not confirmed("Erase all mood answers?", yes=yes):
            raise typer.Exit(1)
        there = profile.shred_mood()
        return {"erased": "mood", "answers": there, "tuned_heads": forget_heads(profile.history, moods_alone=True)}


def _plays(
    folder: Path, *, first: datetime | None, until: datetime | None, import_id: int | None, yes: bool
) -> dict[str, object]:
    from sqlalchemy import and_, true

    from client.data.erase import count_listens, erase_listens
    from client.profile import open_profile
    from client.store.tables import listens

    which = and_(
        true() if first is None else listens.c.started_at_s >= int(first.replace(tzinfo=UTC).timestamp()),
        true() if until is None else listens.c.started_at_s < int(until.replace(tzinfo=UTC).timestamp()),
        true() if import_id is None else listens.c.import_id == import_id,
    )
    with open_profile(folder) as profile:
        count = count_listens(profile.history, which)
        if count and not confirmed(f"Erase {count} plays?", yes=yes):
            raise typer.Exit(1)
        erased = erase_listens(profile.history, which)
    return {
        "erased": "listens",
        "listens": erased.listens,
        "tuned_heads": erased.tuned_heads,
        "feedback": erased.feedback,
    }


def _words(done: dict[str, object]) -> str:
    if done["erased"] == "all":
        return "Erased. Keys, history, answers, consents and ledger are gone."
    if done["erased"] == "mood":
        return "Erased all answers, and destroyed their key." if done["answers"] else "There were no answers."
    tuned = " What was tuned on plays was forgotten with them." if done["tuned_heads"] else ""
    said = f" {done['feedback']} of your words on tracks went with them." if done["feedback"] else ""
    return f"Erased {done['listens']} plays.{said}{tuned}"
