"""Bad devices where keys are given."""

from shared_model.secagg.keys import RoundSecrets, sign_keys
from shared_model.secagg.messages import Announcement, Kind, wrap
from tests.shared_model.secagg.bad_devices import BAD, with_a_bad_device
from tests.shared_model.secagg.rounds import node_keys


def test_keys_that_are_not_signed_by_the_node_they_come_from():
    def change(actors, content):
        keys = RoundSecrets.new().public()
        signature = sign_keys(node_keys()[0], keys, digest=actors.terms.digest, number=BAD)
        return wrap(Kind.KEYS, content[1:33], Announcement(keys=keys, signature=signature).body())

    actors = with_a_bad_device(Kind.KEYS, change)
    assert actors.coordinator.offenders == {BAD}
    assert actors.coordinator.summed == 5
