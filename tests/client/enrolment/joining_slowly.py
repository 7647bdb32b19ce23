"""Joins, 10 ms a chunk, to be killed meanwhile: python -m tests.client.enrolment.joining_slowly PROFILE INVITATION."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from client.enrolment.connection import Distribution
from client.enrolment.join import given_invitation, join
from client.profile import open_profile

quickly = Distribution.chunks


def slowly(service: Distribution, sha256: str, *, offset: int) -> Iterator[bytes]:
    for chunk in quickly(service, sha256, offset=offset):
        time.sleep(0.01)
        yield chunk


if __name__ == "__main__":
    Distribution.chunks = slowly  # type: ignore[method-assign]
    with open_profile(Path(sys.argv[1])) as profile:
        consents = profile.consents
        invitation = given_invitation(sys.argv[2])
        join(profile, invitation, listening=consents.listening(), rounds=consents.rounds(), now_s=time.time())
