"""Erasing: what is deleted is overwritten or its key destroyed, and nothing readable is left.

Whatever was tuned on plays goes with them: a head may remember what it learned.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Engine, Select, and_, delete, false, func, or_, select

from client.files import HISTORY, KEYS, LEDGER, MOOD, NEXT_NODE_KEY, NODE, RELEASES, SETTINGS, TOKEN, remove_database
from client.keys.key_file import read_key_file
from client.keys.keyring_secrets import KeyringSecrets
from client.keys.unlocking import KEYRING_KEY
from client.ledger.place import forget_mirror
from client.store.database import compact
from client.store.tables import feedback, imports, listens, personal_heads, recordings
from shared_model.errors import BadInput

_FILES = (HISTORY, MOOD, LEDGER, SETTINGS, TOKEN, NEXT_NODE_KEY, KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How much of each there was."""

    listens: int
    tuned_heads: int
    feedback: int


def erase_listens(history: Engine, which: ColumnElement[bool]) -> Erased:
    """Delete those plays, and with them the recordings and imports that nothing else holds, what was said of the
    recordings, and every tuned head.

    All of it in one transaction: killed at any moment, no head is left of plays that are gone.
    """
    heads = 0
    with history.begin() as connection:
        unsaid = connection.execute(delete(feedback).where(feedback_that_goes(which))).rowcount
        gone = connection.execute(delete(listens).where(which)).rowcount
        if gone:
            heads = connection.execute(delete(personal_heads)).rowcount
            connection.execute(delete(recordings).where(recordings.c.id.not_in(select(listens.c.recording_id))))
            used = select(listens.c.import_id).where(listens.c.import_id.is_not(None))
            connection.execute(delete(imports).where(imports.c.id.not_in(used)))
    compact(history)
    return Erased(listens=gone, tuned_heads=heads, feedback=unsaid)


def feedback_that_goes(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of rows of `feedback`: said of a track whose last plays are among those, before they are deleted.

    What was said of a track that is still played, or never was, stays.
    """
    goes, stays = _said_of(select(listens.c.recording_id).where(which)), _said_of(_played_beside(which))
    return and_(goes, ~stays)


def _played_beside(which: ColumnElement[bool]) -> Select[tuple[int]]:
    # a source that is not known is not that source: NULL is beside it
    return select(listens.c.recording_id).where(~func.coalesce(which, false()))


def _said_of(recording_ids: Select[tuple[int]]) -> ColumnElement[bool]:
    """By name or by recording_mbid, either of which may be unknown."""
    held = recordings.c.id.in_(recording_ids)
    return func.coalesce(
        or_(
            feedback.c.identity.in_(select(recordings.c.identity).where(held)),
            feedback.c.recording_mbid.in_(
                select(recordings.c.recording_mbid).where(held, recordings.c.recording_mbid.is_not(None))
            ),
        ),
        false(),
    )


def count_listens(history: Engine, which: ColumnElement[bool]) -> int:
    """How many plays `erase_listens` would delete."""
    with history.connect() as connection:
        return connection.execute(select(func.count()).select_from(listens).where(which)).scalar_one()


def erase_everything(folder: Path) -> None:
    """Destroy the keys, then every file of the profile. Needs no passphrase: nothing is read.

    Killed after the first step, what is left is unreadable for ever, and doing it again removes it. Files that are not
    the profile's are left alone. Raises BadInput where there is nothing of a profile.
    """
    if not any((folder / name).exists() for name in _FILES):
        raise BadInput(f"erase: {folder} holds no profile; name another with --dir")
    profile = _destroy_keys(folder / KEYS)
    if profile is not None:
        KeyringSecrets(profile).forget(KEYRING_KEY)
        forget_mirror(profile)
    # of a federation: nothing personal, but they tell that one was joined
    for name in (RELEASES, NODE):
        shutil.rmtree(folder / name, ignore_errors=True)
    for database in (folder / HISTORY, folder / MOOD):
        remove_database(database)
    for name in _FILES:  # keys.json last: it names what is to be forgotten elsewhere
        for half_written in folder.glob(f".{name}.*"):
            half_written.unlink()
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _destroy_keys(path: Path) -> str | None:
    """Overwrite them where they lie; the profile's id stays, so that a second call still knows it. None: damaged."""
    for half_written in path.parent.glob(f".{path.name}.*"):
        _overwrite(half_written, bytes(half_written.stat().st_size))
    if not path.exists():
        return None
    try:
        profile = read_key_file(path).profile
    except BadInput:  # a damaged file opens nothing, and may still hold a key
        _overwrite(path, bytes(path.stat().st_size))
        return None
    _overwrite(path, re.sub(rb"[0-9a-f]{17,}", lambda key: b"0" * len(key[0]), path.read_bytes()))
    return profile


def _overwrite(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
