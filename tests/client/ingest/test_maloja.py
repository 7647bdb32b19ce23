import json

import pytest

from client.ingest.entry import Malformed
from client.ingest.formats import FormatName
from shared_model.listen import Listen

TRACK = {"artists": ["Hugo Wolf"], "title": "Er ist's", "album": None, "length": None}
SCROBBLE = {"time": 1_700_000_000, "track": TRACK, "duration": None, "origin": "client:navidrome"}
PLAY = {"started_at_s": 1_700_000_000, "artist": "Hugo Wolf", "title": "Er ist's"}


def read(parse, *scrobbles: object) -> list:
    content = {"maloja": {"export_time": 1_750_000_000}, "scrobbles": scrobbles}
    return parse(json.dumps(content).encode(), "maloja_export.json", FormatName.MALOJA)


def test_time_is_the_start_and_what_is_unknown_is_left_out(parse):
    assert read(parse, SCROBBLE) == [Listen(**PLAY)]


def test_lengths_are_seconds_and_zero_is_unknown(parse):
    album = {"artists": None, "albumtitle": "Lieder"}
    [full, empty] = read(
        parse,
        SCROBBLE | {"track": TRACK | {"album": album, "length": 203}, "duration": 110},
        SCROBBLE | {"track": TRACK | {"length": 0}, "duration": 0},
    )
    assert full == Listen(**PLAY, album="Lieder", duration_ms=203_000, played_ms=110_000)
    assert empty == Listen(**PLAY)


def test_several_artists_are_all_named(parse):
    [found] = read(parse, SCROBBLE | {"track": TRACK | {"artists": ["Hugo Wolf", "Clara Wieck"]}})
    assert found.artist == "Hugo Wolf, Clara Wieck"


def test_the_answer_of_its_api_is_read_as_its_export(parse):
    answer = json.dumps({"status": "ok", "list": [SCROBBLE]}).encode()
    assert parse(answer, "scrobbles.json", FormatName.AUTO) == [Listen(**PLAY)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"time": None}, "has no 'time'"),
        ({"time": "now"}, "has no time in 'time'"),
        ({"time": 900_000_000}, "is no listen: its time lies before October 2002 or is no time in seconds"),
        ({"track": None}, "has no 'artists'"),
        ({"track": TRACK | {"artists": []}}, "has no 'artists'"),
        ({"track": TRACK | {"artists": ["Hugo Wolf", None]}}, "has no 'artists'"),
        ({"track": TRACK | {"title": ""}}, "has no 'title'"),
        ({"track": TRACK | {"length": "long"}}, "has no length in 'length'"),
    ],
)
def test_a_bad_scrobble_costs_only_itself(parse, change, why):
    found = read(parse, SCROBBLE, SCROBBLE | change, SCROBBLE)
    assert found == [Listen(**PLAY), Malformed("entry 2 of maloja_export.json", why), Listen(**PLAY)]
