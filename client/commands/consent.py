"""consent: what was agreed to, and ending it."""

import json
import time
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json
from client.consent.purpose import WORDINGS, Purpose

app = typer.Typer(help="Four separate choices, off until you say yes.", no_args_is_help=True, suggest_commands=False)
PurposeName = Annotated[Purpose, typer.Argument(help="Which of the four choices.")]


@app.command("list", epilog="Example: sottovoce-client consent list")
def list_(folder: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """The four choices, what they mean, and every decision so far."""
    from client.profile import open_profile

    with open_profile(folder) as profile:
        held = {purpose: profile.consents.holds(purpose) for purpose in Purpose}
        receipts = profile.consents.receipts()
    if as_json:
        decisions = [
            {
                "purpose": each.purpose,
                "granted": each.granted,
                "wording_version": each.wording_version,
                "at_s": each.at_s,
            }
            for each in receipts
        ]
        print(json.dumps({"in_force": held, "receipts": decisions}))
        return
    for purpose, granted in held.items():
        print(f"{'yes' if granted else 'no':>3}  {purpose}: {WORDINGS[purpose].question}")
        print(f"     {WORDINGS[purpose].explanation}")
    for each in receipts:
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.at_s))
        print(f"{day}  {'granted' if each.granted else 'withdrawn'}  {each.purpose} (wording {each.wording_version})")


@app.command(epilog="Example: sottovoce-client consent grant listening")
def grant(purpose: PurposeName, folder: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Agree to one of the choices."""
    from client.profile import open_profile

    with open_profile(folder) as profile:
        receipt = profile.consents.decide(purpose, granted=True, at_s=int(time.time()))
    if as_json:
        print(json.dumps({"purpose": purpose, "granted": True, "wording_version": receipt.wording_version}))
        return
    print(f"Agreed: {WORDINGS[purpose].question} {WORDINGS[purpose].explanation}")
    print(f"To end it: sottovoce-client consent withdraw {purpose}")


@app.command(epilog="Example: sottovoce-client consent withdraw mood")
def withdraw(purpose: PurposeName, folder: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """End one of them, at once. With `mood` all answers are destroyed; plays stay until `erase`."""
    from client.data import withdraw as withdrawal
    from client.profile import open_profile

    with open_profile(folder) as profile:
        done = withdrawal.withdraw(profile, purpose, at_s=int(time.time()))
    if as_json:
        told = {"answers_destroyed": done.answers_destroyed, "tuned_heads": done.copies_forgotten}
        print(json.dumps({"purpose": purpose, "granted": False, **told}))
        return
    print(f"Withdrawn: {WORDINGS[purpose].question}")
    if done.answers_destroyed:
        print("The key of your answers was destroyed, and the answers with it.")
    if done.copies_forgotten:
        print("The copy of the model that had learned by it was forgotten.")
    if purpose is Purpose.LISTENING:
        print("Nothing is learned or recommended from now on. Your plays are still there: sottovoce-client erase")
