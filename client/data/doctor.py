"""Whether the installation is well, and how to mend what is not. Nothing is changed by looking."""

import importlib.util
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from client.eligibility.sensors import read_sensors
from client.eligibility.verdict import Job, judge
from client.enrolment.held import held_model
from client.keys.keyring_secrets import is_available
from client.ledger.budget import month_at, read_budget
from client.ledger.ledger import Busy
from client.music_library.encode import NO_LYRICS_ENCODER
from client.music_library.own_encoders import encoders_of
from client.profile import Profile
from client.recommend.release_file import open_release
from shared_model.errors import SottovoceError

_LEAST_FREE_BYTES = 500_000_000


class Health(StrEnum):
    """ok; worth knowing; to be mended."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """what: the part that was looked at; said: what was found, and how to mend it."""

    what: str
    health: Health
    said: str


def examine(profile: Profile, *, now_s: float) -> Iterator[Finding]:
    """Look at each part of an opened profile in turn. now_s: Unix seconds."""
    for what, look in _PARTS.items():
        try:
            health, said = look(profile, now_s)
        except SottovoceError as error:
            health, said = Health.FAULT, str(error)
        except DBAPIError:  # which `databases` tells of
            health, said = Health.NOTE, "it cannot be told while a database is damaged"
        yield Finding(what=what, health=health, said=said)


_Look = tuple[Health, str]


def _keyring(profile: Profile, _: float) -> _Look:
    if profile.opened_by_keyring:
        return Health.OK, "the keyring opens this profile, and the recovery passphrase does, too"
    there = "there is one now; `sottovoce-client key rotate` puts a key there" if is_available() else "there is none"
    return Health.NOTE, f"the passphrase alone opens this profile: when it was made no keyring kept a key, and {there}"


def _files(profile: Profile, _: float) -> _Look:
    open_to_others = [path.name for path in (profile.folder, *profile.folder.iterdir()) if _readable_by_others(path)]
    if open_to_others:
        return Health.FAULT, f"others may read {', '.join(sorted(open_to_others))}; chmod -R go= {profile.folder}"
    return Health.OK, "the owner alone may read them"


def _databases(profile: Profile, _: float) -> _Look:
    for name, engine in (("history", profile.history), ("mood", profile.mood())):
        if engine is not None and not _is_whole(engine):
            return (
                Health.FAULT,
                f"the {name} database is damaged; put it back from a backup, or export what can be read",
            )
    return Health.OK, "every page of them is whole and authentic"


def _ledger(profile: Profile, now_s: float) -> _Look:
    try:
        budget = read_budget(profile.ledger, key=profile.ledger_key, mirror=profile.mirror, month=month_at(now_s))
    except Busy as busy:
        return Health.NOTE, str(busy)
    if budget.fault is not None:
        return Health.FAULT, budget.fault
    return Health.OK, f"whole; {budget.participations} rounds were debited"


def _release(profile: Profile, _: float) -> _Look:
    release = open_release(profile.settings.release or held_model(profile))
    whose = "SIMULATED listeners" if release.simulated else "public listeners"
    return Health.OK, f"{release.name}: {len(release.tracks)} tracks, learned from {whose}"


def _encoders(profile: Profile, _: float) -> _Look:
    encoders = encoders_of(profile)
    if encoders.lyrics is None:
        return Health.NOTE, NO_LYRICS_ENCODER
    release = open_release(profile.settings.release or held_model(profile))
    for name, encoder in (("lyrics", encoders.lyrics.name), ("audio", encoders.audio.name)):
        held = release.modalities.get(name)
        if held is not None and held.encoder != encoder:
            return Health.NOTE, (
                f"{name} here is encoded by {encoder} and in the release by {held.encoder}: they cannot be "
                f"compared, and your own tracks count without {name}"
            )
    return Health.OK, f"{encoders.lyrics.name}; {encoders.audio.name}"


def _learning(profile: Profile, now_s: float) -> _Look:
    if importlib.util.find_spec("torch") is None:
        return Health.NOTE, "torch is not installed: tracks cannot be encoded and the model not tuned, only recommended"
    verdict = judge(read_sensors(now_s), profile.settings.eligibility, job=Job.TUNE)
    return Health.OK, "could tune now" if verdict.reason is None else verdict.reason


def _space(profile: Profile, _: float) -> _Look:
    free = shutil.disk_usage(profile.folder).free
    if free < _LEAST_FREE_BYTES:
        return Health.FAULT, f"{free // 10**6} MB are free; make room, or nothing can be written"
    return Health.OK, f"{free / 10**9:.0f} GB are free"


_PARTS: dict[str, Callable[[Profile, float], _Look]] = {
    "keyring": _keyring,
    "files": _files,
    "databases": _databases,
    "ledger": _ledger,
    "release": _release,
    "encoders": _encoders,
    "learning": _learning,
    "space": _space,
}


def _readable_by_others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _is_whole(engine: Engine) -> bool:
    with engine.connect() as connection:
        damaged = connection.execute(text("PRAGMA cipher_integrity_check")).all()
        return not damaged and connection.execute(text("PRAGMA quick_check")).scalar_one() == "ok"
