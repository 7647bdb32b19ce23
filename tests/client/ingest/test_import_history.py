import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, inspect, select, text
from write_fixtures import MARK, endsong, plays

from client.ingest.formats import FormatName
from client.ingest.import_history import import_history
from client.store.tables import imports, listens, recordings

EVERY = {
    "spotify/extended.zip": ("spotify", 109, 3, 6 + 1, 4),
    "spotify/endsong_0.json": ("spotify", 30, 0, 0, 0),
    "spotify/basic.zip": ("spotify", 12, 0, 2, 1),
    "listenbrainz/export.zip": ("listenbrainz", 24, 1, 1, 2),
    "listenbrainz/older.json": ("listenbrainz", 24, 1, 1, 0),
    "lastfm/pages.json": ("lastfm", 26, 0, 3, 1),
    "lastfm/with-header.csv": ("lastfm", 26, 0, 0, 2),
    "lastfm/without-header.csv": ("lastfm", 26, 0, 0, 2),
    "research/two-listeners.tsv": ("research", 20, 0, 12, 2),
    "maloja/maloja_export_2025_01_01_00_00_00.json": ("maloja", 20, 0, 0, 3),
    "koito/koito_export.json": ("koito", 20, 0, 0, 3),
    "scrobbler-log/.scrobbler.log": ("scrobbler-log", 20, 0, 0, 3),
    "scrobbler-log/utc.scrobbler.log": ("scrobbler-log", 20, 0, 0, 3),
    "pano/scrobbles.jsonl": ("pano", 20, 0, 2, 3),
}


def listener_of(name: str) -> str | None:
    return f"user_1_{MARK}" if name.startswith("research") else None


@pytest.mark.parametrize("name", EVERY)
def test_every_format_is_found_out_and_every_entry_counted_once(run, stored, fixtures, name):
    found = run(fixtures / name, listener=listener_of(name))
    counts = found.counts
    counted = (found.format, counts.imported, counts.duplicate, sum(counts.skipped.values()), counts.malformed)
    assert counted == EVERY[name]
    assert len(stored()) == counts.imported
    assert counts.read == sum(EVERY[name][1:])


@pytest.mark.parametrize("name", EVERY)
def test_importing_twice_changes_nothing(run, stored, fixtures, name):
    first = run(fixtures / name, listener=listener_of(name)).counts
    before = stored()
    again = run(fixtures / name, listener=listener_of(name)).counts
    assert stored() == before
    assert (again.imported, again.duplicate) == (0, first.imported + first.duplicate)
    assert (again.skipped, again.malformed, again.faults) == (first.skipped, first.malformed, first.faults)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("batch", [7, 10_000])
def test_a_dry_run_counts_the_same_and_writes_nothing(run, history, stored, fixtures, name, batch):
    dry = run(fixtures / name, listener=listener_of(name), dry_run=True, batch=batch)
    with history.connect() as connection:
        for table in (imports, listens, recordings):
            assert connection.execute(select(table)).all() == []
    assert dry.id is None
    wet = run(fixtures / name, listener=listener_of(name), batch=batch)
    assert wet.counts == dry.counts
    after = run(fixtures / name, listener=listener_of(name), dry_run=True)
    assert (after.counts.imported, len(stored())) == (0, wet.counts.imported)


@pytest.mark.parametrize("name", EVERY)
def test_no_time_depends_on_the_zone_of_this_device(run, stored, history, fixtures, monkeypatch, name):
    run(fixtures / name, listener=listener_of(name))
    before = stored()
    with history.begin() as connection:
        connection.execute(delete(listens))
        connection.execute(delete(recordings))
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        run(fixtures / name, listener=listener_of(name))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert stored() == before


def test_what_is_private_is_nowhere_in_the_store_and_in_no_message(run, history, fixtures):
    for name in EVERY:
        counts = run(fixtures / name, listener=listener_of(name)).counts
        assert MARK not in repr(counts)
    with history.connect() as connection:
        for table in inspect(history).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608
                assert MARK not in repr(row)
                assert "192.0.2" not in repr(row)


def test_the_row_of_an_import_says_what_came_of_it_and_no_path(run, history, fixtures):
    found = run(fixtures / "spotify/extended.zip")
    with history.connect() as connection:
        [row] = connection.execute(select(imports))
    assert (row.id, row.format, row.file_name) == (found.id, "spotify", "extended.zip")
    assert (row.started_at_s, row.finished_at_s) == (1_750_000_000, 1_750_000_000)
    assert json.loads(row.counts) == {
        "imported": 109,
        "duplicate": 3,
        "skipped": {"audiobook": 1, "incognito": 2, "no track": 1, "not played": 1, "podcast": 1, "video": 1},
        "malformed": 4,
    }


def test_progress_ends_at_the_size_of_what_was_read(run, fixtures):
    told: list[tuple[int, int]] = []
    run(fixtures / "spotify/endsong_0.json", progress=lambda *bytes_: told.append(bytes_))
    size_bytes = (fixtures / "spotify/endsong_0.json").stat().st_size
    assert told[-1] == (size_bytes, size_bytes)


def test_only_the_first_faults_are_told(run, tmp_path):
    (tmp_path / "endsong_0.json").write_text(json.dumps([1] * 50))
    counts = run(tmp_path).counts
    assert (counts.malformed, len(counts.faults)) == (50, 20)
    assert counts.faults[0] == "spotify: entry 1 of endsong_0.json is not an object"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_any_permutation_of_a_file_imports_the_same(run, stored, history, tmp_path, seed):
    """As long as it is one batch (16,384 entries); beyond, see test_record."""
    entries = [endsong(*play) for play in plays()[:20]] + [
        endsong(start + shift, song, heard_ms, skipped)
        for start, song, heard_ms, skipped in plays()[:20]
        for shift in (10, 21)
    ]
    (tmp_path / "endsong_0.json").write_text(json.dumps(entries))
    run(tmp_path, batch=1000)
    straight = {row[0:4] for row in stored()}
    with history.begin() as connection:
        connection.execute(delete(listens))
        connection.execute(delete(recordings))
    random.Random(seed).shuffle(entries)  # noqa: S311
    for entry in entries:
        del entry["spotify_track_uri"]
    (tmp_path / "endsong_0.json").write_text(json.dumps(entries))
    run(tmp_path, batch=1000)
    assert {row[0:4] for row in stored()} == straight


def test_nothing_is_imported_without_a_consent(history, fixtures):
    with pytest.raises(TypeError, match="consent"):
        import_history(Path("x"), FormatName.AUTO, history=history, clock=lambda: 1)
