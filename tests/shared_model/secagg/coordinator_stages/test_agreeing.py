"""Bad devices where the list is signed."""

from shared_model.secagg.messages import Kind
from tests.shared_model.secagg.bad_devices import BAD, with_a_bad_device


def test_a_signature_under_another_list_is_not_shown_to_others():
    actors = with_a_bad_device(Kind.AGREEMENT, lambda _actors, content: content[:33] + bytes(64))
    assert actors.coordinator.offenders == {BAD}
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()
