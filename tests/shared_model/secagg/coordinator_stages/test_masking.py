"""Bad devices where masked vectors are sent."""

from shared_model.secagg.messages import Kind
from tests.shared_model.secagg.bad_devices import with_a_bad_device


def test_numbers_beyond_the_modulus_cannot_be_said():
    """There are b bits a number: any bytes of the right length are a vector below the modulus."""
    actors = with_a_bad_device(
        Kind.MASKED, lambda _actors, content: content[:33] + b"\xff" * (len(content) - 34) + b"\x0f"
    )
    assert actors.coordinator.summed == 6
    assert int(actors.coordinator.sum.max()) < 1 << 20
