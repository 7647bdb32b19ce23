"""What the first pages would wait for is begun when the server is, and not before it is agreed to."""

import threading

import pytest

from client.consent.purpose import Purpose
from client.web import served as module
from tests.client.web.conftest import Visit

pytestmark = pytest.mark.enable_socket  # an event loop has a pair of its own


@pytest.mark.parametrize("agreed", [True, False])
def test_the_first_pages_are_begun_early_with_consent_alone(visit: Visit, monkeypatch, agreed: bool) -> None:
    begun = {"suggest": threading.Event(), "count_history": threading.Event()}
    for name, event in begun.items():
        monkeypatch.setattr(module, name, lambda *_, event=event, **__: event.set())
    if not agreed:
        visit.profile.consents.decide(Purpose.LISTENING, granted=False, at_s=2)
    visit.served.begin_early()
    for event in begun.values():
        assert event.wait(20.0 if agreed else 0.2) is agreed
