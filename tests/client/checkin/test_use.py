import numpy as np

from client.checkin.record import save
from client.checkin.shipped import instrument_named
from client.checkin.use import states_for_model
from client.consent.consents import Consents
from client.consent.purpose import Purpose

AT_S = np.array([200.0])


def test_without_consent_stored_answers_are_as_good_as_none(history, mood):
    save(mood, instrument_named("affective_slider"), {"pleasure": 0.6, "arousal": 0.3}, at_s=100)
    assert np.isnan(states_for_model(mood, AT_S, consent=None)).all()
    consents = Consents(history)
    consents.decide(Purpose.MOOD, granted=True, at_s=150)
    states = states_for_model(mood, AT_S, consent=consents.mood())
    np.testing.assert_allclose(states[0, :2], [0.2, -0.4], atol=1e-6)


def test_without_answers_nothing_is_known(history):
    consents = Consents(history)
    consents.decide(Purpose.MOOD, granted=True, at_s=150)
    assert np.isnan(states_for_model(None, AT_S, consent=consents.mood())).all()
