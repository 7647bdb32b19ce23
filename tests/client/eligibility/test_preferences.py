import pytest
from pydantic import ValidationError

from client.eligibility.preferences import Assumption, EligibilitySettings


def test_by_default_it_asks_for_power_idleness_and_an_unmetered_network_and_assumes_nothing():
    settings = EligibilitySettings()
    assert (settings.run_on_batteries, settings.run_if_user_active, settings.run_on_metered) == (False, False, False)
    assert settings.assume == ()


def test_a_list_of_words_is_read():
    settings = EligibilitySettings.model_validate({"assume": ["mains", "unmetered"]})
    assert settings.assume == (Assumption.MAINS, Assumption.UNMETERED)


@pytest.mark.parametrize(
    "content",
    [
        {"assume": ["everything"]},
        {"run_on_battery": True},
        {"suspend_cpu_usage": 101},
        {"start_hour": 25},
        {"idle_time_to_run": -1},
        {"idle_time_to_run": float("nan")},
    ],
)
def test_what_is_no_preference_is_refused(content):
    with pytest.raises(ValidationError):
        EligibilitySettings.model_validate(content)


def test_every_setting_is_described():
    assert all(field.description for field in EligibilitySettings.model_fields.values())
