"""The newest release of the federation, checked and in the cache."""

import hashlib
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from client.enrolment.cache import Cache
from client.enrolment.connection import Distribution
from client.enrolment.pins import Pins, write_release, write_seen
from client.enrolment.unreachable import Unreachable
from shared_model.errors import BadInput
from shared_model.wire.head import Head, open_head, require_newer
from shared_model.wire.release_manifest import Part, ReleaseFile, ReleaseManifest, open_manifest

ATTEMPTS = 6
"""In a row without a byte more, and then it is given up until the next time."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """manifest: None before the first release; files: those that this device wants, by name; fetched: how many of
    them were not here."""

    manifest: ReleaseManifest | None
    files: dict[str, Path]
    fetched: int


def fresh_head(service: Distribution, pins: Pins, *, history: Engine, now_s: float) -> Head:
    """The federation's head, checked against everything that this device has seen, and kept as seen.

    Raises Refused where something was taken back or held back, BadInput where it is not signed by the pinned key.
    """
    content, consistency = service.head(seen_size=pins.seen_size)
    head = open_head(content, pins.log_verifier)
    require_newer(head, pins.seen, consistency=consistency, now_s=now_s)
    write_seen(history, head)
    return head


def fetch_release(
    service: Distribution,
    pins: Pins,
    *,
    history: Engine,
    cache: Cache,
    now_s: float,
    wanted: Collection[Part] = tuple(Part),
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Make sure that the newest release is here, whole; killed at any moment it goes on where it was.

    wanted: the parts of it that this device needs; what is here of others is let go. The release before is kept until
    all of the new one is here. Raises as `fresh_head`, Refused or BadInput where manifest or file are not what was
    signed, Unreachable where the coordinator stays away.
    """
    head = fresh_head(service, pins, history=history, now_s=now_s)
    if head.release is None:
        return Fetched(manifest=None, files={}, fetched=0)
    note = pins.release_manifest
    if note is None or hashlib.sha256(note).hexdigest() != head.release.sha256:
        note = service.manifest(head.release.sha256)
        if hashlib.sha256(note).hexdigest() != head.release.sha256:
            raise BadInput("release: the manifest is not the one that the federation's head names; try again")
    manifest = open_manifest(note, pins.release_verifier)
    if manifest.number != head.release.number:
        raise BadInput("release: the manifest has another number than the federation's head says; tell the operator")
    ours = [file for file in manifest.files if file.part in wanted]
    missing = [file for file in ours if not cache.has(file)]
    cache.require_room(missing)
    for file in missing:
        _patiently(file, service=service, cache=cache, sleep=sleep)
    write_release(history, note)
    cache.keep_only(ours)
    files = {file.name: cache.path_of(file) for file in ours}
    return Fetched(manifest=manifest, files=files, fetched=len(missing))


def _patiently(file: ReleaseFile, *, service: Distribution, cache: Cache, sleep: Callable[[float], None]) -> None:
    """Attempts go on as long as each brings something."""
    failures, furthest = 0, 0
    while True:
        reached = 0

        def chunks(offset: int) -> Iterator[bytes]:
            nonlocal reached
            reached = offset
            for chunk in service.chunks(file.sha256, offset=offset):
                reached += len(chunk)
                yield chunk

        try:
            cache.fetch(file, chunks)
            return
        except Unreachable:
            failures = 0 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if failures >= ATTEMPTS:
                raise
        sleep(min(_FIRST_PAUSE_S * 2**failures, _LONGEST_PAUSE_S))
