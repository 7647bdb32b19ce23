"""The one way from stored answers to the model: through the listener's consent."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from client.checkin.record import read_all
from client.checkin.state import states_at
from client.consent.kinds import MoodConsent
from shared_model.head.psychological_state import STATE_FEATURES


def states_for_model(
    engine: Engine | None, at_s: NDArray[np.float64], *, consent: MoodConsent | None
) -> NDArray[np.float32]:
    """(T, S) as `states_at`; at_s: (T,). Without consent or without answers, NaN throughout, and nothing is read."""
    if engine is None or consent is None:
        return np.full((len(at_s), len(STATE_FEATURES)), np.nan, dtype=np.float32)
    return states_at(read_all(engine), at_s)
