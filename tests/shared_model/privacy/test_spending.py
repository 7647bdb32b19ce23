import dataclasses
import math

import pytest

from shared_model.privacy.gaussian import gaussian_epsilon
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spending import device_spent, population_spent, server_spent
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust

# line 8's plan: N = 1e5, q = 0.01, z = 0.8 and 500 rounds
PLAN = PrivacyPlan(
    population=100_000,
    cohort=1000,
    rounds=500,
    clip_norm=1.0,
    noise_multiplier=0.8,
    delta=1e-6,
    max_participations=5,
)


def test_population_and_device_are_both_reported_line_8() -> None:
    population = population_spent(PLAN, rounds=500)
    assert population.pld.epsilon == pytest.approx(2.9, abs=0.05)
    assert population.rdp.epsilon == pytest.approx(3.53, abs=0.01)
    assert device_spent(PLAN, participations=5).epsilon == pytest.approx(16.6, abs=0.05)


def test_the_amplified_and_the_un_amplified_number_cannot_be_mixed_up_line_3() -> None:
    with pytest.raises(TypeError, match="relation"):
        assert population_spent(PLAN, rounds=500).pld < device_spent(PLAN, participations=5)


def test_central_trust_promises_nothing_against_the_server() -> None:
    spent = server_spent(PLAN, rounds=500)
    assert (spent.epsilon, spent.adversary) == (math.inf, Adversary.SERVER)


def test_with_the_mechanism_off_every_epsilon_is_infinite_and_says_why() -> None:
    off = PLAN.without_privacy()
    for spent in (*dataclasses.astuple(population_spent(off, rounds=3)), device_spent(off, participations=1)):
        text = str(spent)
        assert "inf" in text
        assert "off" in text


def test_the_device_number_says_whose_word_the_noise_is_line_7() -> None:
    spent = device_spent(PLAN, participations=5)
    assert "word" in spent.mechanism
    assert spent.relation is Relation.ZERO_OUT


def test_line_18_with_local_trust_the_number_against_the_server_is_the_devices_own() -> None:
    local = dataclasses.replace(
        PLAN, trust=Trust.LOCAL, sampling=Sampling.NONE, relation=Relation.REPLACE_ONE, noise_multiplier=10.0
    )
    server, device = server_spent(local, rounds=500), device_spent(local, participations=5)
    assert (server.adversary, server.relation) == (Adversary.SERVER, Relation.REPLACE_ONE)
    assert server.epsilon == device.epsilon == population_spent(local, rounds=500).pld.epsilon
    # mu = 2 sqrt(5) / 10
    assert server.epsilon == pytest.approx(gaussian_epsilon(1e-6, mu=0.2 * math.sqrt(5)), rel=1e-9)
    assert "device adds itself" in device.mechanism
    assert server_spent(local, rounds=2).epsilon < server.epsilon
