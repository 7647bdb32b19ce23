"""What every command line of sottovoce does with what goes wrong: a sentence and an exit code, never a traceback."""

import sys
from collections.abc import Callable
from typing import NoReturn

import click
import typer

from shared_model.errors import SottovoceError

INTERRUPTED = 130


def no_database(error: Exception) -> str | None:  # noqa: ARG001
    """Of a command line that has none."""
    return None


def answer(
    app: typer.Typer,
    name: str,
    *,
    mend: str,
    stopped: str = "stopped; what was done stays done",
    io_exit_code: int = SottovoceError.exit_code,
    of_database: Callable[[Exception], str | None] = no_database,
) -> NoReturn:
    """Run what was typed and end the process.

    name: of the command; mend: what to do about a file or disk that fails; stopped: said after Ctrl-C; io_exit_code: of
    a file or disk that fails; of_database: a sentence for what the command's own database says, None for an error of
    anything else.
    """
    try:
        code = app(standalone_mode=False, prog_name=name)
    except SottovoceError as error:
        _end(f"{name}: {error}", error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        _end(error.format_message(), error.exit_code)
    except click.ClickException as error:  # a wrong option or argument
        _end(f"{name}: {' '.join(error.format_message().split())} See --help.", error.exit_code)
    except OSError as error:
        _end(f"{name}: {error}; {mend}", io_exit_code)
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:
        said = of_database(error)
        if said is None:
            raise
        _end(f"{name}: {said}", SottovoceError.exit_code)
    if code == INTERRUPTED:
        print(f"{name}: {stopped}", file=sys.stderr)
    sys.exit(code or 0)


def _end(said: str, code: int) -> NoReturn:
    print(said, file=sys.stderr)
    sys.exit(code)
