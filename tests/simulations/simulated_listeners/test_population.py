from dataclasses import fields
from pathlib import Path

import pytest

from shared_model.errors import BadInput
from simulations.simulated_listeners.population import SimulatedPopulation


@pytest.mark.parametrize(
    "fault",
    [
        {"listeners": 0},
        {"mean_plays": 40.0},
        {"mean_plays": float("nan")},
        {"mood_effect": 1.01},
        {"mood_effect": -0.5},
        {"checkin_rate": 2.0},
        {"repeat": 0.0},
        {"repeat": 1.0},
        {"drift": -0.1},
        {"popularity": float("inf")},
        {"languages": {}},
        {"languages": {"de": 0.5, "en": 0.4}},
        {"languages": {"de": 1.5, "en": -0.5}},
    ],
)
def test_an_impossible_population_is_refused_by_name(fault):
    with pytest.raises(BadInput, match=next(iter(fault))):
        SimulatedPopulation(**({"listeners": 10} | fault))


def test_every_setting_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "simulated-listeners.md").read_text()
    for setting in fields(SimulatedPopulation):
        assert f"`{setting.name}`" in page
        assert f"    {setting.name}: " in str(SimulatedPopulation.__doc__)
