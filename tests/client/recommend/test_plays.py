import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert

from client.checkin.record import save
from client.checkin.shipped import instrument_named
from client.consent.kinds import MoodConsent
from client.consent.purpose import Purpose
from client.recommend import plays
from client.recommend.plays import read_plays
from client.store.tables import listens, recordings
from tests.client.recommend.small import BEGAN_S, LISTENING, receipt

MOOD = MoodConsent(receipt(Purpose.MOOD))
INDEX_OF = {1: 10, 2: 20, 3: 30}


def store(history: Engine, rows) -> None:
    """rows: recording, seconds after the beginning, played_ms, skipped."""
    with history.begin() as connection:
        for recording in (1, 2, 3, 4):
            values = {"id": recording, "identity": str(recording), "artist": "A", "title": str(recording)}
            connection.execute(insert(recordings).values(**values, duration_ms=200_000))
        for recording, at, played_ms, skipped in rows:
            values = {"recording_id": recording, "started_at_s": BEGAN_S + at, "played_ms": played_ms}
            connection.execute(insert(listens).values(**values, skipped=skipped))


def read(history: Engine, mood: Engine | None = None, mood_consent: MoodConsent | None = None):
    return read_plays(history, INDEX_OF, consent=LISTENING, mood=mood, mood_consent=mood_consent)


def test_plays_are_read_oldest_first(history: Engine) -> None:
    store(history, [(2, 50, None, None), (1, 10, None, None), (3, 30, None, None)])
    found = read(history)
    assert found.tracks.tolist() == [10, 30, 20]
    assert found.started_at_s.tolist() == [BEGAN_S + 10, BEGAN_S + 30, BEGAN_S + 50]
    assert found.states is None


def test_skips_are_no_plays_and_what_the_source_leaves_open_is_told_by_how_long_it_was_heard(history: Engine) -> None:
    store(
        history,
        [(1, 10, 200_000, True), (2, 20, 99_999, None), (3, 30, 100_000, None), (1, 40, 1, False), (2, 50, None, None)],
    )
    assert read(history).tracks.tolist() == [30, 10, 20]


def test_a_track_on_repeat_is_played_once_from_its_first_play_on(history: Engine) -> None:
    store(
        history, [(1, 10, None, None), (1, 20, None, None), (2, 25, 0, True), (1, 30, None, None), (2, 40, None, None)]
    )
    found = read(history)
    assert found.tracks.tolist() == [10, 20]
    assert found.started_at_s.tolist() == [BEGAN_S + 10, BEGAN_S + 40]


def test_recordings_stored_since_are_left_out(history: Engine) -> None:
    store(history, [(1, 10, None, None), (4, 20, None, None), (2, 30, None, None)])
    assert read(history).tracks.tolist() == [10, 20]


def test_the_newest_are_read_whole(history: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    store(history, [(recording, at * 100 + recording, None, None) for at in range(5) for recording in (1, 1, 2, 3)[1:]])
    monkeypatch.setattr(plays, "LATEST_PLAYS", 4)
    assert read(history).tracks.tolist() == [30, 10, 20, 30]


def test_nothing_played_is_no_plays(history: Engine) -> None:
    assert len(read(history)) == 0


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4),
            st.integers(0, 10**6),
            st.one_of(st.none(), st.integers(0, 10**6)),
            st.sampled_from([None, True, False]),
        ),
        unique_by=lambda row: row[:2],
    )
)
def test_it_is_what_a_slow_reading_gives(fresh, rows) -> None:
    history = fresh()
    store(history, rows)
    slow: list[tuple[int, int]] = []
    for _, (recording, at, played_ms, skipped) in sorted(enumerate(rows), key=lambda row: (row[1][1], row[0])):
        skip = skipped if skipped is not None else played_ms is not None and played_ms < 100_000
        if not skip and recording in INDEX_OF and (not slow or slow[-1][0] != INDEX_OF[recording]):
            slow.append((INDEX_OF[recording], BEGAN_S + at))
    found = read(history)
    assert list(zip(found.tracks.tolist(), found.started_at_s.tolist(), strict=True)) == slow


@pytest.fixture
def fresh(history: Engine):
    def emptied() -> Engine:
        with history.begin() as connection:
            connection.execute(delete(listens))
            connection.execute(delete(recordings))
        return history

    return emptied


def test_the_state_is_that_of_before_the_play_and_needs_a_consent(history: Engine, mood: Engine) -> None:
    store(history, [(1, 10, None, None), (2, 20, None, None), (3, 30, None, None)])
    save(mood, instrument_named("affective_slider"), {"pleasure": 1.0, "arousal": None}, at_s=BEGAN_S + 20)
    assert read(history, mood).states is None
    found = read(history, mood, MOOD)
    assert np.isnan(found.states[:2]).all()
    assert found.states[2, 0] == 1.0
    assert np.isnan(read(history, None, MOOD).states).all()


def test_nothing_is_read_without_the_consent_to_learn_from_listening(history: Engine) -> None:
    with pytest.raises(TypeError):
        read_plays(history, INDEX_OF, mood=None, mood_consent=None)
    with pytest.raises(AssertionError):
        read_plays(None, INDEX_OF, consent=MOOD, mood=None, mood_consent=None)
