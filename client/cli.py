"""sottovoce-client: the listener's device, at the command line."""

import typer

from client.commands import (
    budget,
    checkin,
    consent,
    doctor,
    erase,
    export,
    import_,
    init,
    join,
    key,
    leave,
    recommend,
    scan,
    serve,
    settings,
    token,
    tune,
    watch,
)
from client.process import settle
from shared_model.command_line import answer

app = typer.Typer(
    name="sottovoce-client",
    help="Recommendations that learn from what you play, on your own device. Nothing leaves it unless you join rounds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    suggest_commands=False,  # click does
)

app.command(epilog=init.EPILOG)(init.init)
app.add_typer(consent.app, name="consent")
app.command("import", epilog=import_.EPILOG)(import_.import_)
app.command(epilog=scan.EPILOG)(scan.scan)
app.command(epilog=checkin.EPILOG)(checkin.checkin)
app.command(epilog=recommend.EPILOG)(recommend.recommend)
app.command(epilog=tune.EPILOG)(tune.tune)
app.command(epilog=token.EPILOG)(token.token)
app.command(epilog=watch.EPILOG)(watch.watch)
app.command(epilog=budget.EPILOG)(budget.budget)
app.command(epilog=settings.EPILOG)(settings.settings)
app.command(epilog=serve.EPILOG)(serve.serve)
app.add_typer(key.app, name="key")
app.command(epilog=export.EPILOG)(export.export)
app.command(epilog=erase.EPILOG)(erase.erase)
app.command(epilog=doctor.EPILOG)(doctor.doctor)
app.command(epilog=join.EPILOG)(join.join)
app.command(epilog=leave.EPILOG)(leave.leave)


def main() -> None:
    """Entry point. A mistake of the user gets a sentence, never a traceback."""
    settle()
    mend = "free space or check the paths, then try again"
    answer(app, "sottovoce-client", mend=mend, of_database=_of_the_store)


def _of_the_store(error: Exception) -> str | None:
    """What SQLCipher said, which names no row's content."""
    from sqlalchemy.exc import DBAPIError  # a fifth of a second, which `--help` does without
    from sqlcipher3 import dbapi2

    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, dbapi2.Error):
        return None
    return f"store: {cause}; free space, or see `sottovoce-client doctor`"
