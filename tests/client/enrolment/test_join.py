import datetime
import hashlib
import time
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from client.consent.purpose import Purpose
from client.enrolment.connection import TurnedAway
from client.enrolment.join import given_invitation, leave, refresh
from client.enrolment.node_key import unwrapped_node_key
from client.enrolment.pins import member_pins, read_pins, write_pins
from client.enrolment.unreachable import Unreachable
from client.ledger.ledger import open_ledger
from client.profile import open_profile
from server.keys.authority import Issued, issue, new_authority
from server.keys.key_files import write_private_key
from server.keys.renewing import renew
from shared_model.books.entries import Joined
from shared_model.errors import BadInput, Refused
from shared_model.wire.node_key import public_der
from shared_model.wire.refusal import Refusal
from tests.client.conftest import PASSPHRASE, everything_in
from tests.client.enrolment.conftest import Coordinator
from tests.server.coordinator import free_port, made, registry_of, small_settings

pytestmark = pytest.mark.integration


def joined_rows(profile) -> list[str]:
    with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
        return [entry.log_key_sha256 for entry in ledger.entries if isinstance(entry, Joined)]


def test_a_device_joins_pins_its_federation_and_holds_its_release(coordinator, profile, joining):
    coordinator.publish(head=b"the head", encoder=b"x" * 700_000)
    invitation = coordinator.invite()
    with coordinator.up():
        member = joining(invitation)
    assert member.pins.registration_number == 1
    assert member.pins.superlink_address == "localhost:9092"
    assert member.pins.is_of(invitation)
    assert {name: path.read_bytes() for name, path in member.release.files.items()} == {
        "head": b"the head",
        "encoder": b"x" * 700_000,
    }
    key = hashlib.sha256(member.pins.log_verifier.public_key).hexdigest()
    assert joined_rows(profile) == [key]
    device = registry_of(coordinator.place).devices()[0]
    assert device.public_key == public_der(
        unwrapped_node_key(member.pins.node_key, ledger_key=profile.ledger_key).public_key()
    )


def test_joining_again_does_nothing_again_and_downloads_nothing(coordinator, profile, joining):
    coordinator.publish(head=b"the head")
    invitation = coordinator.invite()
    with coordinator.up():
        assert joining(invitation).release.fetched == 1
        again = joining(invitation)
        assert again.release.fetched == 0
        assert refresh(profile, rounds=profile.consents.rounds(), now_s=time.time()).release.fetched == 0
    assert len(joined_rows(profile)) == 1
    assert len(registry_of(coordinator.place).devices()) == 1


def test_a_new_release_brings_only_the_files_that_changed_and_takes_the_old_ones_away(coordinator, profile, joining):
    coordinator.publish(head=b"head 1", encoder=b"encoder")
    with coordinator.up():
        joining(coordinator.invite())
        coordinator.publish(head=b"head 2", encoder=b"encoder")
        release = refresh(profile, rounds=profile.consents.rounds(), now_s=time.time()).release
    assert release.fetched == 1
    assert release.files["head"].read_bytes() == b"head 2"
    assert len(list((profile.folder / "releases").iterdir())) == 2


def test_without_consent_nothing_is_asked(coordinator, profile, joining):
    for purpose in (Purpose.ROUNDS, Purpose.LISTENING):
        profile.consents.decide(purpose, granted=False, at_s=1)
        with pytest.raises(Refused, match="was withdrawn"):
            joining(coordinator.invite(purpose))
        profile.consents.decide(purpose, granted=True, at_s=1)
    assert read_pins(profile.history) is None


def test_a_coordinator_that_fails_after_redeeming_gives_the_same_device_the_same_answer(coordinator, profile, joining):
    calls = []

    def failing_once(device):
        calls.append(device.number)
        if len(calls) == 1:
            raise OSError("killed here")

    invitation = coordinator.invite()
    with coordinator.up(enrolled=failing_once):
        with pytest.raises(Unreachable, match="failed"):
            joining(invitation)
        held = read_pins(profile.history)
        assert held is not None
        assert held.registration_number is None
        with pytest.raises(Refused, match="this device is in none"):
            member_pins(profile.history)
        assert joining(invitation).pins.registration_number == 1
    assert calls == [1, 1]


