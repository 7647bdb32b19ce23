"""Downloads that are cut off anywhere go on where they were: kill -9 of either side included."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from client.enrolment import fetch
from client.enrolment.cache import Cache
from client.enrolment.connection import Distribution
from client.enrolment.join import Member
from client.enrolment.unreachable import Unreachable
from shared_model.errors import BadInput, SottovoceError
from shared_model.wire.release_manifest import ReleaseFile
from tests.client.enrolment.conftest import Coordinator

CONTENT = bytes(range(256)) * 80_000  # 20 MB
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.fixture
def offsets(monkeypatch) -> list[int]:
    """Where each attempt began."""
    seen: list[int] = []
    real = Distribution.chunks

    def chunks(service: Distribution, sha256: str, *, offset: int) -> Iterator[bytes]:
        seen.append(offset)
        for chunk in real(service, sha256, offset=offset):
            time.sleep(0.005)
            yield chunk

    monkeypatch.setattr(Distribution, "chunks", chunks)
    return seen


def wait_for_part(folder: Path, least_bytes: int) -> Path:
    """A file that is being fetched, once so much of it is there."""
    end_s = time.monotonic() + 30
    while time.monotonic() < end_s:
        for part in folder.glob(".*.part"):
            if part.stat().st_size >= least_bytes:
                return part
        time.sleep(0.005)
    raise AssertionError("nothing was fetched")


@pytest.mark.integration
def test_a_device_that_was_killed_while_it_fetched_goes_on(coordinator: Coordinator, profile, joining, offsets):
    coordinator.publish(head=CONTENT)
    invitation = coordinator.invite()
    with coordinator.up():
        module = "tests.client.enrolment.joining_slowly"
        device = subprocess.Popen(
            [sys.executable, "-m", module, profile.folder, invitation.text], env=os.environ | ENVIRONMENT
        )
        part = wait_for_part(profile.folder / "releases", 2_000_000)
        device.send_signal(signal.SIGKILL)
        device.wait()
        had = part.stat().st_size
        assert 2_000_000 <= had < len(CONTENT)
        member = joining(invitation)
    assert member.pins.registration_number == 1
    assert offsets == [had]
    assert member.release.files["head"].read_bytes() == CONTENT


@pytest.mark.integration
def test_a_coordinator_that_was_killed_while_it_sent_is_waited_for(coordinator: Coordinator, profile, joining, offsets):
    coordinator.publish(head=CONTENT)
    invitation, members = coordinator.invite(), list[Member]()
    first = served(coordinator)
    try:
        device = threading.Thread(target=lambda: members.append(joining(invitation)))
        device.start()
        wait_for_part(profile.folder / "releases", 2_000_000)
        first.send_signal(signal.SIGKILL)
        first.wait()
    finally:
        first.kill()
    second = served(coordinator)
    try:
        device.join(60)
        assert members[0].release.files["head"].read_bytes() == CONTENT
        assert offsets[0] == 0
        assert offsets[-1] > 0
    finally:
        second.kill()
        second.wait()


def served(coordinator: Coordinator) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.server.serving", coordinator.place.root],
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "serving\n"
    process.stdout.close()
    return process


@pytest.mark.integration
def test_a_coordinator_that_stays_away_is_given_up_with_what_came_kept(coordinator, profile, joining, monkeypatch):
    coordinator.publish(head=CONTENT)
    monkeypatch.setattr(fetch, "_LONGEST_PAUSE_S", 0.01)
    real = Distribution.chunks

    def cut(service, sha256, *, offset):
        if offset:
            raise Unreachable("away")
        yield next(real(service, sha256, offset=offset))
        raise Unreachable("cut")

    invitation = coordinator.invite()
    with coordinator.up():
        with monkeypatch.context() as broken:
            broken.setattr(Distribution, "chunks", cut)
            with pytest.raises(Unreachable):
                joining(invitation)
        (part,) = (profile.folder / "releases").iterdir()
        assert part.stat().st_size == 262_144
        assert joining(invitation).release.files["head"].read_bytes() == CONTENT


def a_file(content: bytes, *, sha256: str | None = None) -> ReleaseFile:
    return ReleaseFile(name="head", sha256=sha256 or hashlib.sha256(content).hexdigest(), size_bytes=len(content))


def test_a_truncated_stream_is_kept_and_gone_on_with(tmp_path):
    cache, file = Cache(tmp_path / "releases"), a_file(b"0123456789")
    with pytest.raises(Unreachable, match="broke off after 4 of 10 bytes"):
        cache.fetch(file, lambda offset: iter([b"0123"]))
    assert not cache.has(file)
    cache.fetch(file, lambda offset: iter([b"0123456789"[offset:]]))
    assert cache.path_of(file).read_bytes() == b"0123456789"
    cache.fetch(file, lambda offset: pytest.fail("it is here already"))


def test_a_part_that_was_damaged_on_disk_is_thrown_away_and_the_next_attempt_is_right(tmp_path):
    cache, file = Cache(tmp_path / "releases"), a_file(b"0123456789")
    for damaged in (b"?123", b"0123456789 and more", b"?123456789"):
        (tmp_path / "releases").mkdir()
        (tmp_path / "releases" / f".{file.sha256}.part").write_bytes(damaged)
        try:
            cache.fetch(file, lambda offset: iter([b"0123456789"[offset:]]))
        except BadInput:
            cache.fetch(file, lambda offset: iter([b"0123456789"[offset:]]))
        assert cache.path_of(file).read_bytes() == b"0123456789"
        cache.clear()


def test_a_coordinator_that_sends_without_end_is_cut_off(tmp_path):
    def endless(offset: int) -> Iterator[bytes]:
        while True:
            yield bytes(1000)

    with pytest.raises(BadInput, match="thrown away"):
        Cache(tmp_path).fetch(a_file(b"0123456789"), endless)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_a_file(tmp_path):
    cache, file = Cache(tmp_path), a_file(b"")
    cache.fetch(file, lambda offset: pytest.fail("there is nothing to ask for"))
    assert cache.has(file)


def test_a_full_disk_keeps_what_came(tmp_path):
    def full(offset: int) -> Iterator[bytes]:
        yield b"0123"
        raise OSError(28, "No space left on device")

    cache, file = Cache(tmp_path), a_file(b"0123456789")
    with pytest.raises(OSError, match="No space left"):
        cache.fetch(file, full)
    cache.fetch(file, lambda offset: iter([b"0123456789"[offset:]]))
    assert cache.has(file)


def test_two_processes_never_write_into_one_file(tmp_path):
    cache, file = Cache(tmp_path / "releases"), a_file(b"0123456789")

    def while_another_tries(offset: int) -> Iterator[bytes]:
        yield b"01234"
        with pytest.raises(Unreachable, match="another process is fetching"):
            Cache(tmp_path / "releases").fetch(file, lambda offset: iter([b"?"]))
        yield b"56789"

    cache.fetch(file, while_another_tries)
    assert cache.path_of(file).read_bytes() == b"0123456789"


def test_a_release_that_the_disk_has_no_room_for_is_a_sentence_before_anything_is_fetched(tmp_path):
    cache = Cache(tmp_path / "releases")
    with pytest.raises(SottovoceError, match="make room and try again") as error:
        cache.require_room([replace(a_file(b"0"), size_bytes=2**40)])
    assert error.value.exit_code == 1
    cache.require_room([a_file(b"0123456789")])
