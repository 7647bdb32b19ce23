"""Long work of the command line's verbs, as the page starts it. torch is loaded when the first of them begins."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from client.profile import Profile
from client.web.work import Progress, Task


def scan_task(profile: Profile, music: Path) -> Task:
    """Read a folder of music, at low priority."""

    def task(progress: Progress) -> str:
        from client.music_library.encode import NO_LYRICS_ENCODER
        from client.music_library.own_encoders import encoders_of
        from client.music_library.scan import scan

        _lower_priority()
        encoders = encoders_of(profile)
        counts = scan(profile.history, music, encoders=encoders, advance=progress)
        without = f" There is {NO_LYRICS_ENCODER}." if encoders.lyrics is None else ""
        return (
            f"{counts.found:,} tracks: {counts.new:,} new, {counts.changed:,} changed, {counts.removed:,} removed, "
            f"{counts.broken:,} whose sound cannot be read.{without}"
        )

    return task


def tune_task(profile: Profile, *, clock: Callable[[], float]) -> Task:
    """Tune the own copy of the model, and take it only where it foresees better."""

    def task(_: Progress) -> str:
        from client.personalise.personalise import personalise
        from client.recommend.ask import prepare

        _lower_priority()
        found = personalise(prepare(profile, moods=True), profile.history, made_at_s=int(clock()))
        compared = found.compared
        told = f"It ranks {compared.higher} of your last plays higher and {compared.lower} lower than the release."
        end = "It is used from now on." if found.taken else "That is not clearly better: the release's model is used."
        return f"{told} {end}"

    return task


def _lower_priority() -> None:
    """Of this thread alone, on Linux; whoever uses the computer goes first."""
    import torch

    torch.set_num_threads(1)
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)
