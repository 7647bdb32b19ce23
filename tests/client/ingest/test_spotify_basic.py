import json

import pytest

from client.ingest.entry import Malformed, Reason, Skipped
from client.ingest.formats import FormatName
from shared_model.listen import Listen

PLAY = {"endTime": "2023-11-14 22:16", "artistName": "Johannes Brahms", "trackName": "Minnelied", "msPlayed": 200_000}


@pytest.fixture
def read(parse):
    return lambda *entries: parse(json.dumps(entries).encode(), "StreamingHistory0.json", FormatName.SPOTIFY)


def test_the_minute_is_of_the_end_and_its_middle_is_taken(read):
    assert read(PLAY) == [
        Listen(started_at_s=1_699_999_990, artist="Johannes Brahms", title="Minnelied", played_ms=200_000)
    ]


def test_podcasts_audiobooks_and_what_was_not_heard_are_skipped(read):
    podcast = {"endTime": "2023-11-14 22:16", "podcastName": "P", "episodeName": "E", "msPlayed": 1}
    audiobook = {"endTime": "2023-11-14 22:16", "authorName": "A", "audiobookName": "B", "msPlayed": 1}
    assert read(podcast, audiobook, PLAY | {"msPlayed": 0}) == [
        Skipped(Reason.PODCAST),
        Skipped(Reason.AUDIOBOOK),
        Skipped(Reason.NOT_PLAYED),
    ]


def test_bad_entries_are_counted(read):
    found = read(PLAY | {"endTime": "2023-11-14 25:16"}, PLAY | {"artistName": ""}, PLAY | {"msPlayed": "long"}, 4)
    assert [str(entry) for entry in found] == [
        "entry 1 of StreamingHistory0.json has no time in 'endTime'",
        "entry 2 of StreamingHistory0.json has no 'artistName'",
        "entry 3 of StreamingHistory0.json has no length in 'msPlayed'",
        "entry 4 of StreamingHistory0.json is not an object",
    ]
    assert {type(entry) for entry in found} == {Malformed}


@pytest.mark.parametrize("first", ["basic", "extended"])
def test_a_play_in_both_of_spotifys_exports_is_stored_once(run, stored, fixtures, first):
    archives = [fixtures / f"spotify/{name}.zip" for name in ("basic", "extended")]
    for archive in archives if first == "basic" else archives[::-1]:
        run(archive)
    assert len(stored()) == 109
