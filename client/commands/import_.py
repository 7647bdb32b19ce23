"""import: listening history that another service exported, onto this device."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json
from client.ingest.formats import FormatName
from shared_model.errors import BadInput

if TYPE_CHECKING:
    from client.ingest.import_history import Imported

EPILOG = "Example: sottovoce-client import spotify my_spotify_data.zip"
Timezone = Annotated[
    str | None,
    typer.Option(
        help="Where a player's clock stood, like Europe/Berlin, if its log knows no zone.", show_default="UTC"
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what would be imported, and write nothing.")]


def import_(
    name: Annotated[FormatName, typer.Argument(metavar="FORMAT", help=f"One of: {', '.join(FormatName)}.")],
    source: Annotated[Path, typer.Argument(help="The export: a file, a folder or a zip.", show_default=False)],
    folder: Folder = DEFAULT_FOLDER,
    dry_run: DryRun = False,
    user: Annotated[str | None, typer.Option(help="Whose plays, where the file holds several people's.")] = None,
    timezone: Timezone = None,
    as_json: Json = False,
) -> None:
    """Import what another program or a player kept of your listening. Doing it again changes nothing.

    FORMAT: spotify, listenbrainz, lastfm, maloja, koito, pano, scrobbler-log (Rockbox and other portable players),
    research (Last.fm-1K), or auto, which finds out. SOURCE: file, folder or zip.
    """
    # SQLAlchemy takes a fifth of a second to import: `--help` does without
    from client.ingest.import_history import import_history
    from client.profile import open_profile

    with open_profile(folder) as profile, _bar(shown=not as_json) as progress:
        imported = import_history(
            source,
            name,
            history=profile.history,
            consent=profile.consents.listening(),
            clock=lambda: int(time.time()),
            dry_run=dry_run,
            listener=user,
            zone=UTC if timezone is None else _zone(timezone),
            progress=progress,
        )
    if as_json:
        print(json.dumps(_as_json(imported, dry_run=dry_run)))
    else:
        _print(imported, dry_run=dry_run)
    if imported.format is FormatName.SCROBBLER_LOG and timezone is None:
        print(
            "import: where the log says #TZ/UNKNOWN, its times were taken as UTC; if the player's clock stood "
            "elsewhere, say so with --timezone Europe/Berlin",
            file=sys.stderr,
        )


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"import: {name!r} names no time zone; say it like Europe/Berlin") from error


@contextmanager
def _bar(*, shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar of the bytes read, on a terminal's stderr alone."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as progress:
        task = progress.add_task("import")
        yield lambda read_bytes, total_bytes: progress.update(task, completed=read_bytes, total=total_bytes)


def _as_json(imported: "Imported", *, dry_run: bool) -> dict[str, object]:
    counts = imported.counts
    return {
        "format": imported.format,
        "imported": counts.imported,
        "duplicate": counts.duplicate,
        "skipped": counts.skipped,
        "malformed": counts.malformed,
        "faults": list(counts.faults),
        "import": imported.id,
        "dry_run": dry_run,
    }


def _print(imported: "Imported", *, dry_run: bool) -> None:
    counts = imported.counts
    print(f"{imported.format}: {counts.read:,} entries read{', nothing written (--dry-run)' if dry_run else ''}")
    print(f"{counts.imported:>10,}  {'would be imported' if dry_run else 'imported'}")
    print(f"{counts.duplicate:>10,}  duplicate")
    for reason, number in counts.skipped.items():
        print(f"{number:>10,}  skipped: {reason}")
    print(f"{counts.malformed:>10,}  malformed")
    for fault in counts.faults:
        print(f"            {fault}")
    if counts.malformed > len(counts.faults):
        print(f"            and {counts.malformed - len(counts.faults):,} more")
