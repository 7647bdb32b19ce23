"""Newer releases while a device takes part: fetched beside the rounds, which go on with the files that they opened."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from client.enrolment.join import refresh
from client.profile import Profile
from shared_model.errors import SottovoceError

log = logging.getLogger(__name__)
EVERY_S = 300.0
SOONEST_S = 30.0
"""After being told that one is missing: rounds come faster than a coordinator is to be asked."""
_STEP_S = 0.5


@contextmanager
def kept_fresh(
    profile: Profile, *, stop: threading.Event, every_s: float = EVERY_S, soonest_s: float = SOONEST_S
) -> Iterator[Callable[[], None]]:
    """Ask for the newest release every `every_s` until the context ends; what it gives is called to be asked sooner.

    A coordinator that stays away, or that gives out what this device does not take, ends nothing here. A download that
    goes on when `stop` is set is left to the next start.
    """
    missed = threading.Event()

    def keep() -> None:
        last = time.monotonic()
        while not stop.wait(_STEP_S):
            if time.monotonic() - last >= (soonest_s if missed.is_set() else every_s):
                missed.clear()
                _refresh(profile)
                last = time.monotonic()

    threading.Thread(target=keep, name="releases", daemon=True).start()
    yield missed.set


def _refresh(profile: Profile) -> None:
    try:
        release = refresh(profile, rounds=profile.consents.rounds(), now_s=time.time()).release
    except SottovoceError as error:
        log.warning("release.waits reason=%s", error)
    except Exception as error:  # a library's words could tell of the listener's files
        log.warning("release.waits cause=%s", type(error).__name__)
    else:
        if release.fetched and release.manifest is not None:
            log.info("release.fetched number=%d", release.manifest.number)
