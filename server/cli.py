"""sottovoce-server: the coordinator, at the command line."""

import os

import typer

from server.commands import devices, init, invite, publish, renew, revoke, status, up
from shared_model.command_line import answer

app = typer.Typer(
    name="sottovoce-server",
    help="A federation's coordinator: it invites devices, and never sees what they play.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    suggest_commands=False,  # click does
)

app.command(epilog=init.EPILOG)(init.init)
app.command(epilog=invite.EPILOG)(invite.invite)
app.command(epilog=revoke.EPILOG)(revoke.revoke)
app.command(epilog=devices.EPILOG)(devices.devices)
app.command(epilog=up.EPILOG)(up.up)
app.command(epilog=status.STATUS_EPILOG)(status.status)
app.command(epilog=status.HALT_EPILOG)(status.halt)
app.command(epilog=status.RESUME_EPILOG)(status.resume)
app.command(epilog=publish.EPILOG)(publish.publish)
app.command(epilog=renew.EPILOG)(renew.renew)


def main() -> None:
    """Entry point. A mistake of the operator gets a sentence, never a traceback."""
    os.umask(0o077)  # keys, registry and settings are the operator's alone
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    mend = "free space or check the paths, then try again"
    answer(app, "sottovoce-server", mend=mend, of_database=_of_the_registry)


def _of_the_registry(error: Exception) -> str | None:
    """What SQLite said, which names no row's content."""
    import sqlite3

    from sqlalchemy.exc import DBAPIError

    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    return f"registry: {cause}; free space, or put it back from a backup"


if __name__ == "__main__":
    main()
