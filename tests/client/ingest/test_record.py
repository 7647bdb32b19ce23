import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from client.ingest.counts import Tally
from client.ingest.record import Destination, record
from client.store.tables import imports, listens, recordings
from shared_model.listen import SAME_LISTEN_S, Listen

AT_S = 1_700_000_000
MBID = "8a2b1c3d-0000-4000-8000-00000000abcd"


def play(after_s: int, title: str = "Er ist's", **facts: object) -> Listen:
    return Listen(started_at_s=AT_S + after_s, artist="Hugo Wolf", title=title, **facts)


@pytest.fixture
def store(history, consent):
    with history.begin() as connection:
        connection.execute(insert(imports).values(id=1, format="spotify", file_name="f", started_at_s=1))

    def stored(entries: list[Listen], batch: int = 3) -> Tally:
        tally = Tally("spotify")
        record(entries, Destination(history=history, consent=consent), import_id=1, tally=tally, batch=batch)
        return tally

    return stored


@pytest.fixture
def starts(history):
    def held() -> list[int]:
        with history.connect() as connection:
            return sorted(row.started_at_s - AT_S for row in connection.execute(select(listens.c.started_at_s)))

    return held


@pytest.fixture
def emptied(history):
    def empty() -> None:
        with history.begin() as connection:
            connection.execute(delete(listens))
            connection.execute(delete(recordings))

    return empty


@pytest.mark.parametrize("order", [[0, 20, 40], [40, 20, 0]])
@pytest.mark.parametrize("batch", [1, 3])
def test_of_a_chain_the_first_and_the_third_stay_oldest_or_newest_first(store, starts, order, batch):
    tally = store([play(start) for start in order], batch)
    assert (tally.imported, tally.duplicate) == (2, 1)
    assert starts() == [0, 40]


def test_thirty_seconds_are_the_same_play_and_thirty_one_are_not(store, starts):
    store([play(0), play(30), play(31), play(0, "Gebet")])
    assert starts() == [0, 0, 31]


def test_the_same_stamp_is_merged_and_never_shifted(store, starts):
    assert store([play(0)] * 5).duplicate == 4
    assert starts() == [0]


def test_spelling_does_not_make_another_recording(store, starts):
    store([play(0, "Er ist's"), play(5, "ER IST’S"), play(9, "  er  ist's ")])
    assert starts() == [0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), batch=st.integers(1, 7))
def test_whatever_the_order_kept_plays_lie_apart_and_each_dropped_one_beside_a_kept(
    store, starts, emptied, data, batch
):
    emptied()
    entries = data.draw(st.lists(st.integers(0, 300), max_size=25))
    tally = store([play(start) for start in entries], batch)
    kept = starts()
    assert tally.imported == len(kept)
    assert tally.duplicate == len(entries) - len(kept)
    assert all(later - earlier > SAME_LISTEN_S for earlier, later in pairwise(kept))
    assert all(any(abs(start - held) <= SAME_LISTEN_S for held in kept) for start in entries)
    assert store([play(start) for start in entries], batch).imported == 0
    assert starts() == kept


def test_inside_a_batch_the_order_changes_nothing_that_is_stored(store, stored, emptied):
    entries = [play(start, played_ms=start % 7, album=f"A{start % 3}") for start in range(0, 200, 9)]
    store(entries, 100)
    first = stored()
    emptied()
    random.Random(1).shuffle(entries)  # noqa: S311
    store(entries, 100)
    assert stored() == first


def test_at_one_start_the_longest_play_stays(store, history):
    store([play(0, played_ms=5, skipped=True), play(0, played_ms=200_000, skipped=False), play(0)])
    with history.connect() as connection:
        [row] = connection.execute(select(listens))
    assert (row.played_ms, row.skipped, row.import_id) == (200_000, False, 1)


def test_later_facts_of_a_recording_fill_gaps_and_never_overwrite(store, history):
    store([play(0)])
    store([play(500, album="Mörike-Lieder"), play(1000, recording_mbid=MBID, isrc="DEA120000001")])
    store([play(1500, album="Other", recording_mbid=MBID.replace("8", "9"), duration_ms=90_000)])
    with history.connect() as connection:
        [row] = connection.execute(select(recordings))
    assert (row.album, row.recording_mbid, row.isrc, row.duration_ms) == (
        "Mörike-Lieder",
        MBID,
        "DEA120000001",
        90_000,
    )


@pytest.mark.parametrize("title", ["a\x1fb", "\ufffe\uffff", "👩‍🎤", '"\\', "\x01\t", "ſﬁ", "İ"])
def test_any_text_is_stored_as_it_is_and_found_again(store, history, title):
    assert store([play(0, title), play(100, title)]).imported == 2
    with history.connect() as connection:
        assert connection.execute(select(recordings.c.title)).scalars().all() == [title]
