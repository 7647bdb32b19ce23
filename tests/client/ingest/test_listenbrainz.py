import json

import pytest

from client.ingest.entry import Malformed, Reason, Skipped
from client.ingest.formats import FormatName
from shared_model.listen import Listen

MBID, OTHER = "8a2b1c3d-0000-4000-8000-00000000abcd", "8a2b1c3d-1111-4000-8000-00000000abcd"


def listen(info: dict | None = None, **other: object) -> dict:
    track = {"artist_name": "Hugo Wolf", "track_name": "Er ist's", "release_name": None, "additional_info": info or {}}
    return {"listened_at": 1_700_000_000, "track_metadata": track | {"mbid_mapping": None}} | other


@pytest.fixture
def read(parse):
    def lines(*entries: object) -> list:
        return parse("\n".join(map(json.dumps, entries)).encode(), "11.jsonl", FormatName.LISTENBRAINZ)

    return lines


def test_listened_at_is_the_start(read):
    assert read(listen()) == [Listen(started_at_s=1_700_000_000, artist="Hugo Wolf", title="Er ist's")]


def test_the_players_own_id_goes_before_the_matched_one(read):
    mapped = listen({"recording_mbid": MBID.upper()})
    mapped["track_metadata"]["mbid_mapping"] = {"recording_mbid": OTHER}
    unnamed = listen({"recording_mbid": "none"})
    unnamed["track_metadata"]["mbid_mapping"] = {"recording_mbid": OTHER}
    assert [each.recording_mbid for each in read(mapped, unnamed)] == [MBID, OTHER]


@pytest.mark.parametrize(
    ("info", "duration_ms", "played_ms"),
    [
        ({"duration_ms": 200_000}, 200_000, None),
        ({"duration": 200, "duration_played": 150}, 200_000, 150_000),
        ({"duration": 200.5}, 200_500, None),
        ({"duration_ms": "200000", "duration": -4, "duration_played": None}, None, None),
        ({"duration_ms": 10**30, "isrc": 5}, None, None),
    ],
)
def test_lengths_are_in_seconds_or_milliseconds_and_nonsense_is_left_out(read, info, duration_ms, played_ms):
    [found] = read(listen(info))
    assert (found.duration_ms, found.played_ms) == (duration_ms, played_ms)


def test_isrcs_lose_their_hyphens(read):
    assert read(listen({"isrc": "de-a12-00-00001"}))[0].isrc == "DEA120000001"


def test_what_is_playing_now_is_not_a_listen(read):
    assert read(listen(playing_now=True)) == [Skipped(Reason.NOW_PLAYING)]


def test_milliseconds_are_told_from_seconds(read):
    assert read(listen(listened_at=1_700_000_000_000))[0].started_at_s == 1_700_000_000


def test_a_bad_line_costs_only_itself(parse):
    good = json.dumps(listen()).encode()
    content = b"\n".join([good, b'{"listened_at": 17', b"", b"[" * 5_000, b"x" * 70_000, b'"\xff"', b"7", good])
    found = parse(content, "11.jsonl", FormatName.LISTENBRAINZ)
    assert [str(entry) for entry in found if isinstance(entry, Malformed)] == [
        "line 2 of 11.jsonl is not JSON",
        "line 4 of 11.jsonl is not JSON",
        "line 5 of 11.jsonl is longer than 65,536 characters",
        "line 6 of 11.jsonl is not an object",
        "line 7 of 11.jsonl is not an object",
    ]
    assert [type(found[0]), type(found[-1])] == [Listen, Listen]


def test_the_archive_and_the_older_array_hold_the_same_plays(run, stored, fixtures):
    archive = run(fixtures / "listenbrainz/export.zip")
    assert (archive.counts.imported, archive.counts.duplicate, archive.counts.malformed) == (24, 1, 2)
    older = run(fixtures / "listenbrainz/older.json")
    assert (older.counts.imported, older.counts.duplicate) == (0, 25)
    assert len(stored()) == 24
