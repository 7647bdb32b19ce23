import json

import pytest

from client.ingest.entry import Malformed, Reason, Skipped
from client.ingest.formats import FormatName
from shared_model.listen import Listen

SCROBBLE = {
    "timeHuman": "14 Nov 2023, 17:13",
    "timeMs": 1_700_000_000_999,
    "artist": "Hugo Wolf",
    "track": "Er ist's",
    "album": "Lieder",
    "albumArtist": None,
    "durationMs": 203_000,
    "event": "scrobble",
}
PLAY = Listen(started_at_s=1_700_000_000, artist="Hugo Wolf", title="Er ist's", album="Lieder", duration_ms=203_000)


def read(parse, *entries: object) -> list:
    return parse("\n".join(map(json.dumps, entries)).encode(), "scrobbles.jsonl", FormatName.AUTO)


def test_milliseconds_are_milliseconds_and_the_time_in_words_is_not_looked_at(parse):
    assert read(parse, SCROBBLE) == [PLAY]


def test_a_stamp_that_is_seconds_is_not_taken_for_a_play_of_1970(parse):
    [found] = read(parse, SCROBBLE | {"timeMs": 1_700_000_000})
    assert isinstance(found, Malformed)


def test_love_is_no_play(parse):
    assert read(parse, SCROBBLE | {"event": "love"}, SCROBBLE | {"event": "unlove"}) == [Skipped(Reason.FEEDBACK)] * 2


def test_lines_of_before_there_were_events_are_plays(parse):
    assert read(parse, {key: value for key, value in SCROBBLE.items() if key != "event"}) == [PLAY]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"timeMs": None}, "has no 'timeMs'"),
        ({"artist": None}, "has no 'artist'"),
        ({"track": 5}, "has no text in 'track'"),
        ({"durationMs": -1}, "has no length in 'durationMs'"),
        ({"event": "sneeze"}, "has no known 'event'"),
    ],
)
def test_a_bad_line_costs_only_itself(parse, change, why):
    assert read(parse, SCROBBLE, SCROBBLE | change, SCROBBLE) == [
        PLAY,
        Malformed("line 2 of scrobbles.jsonl", why),
        PLAY,
    ]
