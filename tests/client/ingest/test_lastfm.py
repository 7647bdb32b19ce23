import json
import locale

import pytest

from client.ingest.entry import Malformed, Reason, Skipped
from client.ingest.formats import FormatName
from shared_model.listen import Listen

TRACK = {
    "artist": {"mbid": "", "#text": "Hugo Wolf"},
    "album": {"mbid": "", "#text": ""},
    "mbid": "8a2b1c3d-0000-4000-8000-00000000abcd",
    "name": "Er ist's",
    "date": {"uts": "1700000000", "#text": "14 Nov 2023, 22:13"},
}
HEADER = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"


def read_json(parse, content: object) -> list:
    return parse(json.dumps(content).encode(), "scrobbles.json", FormatName.LASTFM)


@pytest.mark.parametrize(
    "content",
    [
        [{"track": [TRACK]}],
        {"recenttracks": {"@attr": {"page": "1"}, "track": [TRACK]}},
        [{"recenttracks": {"track": [TRACK], "@attr": {"page": "1"}}}],
        [TRACK],
        [[TRACK]],
        [{"track": TRACK}],
        [{"track": [TRACK | {"artist": {"name": "Hugo Wolf", "url": "u"}}]}],
        [{"track": [TRACK | {"artist": "Hugo Wolf", "album": None, "date": {"uts": 1_700_000_000}}]}],
    ],
)
def test_pages_are_read_however_they_were_saved(parse, content):
    assert read_json(parse, content) == [Listen(started_at_s=1_700_000_000, artist="Hugo Wolf", title="Er ist's")]


def test_last_fms_track_ids_are_not_taken_for_recordings(parse):
    assert read_json(parse, [{"track": [TRACK]}])[0].recording_mbid is None


def test_what_is_playing_now_is_no_play(parse):
    now = {key: value for key, value in TRACK.items() if key != "date"} | {"@attr": {"nowplaying": "true"}}
    assert read_json(parse, [{"track": [now]}]) == [Skipped(Reason.NOW_PLAYING)]


def test_a_bad_track_costs_only_itself(parse):
    bad = [TRACK | {"date": {"uts": "-1"}}, TRACK | {"name": ""}, TRACK | {"date": {}}, {"artist": "x"}, 5]
    found = read_json(parse, [{"track": [TRACK, *bad]}, {"track": [TRACK]}])
    assert [str(entry) for entry in found if isinstance(entry, Malformed)] == [
        "entry 2 of scrobbles.json has no time in 'uts'",
        "entry 3 of scrobbles.json has no 'artist' or no 'name'",
        "entry 4 of scrobbles.json has no 'uts'",
        "entry 5 of scrobbles.json has no 'date'",
        "entry 6 of scrobbles.json is not an object",
    ]


def read_csv(parse, content: str, encoding: str = "utf-8") -> list:
    return parse(content.encode(encoding), "scrobbles.csv", FormatName.LASTFM)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_columns_are_found_by_their_header(parse, encoding):
    content = HEADER + '"1700000000","14 Nov 2023, 22:13","Fauré, Gabriel","","Lieder","","Der ""Traum""",""\r\n'
    assert read_csv(parse, content, encoding) == [
        Listen(started_at_s=1_700_000_000, artist="Fauré, Gabriel", title='Der "Traum"', album="Lieder")
    ]


def test_a_header_without_the_number_is_read_by_the_time_in_words(parse):
    content = 'artist,album,track,date\nHugo Wolf,,Er ist\'s,"14 Nov 2023, 22:13"\n'
    assert read_csv(parse, content)[0].started_at_s == 1_700_000_010


def test_without_a_header_the_columns_are_artist_album_track_time(parse):
    found = read_csv(parse, "Hugo Wolf,Lieder,Er ist's,14 Nov 2023 22:13\n")
    assert found == [Listen(started_at_s=1_700_000_010, artist="Hugo Wolf", title="Er ist's", album="Lieder")]


def test_months_are_english_in_every_locale(parse, monkeypatch):
    monkeypatch.setattr(locale, "nl_langinfo", lambda _: "nichts", raising=False)
    assert isinstance(read_csv(parse, "Hugo Wolf,,Er ist's,03 Dec 2023 22:13\n")[0], Listen)


def test_a_bad_line_costs_only_itself_even_with_a_quotation_mark_that_is_never_closed(parse):
    good = "1700000000,,Hugo Wolf,,,,Er ist's,\n"
    found = read_csv(parse, HEADER + good + '1700000000,"never closed\n' + "\n" + '"",,a,,,,b,\n' + good)
    assert [type(entry) for entry in found] == [Listen, Malformed, Malformed, Listen]
    assert [str(entry) for entry in found[1:3]] == [
        "line 3 of scrobbles.csv does not have 8 cells",
        "line 5 of scrobbles.csv has no 'utc_time'",
    ]


def test_text_in_another_encoding_is_counted_not_imported_askew(parse):
    found = read_csv(parse, HEADER + "1700000000,,Fauré,,,,En prière,\n", "latin-1")
    assert [str(entry) for entry in found] == ["line 2 of scrobbles.csv has text that is not UTF-8 in 'artist'"]


def test_all_three_exports_hold_the_same_plays(run, stored, fixtures):
    for name, imported in (("pages.json", 26), ("with-header.csv", 0), ("without-header.csv", 0)):
        assert run(fixtures / "lastfm" / name).counts.imported == imported
    assert len(stored()) == 26
