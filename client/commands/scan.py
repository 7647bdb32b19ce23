"""scan: the owner's music folder, its tags, lyrics and sound, into the profile."""

import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json

if TYPE_CHECKING:
    from client.music_library.encode import Encoders
    from client.music_library.lyrics_file import LyricsFile
    from client.music_library.scan import ScanCounts

EPILOG = "Example: sottovoce-client scan ~/Music --lyrics songs.jsonl"
FAULTS_SHOWN = 20
LINES_SHOWN = 10

Lyrics = Annotated[
    Path | None,
    typer.Option(help="JSONL with a song a line: `lyrics`, and `audio`, `id`, or `artist` and `title` to find it by."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what would be done, and encode and write nothing.")]


def scan(
    music: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of your music.", show_default=False)],
    lyrics: Lyrics = None,
    folder: Folder = DEFAULT_FOLDER,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Read tags and lyrics of a music folder and encode what is new, at low priority. Again: only what changed."""
    from client.music_library.encode import NO_LYRICS_ENCODER
    from client.music_library.lyrics_file import read_lyrics_file
    from client.music_library.own_encoders import encoders_of
    from client.music_library.scan import scan as scan_folder
    from client.profile import open_profile

    started = time.monotonic()
    faults: list[tuple[Path, str]] = []
    with open_profile(folder) as profile:
        lyrics_file = None if lyrics is None else read_lyrics_file(lyrics)
        encoders = encoders_of(profile)
        if encoders.lyrics is None:
            print(f"scan: {NO_LYRICS_ENCODER}", file=sys.stderr)
        _lower_priority()
        try:
            with _bar(shown=not as_json) as shown, _stopped_between_tracks(shown) as advance:
                counts = scan_folder(
                    profile.history,
                    music,
                    encoders=encoders,
                    lyrics_file=lyrics_file,
                    advance=advance,
                    on_fault=lambda path, fault: faults.append((path, fault)),
                    dry_run=dry_run,
                )
        except KeyboardInterrupt:
            print("scan: the same command goes on where this one stopped", file=sys.stderr)
            raise
    _show_faults(faults, lyrics_file)
    if as_json:
        seconds = round(time.monotonic() - started, 1)
        print(json.dumps(_as_json(counts, encoders, lyrics_file) | {"seconds": seconds, "dry_run": dry_run}))
    else:
        _show(counts, encoders, dry_run=dry_run)


def _lower_priority() -> None:
    """A scan takes hours on a large library, and whoever uses the device goes first."""
    import torch

    torch.set_num_threads(1)
    if hasattr(os, "nice"):  # not on Windows
        os.nice(10)


@contextmanager
def _bar(*, shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and time left, on a terminal's stderr alone."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as progress:
        task = progress.add_task("scan", rate="")

        def advance(done: int, total: int) -> None:
            speed = progress.tasks[0].speed
            rate = "" if speed is None else f"{speed:.1f} tracks/s"
            progress.update(task, completed=done, total=total, rate=rate)

        yield advance


@contextmanager
def _stopped_between_tracks(advance: Callable[[int, int], None]) -> Iterator[Callable[[int, int], None]]:
    """Ctrl-C ends the scan when the track that is under way is written, and a second one at once: within a decoder it
    would be lost in native code, which prints a traceback of its own."""
    asked = threading.Event()

    def ask(*_: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    def advance_or_stop(done: int, total: int) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        advance(done, total)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # as in a shell's background
        signal.signal(signal.SIGINT, ask)
    try:
        yield advance_or_stop
    finally:
        signal.signal(signal.SIGINT, before)


def _show_faults(faults: list[tuple[Path, str]], lyrics_file: "LyricsFile | None") -> None:
    """On stderr: the names are the owner's own, and no log takes them."""
    for path, fault in faults[:FAULTS_SHOWN]:
        print(f"scan: {path}: {fault}; its tags are kept", file=sys.stderr)
    if len(faults) > FAULTS_SHOWN:
        print(f"scan: and {len(faults) - FAULTS_SHOWN:,} more such files", file=sys.stderr)
    invalid = () if lyrics_file is None else lyrics_file.invalid
    if invalid:
        numbers = ", ".join(map(str, invalid[:LINES_SHOWN])) + (", ..." if len(invalid) > LINES_SHOWN else "")
        print(f"scan: {len(invalid):,} lines of the lyrics file are no song: {numbers}", file=sys.stderr)


def _as_json(counts: "ScanCounts", encoders: "Encoders", lyrics_file: "LyricsFile | None") -> dict[str, object]:
    names = {"lyrics": None if encoders.lyrics is None else encoders.lyrics.name, "audio": encoders.audio.name}
    invalid = [] if lyrics_file is None else list(lyrics_file.invalid)
    return asdict(counts) | {"encoders": names, "invalid_lines": invalid}


def _show(counts: "ScanCounts", encoders: "Encoders", *, dry_run: bool) -> None:
    print(f"{counts.found:,} tracks{': nothing was written (--dry-run)' if dry_run else ''}")
    for number, what in (
        (counts.new, "new"),
        (counts.changed, "changed"),
        (counts.unchanged, "unchanged"),
        (counts.removed, "removed"),
        (counts.broken, "whose sound cannot be read"),
        (counts.unreadable, "folders or names that cannot be read"),
    ):
        if number:
            print(f"{number:>10,}  {what}")
    lyrics = "no encoder" if encoders.lyrics is None else _brief(encoders.lyrics.name)
    encoded = "to encode" if dry_run else "encoded now"
    languages = ", ".join(f"{code} {number:,}" for code, number in counts.languages.items())
    with_lyrics = f"with lyrics ({languages})" if languages else "with lyrics"
    print(f"{counts.with_lyrics:>10,}  {with_lyrics}, {counts.encoded_lyrics:,} {encoded} ({lyrics})")
    print(f"{counts.with_audio:>10,}  with audio, {counts.encoded_audio:,} {encoded} ({_brief(encoders.audio.name)})")


def _brief(encoder: str) -> str:
    """Its name with the first eight digits of each SHA-256, which tell versions apart at a glance."""
    return re.sub(r"(?<=sha256:)([0-9a-f]{8})[0-9a-f]{56}", r"\1", encoder)
