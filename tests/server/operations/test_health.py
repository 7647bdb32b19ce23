"""Health and metrics, asked as a monitoring program asks them."""

import json
import re

import pytest

from server.operations.health import health_app
from server.operations.status import read_status
from tests.server.coordinator import made, small_settings


@pytest.fixture
def status(tmp_path):
    settings = small_settings()
    place = made(tmp_path / "s", settings)
    return lambda: read_status(place, settings)


def asked(app, path):
    """Its answer, without a server."""
    (route,) = [route for route in app.routes if route.path == path]
    return route.endpoint()


def test_health_is_the_superlinks_and_says_how_it_stands(status):
    well = asked(health_app(status, lambda: True), "/health")
    assert (well.status_code, json.loads(well.body)["superlink"], json.loads(well.body)["round"]) == (200, True, 0)
    ill = asked(health_app(status, lambda: False), "/health")
    assert (ill.status_code, json.loads(ill.body)["superlink"]) == (503, False)


def test_every_metric_is_a_gauge_and_an_epsilon_carries_what_it_means(status):
    text = asked(health_app(status, lambda: True), "/metrics").body.decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    names = [re.match(r"sottovoce_[a-z_]+", line)[0] for line in lines]
    assert [f"# TYPE {name} gauge" in text for name in names] == [True] * len(names)
    (epsilon,) = [line for line in lines if line.startswith("sottovoce_epsilon")]
    assert re.findall(r"(\w+)=", epsilon) == ["delta", "unit", "relation", "adversary", "trust"]
    assert [line for line in lines if "{" in line] == [epsilon]  # nothing is told of any one device
