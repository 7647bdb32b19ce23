"""serve: the listener's page and the players' endpoint, on this computer alone."""

import sys
import time
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder
from shared_model.errors import BadInput

EPILOG = "Example: sottovoce-client serve"
DEFAULT_PORT = 8765


def serve(
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Of 127.0.0.1.")] = DEFAULT_PORT,
    link: Annotated[
        bool, typer.Option("--link", help="Print a link that opens the page of the server that runs, and end.")
    ] = False,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Show your page in the browser, and take what players scrobble, until it is stopped. Only on this computer.

    It prints a link that opens the page once, within ten minutes; --link prints another one. See docs/page.md.
    """
    from client.profile import open_profile
    from client.web.session import new_link, page_key

    with open_profile(folder) as profile:
        key = page_key(profile.ledger_key)
        address = f"http://127.0.0.1:{port}/enter?link="
        if link:
            print(address + new_link(key, now_s=int(time.time())))
            return
        from client.web.server import bound, run

        try:
            listening = bound(port)
        except OSError as error:
            raise BadInput(
                f"serve: 127.0.0.1:{port} cannot be used ({error.strerror}); another one runs there, perhaps: "
                "`serve --link` gives a link to it, --port another address"
            ) from error
        with listening:
            run(
                profile,
                listening,
                ready=lambda: print(
                    f"Open {address}{new_link(key, now_s=int(time.time()))}\n"
                    f"Players: http://127.0.0.1:{port}, with the token of `sottovoce-client token`. Ctrl+C ends it.",
                    flush=True,
                ),
            )
    print("serve: ended", file=sys.stderr)
