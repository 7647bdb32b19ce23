"""The profile of a server that runs for weeks follows what commands change, and forgets what has become too old."""

import pytest
from sqlalchemy import func, select

from client.data.erase import erase_everything
from client.files import SETTINGS
from client.keys.passphrase import ENVIRONMENT
from client.profile import open_profile
from client.settings import change_settings
from client.store.tables import HISTORY, listens
from client.web.held import HeldProfile
from shared_model.errors import BadInput
from tests.client.prepared import fill

NOW_S = 1_790_000_000


def test_settings_are_those_of_now(profile) -> None:
    held = HeldProfile(profile, clock=lambda: NOW_S)
    assert not held.now().settings.eligibility.paused
    change_settings(profile.folder / SETTINGS, {"eligibility.paused": "true"})
    assert held.now().settings.eligibility.paused


def test_keys_that_another_command_changed_are_followed(profile) -> None:
    """A first check-in makes the key of the answers."""
    held = HeldProfile(profile, clock=lambda: NOW_S)
    assert held.now().mood() is None
    with open_profile(profile.folder) as beside:
        beside.mood_for_writing()
    assert held.now().mood() is not None


def test_keys_that_only_a_passphrase_opens_are_a_sentence(profile, monkeypatch) -> None:
    held = HeldProfile(profile, clock=lambda: NOW_S)
    with open_profile(profile.folder) as beside:
        beside.mood_for_writing()
    monkeypatch.delenv(ENVIRONMENT)
    with pytest.raises(BadInput, match="start `serve` again"):
        held.now()


def test_an_erased_profile_shows_nothing_more(profile) -> None:
    held = HeldProfile(profile, clock=lambda: NOW_S)
    erase_everything(profile.folder)
    with pytest.raises(BadInput, match="erased"):
        held.now()


def test_what_has_become_too_old_goes_when_the_day_changes(profile) -> None:
    now = [float(NOW_S)]
    fill(profile.history, HISTORY, rows=3)  # plays of late 2023
    held = HeldProfile(profile, clock=lambda: now[0])
    count = select(func.count()).select_from(listens)

    def plays() -> int:
        with held.now().history.connect() as connection:
            return int(connection.execute(count).scalar_one())

    assert plays() == 3
    change_settings(profile.folder / SETTINGS, {"retention.listens_days": "1"})
    assert plays() == 3  # the same day
    now[0] += 2 * 86_400
    assert plays() == 0
