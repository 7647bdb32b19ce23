"""sottovoce-server: the coordinator, at the command line."""

import os
import sys

import click
import typer

from server.commands import devices, init, invite, publish, renew, revoke, status, up
from shared_model.errors import SottovoceError

app = typer.Typer(
    name="sottovoce-server",
    help="A federation's coordinator: it invites devices, and never sees what they play.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    suggest_commands=False,  # click does
)
INTERRUPTED = 130

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
    try:
        code = app(standalone_mode=False, prog_name="sottovoce-server")
    except SottovoceError as error:
        print(f"sottovoce-server: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        sys.exit(error.exit_code)
    except click.ClickException as error:  # a wrong option or argument
        print(f"sottovoce-server: {' '.join(error.format_message().split())} See --help.", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"sottovoce-server: {error}; free space or check the paths, then try again", file=sys.stderr)
        sys.exit(SottovoceError.exit_code)
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:
        said = _of_the_registry(error)
        if said is None:
            raise
        print(f"sottovoce-server: registry: {said}; free space, or put it back from a backup", file=sys.stderr)
        sys.exit(SottovoceError.exit_code)
    if code == INTERRUPTED:
        print("sottovoce-server: stopped; what was done stays done", file=sys.stderr)
    sys.exit(code or 0)


def _of_the_registry(error: Exception) -> str | None:
    """What SQLite said, which names no row's content; None for an error of anything else."""
    import sqlite3

    from sqlalchemy.exc import DBAPIError

    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause) if isinstance(cause, sqlite3.Error) else None


if __name__ == "__main__":
    main()
