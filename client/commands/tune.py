"""tune: learn from the latest plays, on this device alone."""

import json
import time
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json
from shared_model.errors import Refused

EPILOG = "Example: sottovoce-client tune --now"


def tune(
    now: Annotated[bool, typer.Option("--now", help="At once, also on battery or while you work.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Go back to the release's own head.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Tune your own copy of the model on your plays, and show how well it foresees your last ones. Nothing leaves."""
    from client.eligibility.record import note
    from client.eligibility.sensors import read_sensors
    from client.eligibility.verdict import Job, judge
    from client.personalise.kept import forget_heads
    from client.personalise.personalise import personalise
    from client.profile import open_profile
    from client.recommend.ask import prepare

    now_s = time.time()
    with open_profile(folder) as profile:
        if forget:
            forgotten = forget_heads(profile.history)
            copies = "1 tuned copy" if forgotten == 1 else f"{forgotten} tuned copies"
            print(json.dumps({"forgotten": forgotten}) if as_json else f"Forgot {copies} of the model.")
            return
        if not now:
            verdict = judge(read_sensors(now_s), profile.settings.eligibility, job=Job.TUNE)
            note(profile.history, verdict, job=Job.TUNE, at_s=int(now_s))
            if not verdict.allowed:
                raise Refused(f"tune: {verdict.reason}. To do it at once: tune --now")
        found = personalise(prepare(profile, moods=True), profile.history, made_at_s=int(now_s))
    if as_json:
        print(json.dumps(found.as_json()))
        return
    print(f"Your last {found.release.plays} plays, each foreseen from those before it, among all tracks:")
    for name, foresight in (("release", found.release), ("tuned", found.tuned)):
        print(f"  {name:<8} HR@10 {foresight.hit_rate_10:.3f}   MRR@20 {foresight.mrr_20:.3f}")
    compared = found.compared
    print(f"The tuned copy ranks {compared.higher} of them higher and {compared.lower} lower; ", end="")
    print(f"a coin would do as well {100 * compared.chance:.0f} times in 100.")
    if found.taken:
        print("It is used from now on.")
    else:
        print("That is not clearly better: the release's own model is used.")
