import time

import pytest

from client.commands.join import join as typed
from client.enrolment.connection import Distribution, TurnedAway
from client.enrolment.join import leave, refresh
from client.enrolment.node_key import unwrapped_node_key
from client.enrolment.pins import member_pins
from client.enrolment.rotation import replace_key
from client.enrolment.unreachable import Unreachable
from client.files import NEXT_NODE_KEY
from shared_model.errors import Refused
from shared_model.wire.node_key import public_der
from shared_model.wire.refusal import Refusal
from tests.client.conftest import everything_in
from tests.server.coordinator import registry_of

pytestmark = pytest.mark.integration


def key_of(profile):
    return unwrapped_node_key(member_pins(profile.history).node_key, ledger_key=profile.ledger_key)


def known(coordinator):
    (device,) = registry_of(coordinator.place).devices()
    return device.number, device.public_key


def fresh(profile):
    return refresh(profile, rounds=profile.consents.rounds(), now_s=time.time())


def as_old(pins, key):
    return Distribution(pins.address, ca_pem=pins.ca_pem, node_key=key)


def test_a_device_with_a_new_key_keeps_its_number_and_its_old_key_is_nobodys(coordinator, profile, joining):
    with coordinator.up():
        pins, old = joining(coordinator.invite()).pins, key_of(profile)
        replace_key(profile)
        new = key_of(profile)
        assert known(coordinator) == (pins.registration_number, public_der(new.public_key()))
        with as_old(pins, old) as service, pytest.raises(TurnedAway) as refused:
            service.head(seen_size=0)
        assert refused.value.reason is Refusal.DEVICE_UNKNOWN
        assert fresh(profile).pins.registration_number == pins.registration_number
    assert public_der(old.public_key()) != public_der(new.public_key())
    assert not (profile.folder / NEXT_NODE_KEY).exists()


def test_an_answer_that_was_lost_leaves_the_device_with_its_new_key(coordinator, profile, joining, monkeypatch):
    with coordinator.up():
        joining(coordinator.invite())
        ask = Distribution.replace_key

        def lost(service, new):
            ask(service, new)
            raise Unreachable("lost")

        with monkeypatch.context() as patched:
            patched.setattr(Distribution, "replace_key", lost)
            with pytest.raises(Unreachable):
                replace_key(profile)
        assert known(coordinator)[1] != public_der(key_of(profile).public_key())
        fresh(profile)
        assert known(coordinator)[1] == public_der(key_of(profile).public_key())


def test_a_request_that_never_arrived_is_made_again(coordinator, profile, joining):
    with coordinator.up():
        joining(coordinator.invite())
    with pytest.raises(Unreachable):
        replace_key(profile)
    begun = (profile.folder / NEXT_NODE_KEY).read_bytes()
    with coordinator.up():
        replace_key(profile)
    assert member_pins(profile.history).node_key == begun
    assert known(coordinator)[1] == public_der(key_of(profile).public_key())


def test_a_device_killed_between_its_last_two_steps_goes_on(coordinator, profile, joining):
    with coordinator.up():
        joining(coordinator.invite())
        replace_key(profile)
        (profile.folder / NEXT_NODE_KEY).write_bytes(member_pins(profile.history).node_key)
        fresh(profile)
    assert not (profile.folder / NEXT_NODE_KEY).exists()


def test_a_revoked_device_gets_no_new_key(coordinator, profile, joining):
    with coordinator.up():
        joining(coordinator.invite("phone"))
        registry_of(coordinator.place).revoke("phone", now_s=int(time.time()))
        with pytest.raises(TurnedAway) as refused:
            replace_key(profile)
    assert refused.value.reason is Refusal.DEVICE_REVOKED


def test_a_device_of_no_federation_has_no_key_to_replace(profile):
    with pytest.raises(Refused, match="in none"):
        replace_key(profile)


def test_the_next_key_lies_wrapped_and_leaving_takes_it_away(coordinator, profile, joining):
    with coordinator.up():
        joining(coordinator.invite())
    with pytest.raises(Unreachable):
        replace_key(profile)
    assert b"PRIVATE KEY" not in everything_in(profile.folder)
    assert (profile.folder / NEXT_NODE_KEY).stat().st_mode & 0o077 == 0
    leave(profile)
    assert not (profile.folder / NEXT_NODE_KEY).exists()


def test_join_replaces_the_key_where_it_is_asked_to(coordinator, profile, joining, capsys):
    with coordinator.up():
        joining(coordinator.invite())
        before = known(coordinator)
        typed(enrol_only=True, new_key=True, folder=profile.folder)
    assert "is in the federation forelle" in capsys.readouterr().out
    assert known(coordinator)[0] == before[0]
    assert known(coordinator)[1] != before[1]
