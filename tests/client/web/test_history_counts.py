"""What the History page counts: by source, skips of rows included, and what players sent as a source of its own."""

import json

from sqlalchemy import insert

from client.store.tables import imports, listens, recordings
from client.web.history_counts import LIVE, count_history


def test_nothing_is_counted_as_nothing(history) -> None:
    counts = count_history(history, at_s=7.0)
    assert (counts.plays, counts.recordings, counts.library_tracks, counts.sources) == (0, 0, 0, ())
    assert (counts.first_s, counts.last_s, counts.at_s) == (None, None, 7.0)


def test_plays_are_counted_by_where_they_came_from(history) -> None:
    told = {"imported": 3, "duplicate": 9, "skipped": {"podcast": 2, "incognito": 1}, "malformed": 0}
    with history.begin() as connection:
        for number, counts in ((1, json.dumps(told)), (2, None)):
            row = {"id": number, "format": "maloja", "file_name": f"{number}.json", "started_at_s": number}
            connection.execute(insert(imports).values(counts=counts, **row))
        for number in (1, 2):
            connection.execute(insert(recordings).values(identity=str(number), artist="a", title=str(number)))
        for started_at_s, import_id in ((50, 1), (40, 1), (30, 1), (90, None), (20, None)):
            connection.execute(insert(listens).values(recording_id=1, started_at_s=started_at_s, import_id=import_id))
    counts = count_history(history, at_s=1.0)
    assert (counts.plays, counts.recordings, counts.first_s, counts.last_s) == (5, 2, 20, 90)
    assert [(each.named, each.plays, each.skipped_rows, each.began_s) for each in counts.sources] == [
        (LIVE, 2, 0, None),
        ("maloja, 2.json", 0, 0, 2),  # killed before it ended, or its plays deleted since
        ("maloja, 1.json", 3, 3, 1),
    ]
