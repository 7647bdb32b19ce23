"""A coordinator, or whoever holds its keys, that shows old things, hides new ones, or sends others."""

import shutil
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from client.enrolment.connection import Distribution
from client.enrolment.join import refresh
from client.enrolment.node_key import unwrapped_node_key
from client.enrolment.pins import read_pins
from client.enrolment.proof import fresh_proof
from client.ledger.ledger import open_ledger
from server.keys.signing import release_verifier
from shared_model.books.gate import OwnLimits, require_logged
from shared_model.books.notes import Signer
from shared_model.errors import BadInput, Refused
from shared_model.privacy.spent import Trust
from shared_model.wire.release_manifest import FORMAT_VERSION, ReleaseManifest, open_manifest
from tests.shared_model.books.conftest import invented_rounds

pytestmark = pytest.mark.integration
DAY_S = 86_400


@pytest.fixture
def again(profile):
    """Ask for what is new. now_s: by the device's clock."""

    def act(*, now_s: float | None = None):
        now_s = time.time() if now_s is None else now_s
        return refresh(profile, rounds=profile.consents.rounds(), now_s=now_s)

    return act


def test_rollback_an_older_release_with_a_valid_signature_is_refused(coordinator, profile, joining, again):
    coordinator.publish(head=b"head 1")
    with coordinator.up():
        coordinator.publish(head=b"head 2")
        held = joining(coordinator.invite()).release.files["head"]
        (coordinator.place.releases / "2.note").unlink()  # the attacker: 1 is the newest again
        with pytest.raises(Refused, match="1 is offered, and this device has seen 2"):
            again()
    assert held.read_bytes() == b"head 2"


def test_rollback_a_shorter_log_is_refused_even_with_a_newer_release(coordinator, profile, joining, again):
    coordinator.log(invented_rounds(2))
    old = coordinator.place.root.parent / "old log"
    shutil.copytree(coordinator.place.log, old)
    coordinator.log(invented_rounds(3))
    invitation = coordinator.invite()
    with coordinator.up():
        joining(invitation)
    shutil.rmtree(coordinator.place.log)
    old.rename(coordinator.place.log)
    coordinator.publish(head=b"new")
    with coordinator.up(), pytest.raises(Refused, match="log is shorter than the one that this device saw"):
        again()


def test_a_coordinator_that_rewrites_its_log_under_the_same_key_is_refused(coordinator, profile, joining, again):
    coordinator.log(invented_rounds(2))
    with coordinator.up():
        joining(coordinator.invite())
    seen = read_pins(profile.history)
    shutil.rmtree(coordinator.place.log)
    coordinator.log(invented_rounds(5, run="another-story"))
    with coordinator.up(), pytest.raises(Refused, match="the log was rewritten"):
        again()
    assert read_pins(profile.history) == seen


def test_freeze_a_head_that_is_shown_for_ever_is_refused_after_a_day(coordinator, profile, joining, again):
    """The attacker answers everything, with a clock that stands still."""
    stopped_s = time.time()
    with coordinator.up(clock=lambda: stopped_s):
        joining(coordinator.invite())
        again(now_s=stopped_s + 0.9 * DAY_S)
        with pytest.raises(Refused, match="newer releases and rounds may be held back"):
            again(now_s=stopped_s + 1.1 * DAY_S)


def test_a_round_is_proved_to_the_devices_gate_and_a_frozen_proof_is_refused(coordinator, profile, joining):
    coordinator.log(invented_rounds(3))
    stopped_s = time.time()
    with coordinator.up(clock=lambda: stopped_s):
        pins = joining(coordinator.invite()).pins
        limits = OwnLimits(
            largest_clip_norm=1,
            smallest_noise_multiplier=0.5,
            smallest_cohort=2,
            smallest_minimum_cohort=2,
            trust=Trust.CENTRAL,
        )
        key = unwrapped_node_key(pins.node_key, ledger_key=profile.ledger_key)
        with (
            Distribution(pins.address, ca_pem=pins.ca_pem, node_key=key) as service,
            open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger,
        ):
            proof = fresh_proof(service, pins, "run-1", 3, entries=ledger.entries, now_s=stopped_s)
            admitted = require_logged(
                proof, pinned=pins.log_verifier, entries=ledger.entries, limits=limits, month="2026-11"
            )
            assert (admitted.debit.run, admitted.debit.round, admitted.debit.log_index) == ("run-1", 3, 4)
            with pytest.raises(Refused, match="may be held back"):
                fresh_proof(service, pins, "run-1", 3, entries=ledger.entries, now_s=stopped_s + 1.1 * DAY_S)
            with pytest.raises(Refused, match="has not announced this round"):
                fresh_proof(service, pins, "run-1", 4, entries=ledger.entries, now_s=stopped_s)


def test_a_computer_whose_clock_is_behind_is_told_to_set_it_right(coordinator, profile, joining, again):
    with coordinator.up():
        joining(coordinator.invite())
        with pytest.raises(Refused, match="set this computer's clock right"):
            again(now_s=time.time() - DAY_S)


def test_a_release_that_the_release_key_did_not_sign_is_refused(coordinator, profile, joining):
    """The attacker has the log's key, which signs heads, and not the release key, which may lie elsewhere."""
    coordinator.publish(head=b"head 1")
    folder = coordinator.place.releases
    note = (folder / "1.note").read_bytes()
    real = open_manifest(note, release_verifier(coordinator.place, coordinator.settings))
    forged = ReleaseManifest(format=FORMAT_VERSION, number=9, made_at_s=1, files=real.files)
    signer = Signer(name="forelle/releases", private_key=Ed25519PrivateKey.generate())
    (folder / "9.note").write_bytes(forged.signed(signer))
    with coordinator.up(), pytest.raises(BadInput, match="not signed by the given key"):
        joining(coordinator.invite())
    assert not (profile.folder / "releases").exists()


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-1] + b"?", lambda content: b"?" * len(content), lambda content: content + b"more"],
)
def test_a_file_that_is_not_the_one_that_was_signed_is_thrown_away(coordinator, profile, joining, damage):
    content = b"the head" * 100_000
    coordinator.publish(head=content)
    (file,) = (coordinator.place.releases / "files").iterdir()
    file.write_bytes(damage(content))
    invitation = coordinator.invite()
    with coordinator.up():
        with pytest.raises(BadInput, match="not the file that was signed, and was thrown away"):
            joining(invitation)
        assert list((profile.folder / "releases").iterdir()) == []
        file.write_bytes(content)
        assert joining(invitation).release.files["head"].read_bytes() == content
