from dataclasses import replace

import pytest

from client.node.limits import DEFAULT_LEARNING_LIMITS, require_within
from shared_model.errors import Refused
from shared_model.training.local_update import LocalTraining
from tests.server.deployment.federation import learning


def test_line_26_the_device_has_hard_limits_of_its_own() -> None:
    require_within(learning(), DEFAULT_LEARNING_LIMITS)
    training = learning().training
    for beyond in (
        learning(training=replace(training, learning_rate=1.1)),
        learning(training=LocalTraining(learning_rate=0.1, batch_size=1, epochs=16)),
        learning(examples=2_001),
        learning(candidates=201),
        learning(rank=65),
    ):
        with pytest.raises(Refused, match="own limit"):
            require_within(beyond, DEFAULT_LEARNING_LIMITS)


def test_training_that_cannot_be_is_refused() -> None:
    training = learning().training
    for impossible in (
        learning(training=replace(training, learning_rate=float("nan"))),
        learning(training=replace(training, batch_size=0)),
        learning(training=replace(training, epochs=0)),
        learning(rank=0),
        learning(examples=0),
        learning(candidates=1),
        learning(seed=-1),
    ):
        with pytest.raises(Refused, match="cannot be"):
            require_within(impossible, DEFAULT_LEARNING_LIMITS)