def test_a_device_whose_answer_was_lost_keeps_its_key_when_another_invitation_is_tried(coordinator, profile, joining):
    lost = [True]

    def failing_once(device):
        if lost and lost.pop():
            raise OSError("killed here")

    first, second = coordinator.invite("first"), coordinator.invite("second")
    with coordinator.up(enrolled=failing_once):
        with pytest.raises(Unreachable):
            joining(first)
        with pytest.raises(TurnedAway, match="by another invitation; join with that one again"):
            joining(second)
        assert joining(first).pins.registration_number == 1


@pytest.mark.parametrize(
    ("spoil", "reason", "said"),
    [
        (lambda c: c.invite(), Refusal.INVITATION_UNKNOWN, "does not know this invitation"),
        (lambda c: registry_of(c.place).revoke("phone", now_s=1), Refusal.INVITATION_REVOKED, "was revoked"),
    ],
)
def test_an_invitation_that_is_refused_leaves_nothing_behind(coordinator, profile, joining, spoil, reason, said):
    invitation = coordinator.invite("phone")
    if reason is Refusal.INVITATION_UNKNOWN:
        invitation = replace(invitation, secret="00" * 32)
    else:
        spoil(coordinator)
    with coordinator.up(), pytest.raises(TurnedAway, match=said) as error:
        joining(invitation)
    assert error.value.reason is reason
    assert error.value.exit_code == 3
    assert read_pins(profile.history) is None
    assert joined_rows(profile) == []


def test_a_revoked_device_is_told_so_at_once(coordinator, profile, joining):
    with coordinator.up():
        joining(coordinator.invite())
        registry_of(coordinator.place).revoke("phone", now_s=1)
        with pytest.raises(TurnedAway, match="the operator has revoked this device"):
            refresh(profile, rounds=profile.consents.rounds(), now_s=time.time())


def test_a_man_in_the_middle_with_an_authority_of_his_own_is_refused_before_anything_is_sent(
    coordinator, profile, joining, tmp_path
):
    """He has the same name, address and port, and even the coordinator's signing keys."""
    invitation = coordinator.invite()
    attacker = Coordinator(place=made(tmp_path / "attacker", coordinator.settings), settings=coordinator.settings)
    with attacker.up(), pytest.raises(Refused, match="does not prove to be the coordinator") as error:
        joining(invitation)
    assert "nothing was sent" in str(error.value)
    with coordinator.up():
        assert joining(invitation).pins.registration_number == 1


def test_an_invitation_with_another_authority_reaches_nobody(coordinator, profile, joining):
    other = new_authority("forelle", (), now=datetime.datetime.now(datetime.UTC))
    invitation = replace(coordinator.invite(), ca_pem=other.pem.decode())
    with coordinator.up(), pytest.raises(Refused, match="does not prove to be the coordinator"):
        joining(invitation)


@pytest.mark.parametrize(("days", "said"), [(-400, "expired"), (400, "not yet valid")])
def test_a_certificate_that_has_expired_or_not_begun_is_refused(coordinator, profile, joining, days, said):
    place, now = coordinator.place, datetime.datetime.now(datetime.UTC)
    authority_key = serialization.load_pem_private_key(place.authority_key.read_bytes(), password=None)
    authority = Issued(key=authority_key, certificate=x509.load_pem_x509_certificate(place.authority.read_bytes()))
    server = issue(authority, (), now=now + datetime.timedelta(days=days), days=30)
    place.server_key.unlink()
    write_private_key(place.server_key, server.key)
    place.certificate.write_bytes(server.pem)
    with coordinator.up(), pytest.raises(Refused, match=f"{said}.*check this computer's clock"):
        joining(coordinator.invite())


