import hashlib
import threading
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import serialization

from server.registry.database import create_registry, open_registry
from server.registry.device import Device
from server.registry.registry import NotEnrolled, Registry
from shared_model.errors import BadInput
from shared_model.wire.node_key import fingerprint
from shared_model.wire.refusal import Refusal
from tests.server.registry.conftest import HOUR_S, NOW_S, new_public


def invite(registry: Registry, label: str = "phone", *, now_s: int = NOW_S) -> bytes:
    return bytes.fromhex(registry.invite(label, now_s=now_s, life_s=HOUR_S))


def redeem(registry: Registry, secret: bytes, key: bytes, *, now_s: int, population: int = 100) -> Device:
    return registry.redeem(secret, key, now_s=now_s, population=population)


def refused(act: Callable[[], object]) -> Refusal:
    with pytest.raises(NotEnrolled) as error:
        act()
    return error.value.reason


def test_an_invitation_registers_one_device(registry):
    key = new_public()
    device = redeem(registry, invite(registry), key, now_s=NOW_S + 1)
    assert (device.number, device.public_key, device.joined_at_s) == (1, key, NOW_S + 1)
    assert registry.active(fingerprint(key)) == device
    assert registry.devices() == (device,)


def test_flower_can_read_the_keys_of_the_devices(registry):
    key = new_public()
    device = redeem(registry, invite(registry), key, now_s=NOW_S)
    der = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert serialization.load_ssh_public_key(device.public_ssh).public_bytes(*der) == key
    assert serialization.load_pem_public_key(device.public_pem).public_bytes(*der) == key


def test_an_invitation_that_was_used_is_refused_to_any_other_device(registry):
    secret = invite(registry)
    redeem(registry, secret, new_public(), now_s=NOW_S)
    assert refused(lambda: redeem(registry, secret, new_public(), now_s=NOW_S)) is Refusal.INVITATION_USED


def test_the_device_that_used_it_gets_the_same_answer_again_even_when_it_has_expired(registry):
    secret, key = invite(registry), new_public()
    first = redeem(registry, secret, key, now_s=NOW_S)
    assert redeem(registry, secret, key, now_s=NOW_S + 2 * HOUR_S) == first
    assert len(registry.devices()) == 1


def test_unknown_expired_and_revoked_invitations_are_refused(registry):
    secret = invite(registry)
    assert refused(lambda: redeem(registry, bytes(32), new_public(), now_s=NOW_S)) is Refusal.INVITATION_UNKNOWN
    assert refused(lambda: redeem(registry, secret, new_public(), now_s=NOW_S + HOUR_S)) is Refusal.INVITATION_EXPIRED
    registry.revoke("phone", now_s=NOW_S)
    assert refused(lambda: redeem(registry, secret, new_public(), now_s=NOW_S)) is Refusal.INVITATION_REVOKED


def test_a_key_cannot_be_enrolled_twice(registry):
    key = new_public()
    redeem(registry, invite(registry), key, now_s=NOW_S)
    second = invite(registry, "tablet")
    assert refused(lambda: redeem(registry, second, key, now_s=NOW_S)) is Refusal.KEY_IN_USE


def test_revoking_works_at_once_and_only_on_that_name(registry):
    keys = [new_public(), new_public()]
    for label, key in zip(("phone", "tablet"), keys, strict=True):
        redeem(registry, invite(registry, label), key, now_s=NOW_S)
    ended = registry.revoke("phone", now_s=NOW_S + 5)
    assert [each.label for each in ended] == ["phone"]
    assert refused(lambda: registry.active(fingerprint(keys[0]))) is Refusal.DEVICE_REVOKED
    assert [device.public_key for device in registry.devices()] == [keys[1]]
    assert registry.revoke("phone", now_s=NOW_S + 9) == ()
    with pytest.raises(BadInput, match="no invitation was ever made for 'nobody'"):
        registry.revoke("nobody", now_s=NOW_S)


def test_a_name_is_free_again_when_its_invitation_has_expired_or_was_revoked(registry):
    invite(registry)
    with pytest.raises(BadInput, match="in use"):
        invite(registry)
    invite(registry, now_s=NOW_S + HOUR_S)
    registry.revoke("phone", now_s=NOW_S + HOUR_S)
    secret = invite(registry, now_s=NOW_S + HOUR_S)
    redeem(registry, secret, new_public(), now_s=NOW_S + HOUR_S)
    with pytest.raises(BadInput, match="in use"):
        invite(registry, now_s=NOW_S + 9 * HOUR_S)


@pytest.mark.parametrize("label", ["", " phone", "a\nb", "\x1b[2J", "x" * 65])
def test_a_label_that_would_garble_a_terminal_is_refused(registry, label):
    with pytest.raises(BadInput, match="printable"):
        invite(registry, label)


def test_of_many_that_redeem_at_once_exactly_one_wins(registry):
    secret, barrier = invite(registry), threading.Barrier(12)
    outcomes: list[object] = []

    def race() -> None:
        key = new_public()
        barrier.wait()
        try:
            outcomes.append(redeem(registry, secret, key, now_s=NOW_S).public_key == key)
        except NotEnrolled as refusal:
            outcomes.append(refusal.reason)

    threads = [threading.Thread(target=race) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(True) == 1
    assert outcomes.count(Refusal.INVITATION_USED) == 11


def test_the_secret_is_nowhere_in_the_registrys_file(registry, tmp_path):
    secret = invite(registry)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret not in content
    assert secret.hex().encode() not in content
    assert hashlib.sha256(secret).digest() in content


def test_a_label_is_not_shown_by_what_prints_a_device(registry):
    assert "phone" not in repr(redeem(registry, invite(registry), new_public(), now_s=NOW_S))


def test_numbers_are_never_given_twice_and_the_root_names_who_may_take_part(registry):
    roots = [registry.root()]
    for label in ("one", "two"):
        redeem(registry, invite(registry, label), new_public(), now_s=NOW_S)
        roots.append(registry.root())
    registry.revoke("two", now_s=NOW_S)
    assert registry.root() == roots[1]
    third = redeem(registry, invite(registry, "three"), new_public(), now_s=NOW_S)
    assert third.number == 3
    assert len({*roots, registry.root()}) == 4


def test_a_missing_damaged_or_newer_registry_is_a_sentence(tmp_path):
    for content, said in ((None, "missing"), (b"", "missing"), (b"no database at all" * 99, "damaged")):
        file = tmp_path / "other.db"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(BadInput, match=said):
            open_registry(file)
    engine = create_registry(tmp_path / "newer.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 9")
    with pytest.raises(BadInput, match="version 9"):
        open_registry(tmp_path / "newer.db")


def test_no_number_is_given_beyond_the_population_that_epsilon_is_counted_for(registry):
    first = invite(registry, "one")
    key = new_public()
    redeem(registry, first, key, now_s=NOW_S, population=1)
    second = invite(registry, "two")
    registry.revoke("one", now_s=NOW_S)
    full = refused(lambda: redeem(registry, second, new_public(), now_s=NOW_S, population=1))
    assert full is Refusal.FEDERATION_FULL
    assert redeem(registry, second, new_public(), now_s=NOW_S, population=2).number == 2
    assert registry.numbers_given() == 2
