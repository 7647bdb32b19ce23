"""What was played, as the model reads it. Skips are no plays, and a track on repeat is played once.

Letters: T plays, S features of the psychological state.
"""

from collections.abc import Mapping

import numpy as np
from sqlalchemy import Engine, select

from client.checkin.use import states_for_model
from client.consent.kinds import ListeningConsent, MoodConsent
from client.store.tables import listens, recordings
from shared_model.history import History
from shared_model.listen import counts_as_listen

LATEST_PLAYS = 5_000
"""Older ones change nothing that a moment can tell, and would cost time at every one."""


def read_plays(
    history: Engine,
    index_of: Mapping[int, int],
    *,
    consent: ListeningConsent,
    mood: Engine | None,
    mood_consent: MoodConsent | None,
) -> History:
    """The latest plays, oldest first, with the state before each where the listener lets it be used.

    index_of: of each recording, by its id in the store, the index in the catalogue; a play of another one, stored
    since that was read, is left out; consent: without one nothing is read. A track on repeat has the time of its first
    play, before which its state was measured.
    """
    assert consent.purpose == "listening"
    columns = (
        listens.c.recording_id,
        listens.c.started_at_s,
        listens.c.played_ms,
        listens.c.skipped,
        recordings.c.duration_ms,
    )
    newest = select(*columns).join(recordings).order_by(listens.c.started_at_s.desc(), listens.c.id.desc())
    tracks: list[int] = []
    started: list[float] = []
    with history.connect() as connection:
        for recording, started_at_s, played_ms, skipped, duration_ms in connection.execute(newest):
            heard = played_ms is None or counts_as_listen(played_ms, duration_ms)
            if skipped or (skipped is None and not heard):
                continue
            index = index_of.get(recording)
            if index is None:
                continue
            if tracks and tracks[-1] == index:
                started[-1] = started_at_s
                continue
            if len(tracks) == LATEST_PLAYS:
                break
            tracks.append(index)
            started.append(started_at_s)
    times = np.array(started[::-1], np.float64)
    return History(
        listener="here",
        tracks=np.array(tracks[::-1], np.int64),
        started_at_s=times,
        states=None if mood_consent is None else states_for_model(mood, times, consent=mood_consent),
    )
