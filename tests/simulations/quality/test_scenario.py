import pytest

from shared_model.errors import BadInput
from simulations.quality.scenario import QualityScenario
from simulations.scenario import read_scenario, shipped_scenarios

CENTRAL, SPLIT = ("lastfm-central", "30music-central"), ("lastfm-half", "30music-half", "lieder-quality")


@pytest.mark.parametrize("name", [*CENTRAL, *SPLIT])
def test_the_quality_scenarios_are_shipped_with_five_seeds(name):
    scenario = read_scenario(name, [])
    assert name in shipped_scenarios()
    assert isinstance(scenario, QualityScenario)
    assert scenario.dataset.public_share == (1.0 if name in CENTRAL else 0.5)
    assert scenario.seeds == (0, 1, 2, 3, 4)


def test_one_seed_may_be_chosen():
    scenario = read_scenario("lastfm-central", ["seeds=[7]"])
    assert scenario.seeds == (7,)
    assert scenario.seed == 7


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("seeds=[]", "seeds"),
        ("seeds=[1, 1]", "seeds: a seed stands twice"),
        ("seeds=[-1]", "seeds"),
        ("seeds=0", "seeds"),
        ("rounds=3", "rounds"),
        ("privacy.epsilon=1", "privacy"),
        ("model.trainable=full", "model.trainable"),
        ("evaluation.cold_tracks=0.6", "evaluation.cold_tracks"),
        ("pretraining.candidates=1", "pretraining.candidates"),
        ("kind=private", "kind is 'private'; set it to federated, quality or epsilon"),
    ],
)
def test_a_wrong_setting_is_named_in_a_sentence(setting, said):
    with pytest.raises(BadInput, match=said) as error:
        read_scenario("lastfm-central", [setting])
    assert "\n" not in str(error.value)


def test_without_a_kind_a_scenario_is_federated():
    with pytest.raises(BadInput, match="cohort"):
        read_scenario("lastfm-central", ["kind="])
    assert read_scenario("quick", []).kind == "federated"