def test_a_coordinator_that_is_away_is_a_sentence_and_the_node_key_waits(coordinator, profile, joining):
    invitation = coordinator.invite()
    with pytest.raises(Unreachable, match="does not answer") as error:
        joining(invitation)
    assert error.value.exit_code == 1
    before = read_pins(profile.history)
    with coordinator.up():
        after = joining(invitation).pins
    assert before is not None
    assert before.node_key == after.node_key


def test_a_device_is_in_one_federation_at_a_time_and_keeps_its_ledger(coordinator, profile, joining, tmp_path):
    settings = small_settings("ports.superlink=9093", distribution=free_port())
    second = Coordinator(place=made(tmp_path / "second", settings), settings=settings)
    with coordinator.up(), second.up():
        joining(coordinator.invite())
        with pytest.raises(Refused, match="leave it first"):
            joining(second.invite())
        assert leave(profile)
        assert not leave(profile)
        assert read_pins(profile.history) is None
        assert len(joined_rows(profile)) == 1
        joining(second.invite("tablet"))
    assert len(set(joined_rows(profile))) == 2


def test_leaving_leaves_no_key_and_no_file(coordinator, profile, joining):
    coordinator.publish(head=b"the head")
    with coordinator.up():
        joining(coordinator.invite())
    assert leave(profile)
    assert not (profile.folder / "releases").exists()


def test_the_node_key_and_the_secret_lie_nowhere_readable_and_outlive_a_rotation(coordinator, profile, joining):
    invitation = coordinator.invite()
    with coordinator.up():
        pins = joining(invitation).pins
        key = unwrapped_node_key(pins.node_key, ledger_key=profile.ledger_key)
        scalar = key.private_numbers().private_value.to_bytes(48, "big")
        content = everything_in(profile.folder)
        planted = (scalar, scalar.hex().encode(), bytes.fromhex(invitation.secret), invitation.secret.encode())
        assert [each for each in (*planted, pins.node_key) if each in content] == []
        assert scalar not in pins.node_key
        profile.rotate_keys(PASSPHRASE)
        with open_profile(profile.folder) as again:
            assert refresh(again, rounds=again.consents.rounds(), now_s=time.time()).pins.registration_number == 1


def test_a_ledger_that_counts_as_spent_lets_nobody_join(coordinator, profile, joining):
    profile.ledger.write_bytes(b"{}\n")
    invitation = coordinator.invite()
    with coordinator.up(), pytest.raises(Refused, match="ledger"):
        joining(invitation)
    held = read_pins(profile.history)
    assert held is not None
    assert held.registration_number is None


def test_an_invitation_is_given_as_a_line_or_as_a_file(coordinator, tmp_path):
    invitation = coordinator.invite()
    (tmp_path / "inv").write_text(invitation.text + "\n")
    assert given_invitation(str(tmp_path / "inv")) == given_invitation(invitation.text) == invitation
    (tmp_path / "other").write_bytes(b"\xff\xfe" * 50_000)
    for bad in (str(tmp_path / "other"), str(tmp_path), "", "no such file", "\0"):
        with pytest.raises(BadInput, match="invitation: it is damaged"):
            given_invitation(bad)


def test_a_changed_node_key_is_a_sentence(coordinator, profile, joining):
    with coordinator.up():
        pins = joining(coordinator.invite()).pins
    leave(profile)
    write_pins(profile.history, replace(pins, node_key=bytes(len(pins.node_key))))
    with pytest.raises(BadInput, match="node key was changed"):
        refresh(profile, rounds=profile.consents.rounds(), now_s=time.time())


def test_a_device_notices_nothing_of_a_renewed_certificate(coordinator, profile, joining):
    with coordinator.up():
        joining(coordinator.invite())
    before = coordinator.place.certificate.read_bytes()
    renew(coordinator.place, coordinator.settings, now=datetime.datetime.now(datetime.UTC))
    assert coordinator.place.certificate.read_bytes() != before
    with coordinator.up():
        refresh(profile, rounds=profile.consents.rounds(), now_s=time.time())
