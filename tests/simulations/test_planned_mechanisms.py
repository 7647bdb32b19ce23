"""From a scenario file to a plan: the mechanisms beside plain Gaussian noise, and what they cost."""

import pytest

from shared_model.errors import BadInput, Refused
from shared_model.privacy.gaussian import gaussian_epsilon
from shared_model.privacy.plan import Clipping, Mechanism
from shared_model.privacy.spending import population_spent, server_spent
from shared_model.privacy.spent import Trust
from simulations.experiment import plan_of
from simulations.scenario import Scenario, read_scenario

CORRELATED = ("privacy.mechanism=matrix-factorisation", "privacy.sampling=none", "rounds=40", "privacy.bands=8")


def plan(*settings: str, population: int = 400):
    scenario = read_scenario("quick", settings)
    assert isinstance(scenario, Scenario)
    return plan_of(scenario, population=population)


def test_line_17_adaptive_clipping_is_planned_with_the_noise_that_flat_clipping_would_need():
    adaptive, flat = plan("privacy.clipping=adaptive"), plan()
    assert adaptive.clipping is Clipping.ADAPTIVE
    assert adaptive.noise_multiplier == flat.noise_multiplier
    spent = population_spent(adaptive, rounds=4).pld
    assert spent.epsilon == population_spent(flat, rounds=4).pld.epsilon
    assert "clipping bits" in spent.mechanism


def test_line_19_matrix_factorisation_is_planned_for_as_many_participations_as_its_separation_leaves_room_for():
    planned = plan(*CORRELATED, "privacy.max_participations=30")
    assert planned.mechanism is Mechanism.MATRIX_FACTORISATION
    assert planned.participation_limit == planned.releases == 5
    spent = population_spent(planned, rounds=40).pld
    assert spent.epsilon == pytest.approx(8, rel=2e-3)
    assert "matrix factorisation of 8 bands" in spent.mechanism
    # what is counted is the mechanism's own sensitivity over the deviation of its noise
    sensitivity = planned.factorisation.sensitivity(clip_norm=planned.clip_norm, max_participations=30)
    mu = sensitivity / planned.noise_standard_deviation
    assert spent.epsilon == pytest.approx(gaussian_epsilon(planned.delta, mu=mu), rel=1e-9)


LOCAL = ("privacy.trust=local", "privacy.sampling=none", "privacy.relation=replace-one")


def test_line_18_local_trust_is_planned_with_its_own_noise_for_each_device():
    planned = plan(*LOCAL, "rounds=40", "privacy.max_participations=6")
    spent = server_spent(planned, rounds=40)
    assert spent.epsilon == pytest.approx(8, rel=2e-3)
    assert planned.trust is Trust.LOCAL


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("privacy.mechanism=off", "privacy.trust=local", "privacy.epsilon="), "adds no noise"),
        (("privacy.bands=2",), "privacy.bands needs"),
        (("privacy.mechanism=off", "privacy.clipping=adaptive", "privacy.epsilon="), "clips nothing"),
        ((*CORRELATED, "rounds=", "privacy.noise_multiplier=1.0"), "rounds is needed"),
        ((*CORRELATED, "privacy.bands=41"), "41 bands over 40 rounds"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_with_a_sentence(settings, sentence):
    with pytest.raises(BadInput, match=sentence):
        plan(*settings)


@pytest.mark.parametrize(
    "settings",
    [
        ("privacy.trust=local",),
        (*LOCAL, "privacy.clipping=adaptive"),
        (*CORRELATED, "privacy.sampling=poisson"),
        (*CORRELATED, "privacy.clipping=adaptive"),
    ],
)
def test_lines_17_to_19_what_is_not_sound_is_refused(settings):
    with pytest.raises(Refused):
        plan(*settings)
