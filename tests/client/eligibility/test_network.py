import pytest

from client.eligibility.network import network_from


@pytest.mark.parametrize(
    ("metered", "unmetered"), [(0, None), (1, False), (2, True), (3, False), (4, True), (9, None), ("yes", None)]
)
def test_what_networkmanager_calls_metered(metered, unmetered):
    assert network_from({"Metered": metered}).unmetered is unmetered


@pytest.mark.parametrize(("connectivity", "online"), [(0, None), (1, False), (2, False), (3, True), (4, True)])
def test_what_networkmanager_calls_connected(connectivity, online):
    assert network_from({"Connectivity": connectivity}).online is online


def test_no_answer_is_unknown():
    assert network_from({}).unmetered is None
    assert network_from({}).online is None
