import json

import pytest
from write_fixtures import endsong, extended

from client.ingest.entry import Duplicate, Malformed, Reason, Skipped
from client.ingest.formats import FormatName
from shared_model.listen import Listen

AT_S = 1_700_000_000
SONG = {"title": "Minnelied", "artist": "Johannes Brahms", "album": "Lieder", "id": "x"}
NAME = "Streaming_History_Audio_2023_0.json"


@pytest.fixture
def read(parse):
    return lambda *entries, name=NAME: parse(json.dumps(entries).encode(), name, FormatName.SPOTIFY)


def test_a_play_starts_as_long_before_its_stamp_as_was_heard(read):
    [listen] = read(extended(AT_S, SONG, 200_000, False))
    assert listen == Listen(
        started_at_s=AT_S,
        artist="Johannes Brahms",
        title="Minnelied",
        album="Lieder",
        played_ms=200_000,
        skipped=False,
    )


def test_a_time_without_a_zone_is_utc(read):
    [listen] = read(extended(AT_S, SONG, 200_000, False, ts="2023-11-14 22:16:40"))
    assert listen.started_at_s == AT_S


def test_incognito_plays_podcasts_audiobooks_and_videos_are_never_imported(read):
    assert read(extended(AT_S, SONG, 200_000, False, incognito_mode=True)) == [Skipped(Reason.INCOGNITO)]
    assert read(extended(AT_S, None, 1, None, episode_name="E")) == [Skipped(Reason.PODCAST)]
    assert read(extended(AT_S, None, 1, None, spotify_episode_uri="e")) == [Skipped(Reason.PODCAST)]
    assert read(extended(AT_S, None, 1, None, audiobook_title="B")) == [Skipped(Reason.AUDIOBOOK)]
    video = read(extended(AT_S, SONG, 200_000, False), name="Streaming_History_Video_2023.json")
    assert video == [Skipped(Reason.VIDEO)]


@pytest.mark.parametrize(
    ("said", "ended_by", "heard_ms", "skipped"),
    [
        (True, "fwdbtn", 3_000, True),
        (True, "endplay", 300_000, True),
        (None, "fwdbtn", 3_000, True),
        (False, "fwdbtn", 3_000, True),
        (True, "fwdbtn", 0, True),
        (None, "fwdbtn", 250_000, None),  # four minutes count as a listen
        (None, "trackdone", 150_000, False),
        (None, "endplay", 60_000, None),
        (False, "endplay", 60_000, False),
    ],
)
def test_skips_are_kept_as_skips(read, said, ended_by, heard_ms, skipped):
    [listen] = read(extended(AT_S, SONG, heard_ms, said, reason_end=ended_by))
    assert listen.skipped is skipped
    assert listen.played_ms == heard_ms


def test_nothing_heard_and_nothing_skipped_is_no_play(read):
    assert read(extended(AT_S, SONG, 0, False, reason_end="unknown")) == [Skipped(Reason.NOT_PLAYED)]
    assert read(extended(AT_S, None, 30_000, None)) == [Skipped(Reason.NO_TRACK)]


@pytest.mark.parametrize("stamp", [AT_S, AT_S * 1000 + 330])
def test_a_play_heard_offline_says_itself_when_it_began_in_seconds_or_milliseconds(read, stamp):
    [listen] = read(extended(AT_S + 7_000, SONG, 200_000, False, offline=True, offline_timestamp=stamp))
    assert listen.started_at_s == AT_S


@pytest.mark.parametrize("stamp", [0, 1, AT_S + 90_000, None])
def test_an_offline_stamp_that_cannot_be_is_not_believed(read, stamp):
    [listen] = read(extended(AT_S, SONG, 200_000, False, offline=True, offline_timestamp=stamp))
    assert listen.started_at_s == AT_S


def test_the_older_endsong_files_are_read(read):
    [listen] = read(endsong(AT_S, SONG, 10_000, True), name="endsong_3.json")
    assert (listen.started_at_s, listen.skipped, listen.title) == (AT_S, True, "Minnelied")


def test_the_same_uri_played_as_long_at_the_same_time_is_a_duplicate_under_another_name(read):
    renamed = SONG | {"title": "Minnelied (Remastered)"}
    first, again, later, longer = read(
        extended(AT_S, SONG, 200_000, False),
        extended(AT_S + 25, renamed, 200_000, False),
        extended(AT_S + 300, renamed, 200_000, False),
        extended(AT_S + 25, renamed, 201_000, False),
    )
    assert again == Duplicate()
    assert {type(first), type(later), type(longer)} == {Listen}


def test_an_album_key_that_is_not_there_is_no_album(read):
    entry = extended(AT_S, SONG, 200_000, False)
    del entry["master_metadata_album_album_name"]
    assert read(entry)[0].album is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ts": None}, "has no 'ts'"),
        ({"ts": "yesterday"}, "has no time in 'ts'"),
        ({"ts": 1_700_000_000}, "has no text in 'ts'"),
        ({"ts": "1999-01-01T00:00:00Z"}, "is no listen: its time lies before October 2002 or is no time in seconds"),
        ({"ms_played": None}, "has no 'ms_played', or one of more than 24 days"),
        ({"ms_played": -1}, "has no length in 'ms_played'"),
        ({"ms_played": True}, "has no length in 'ms_played'"),
        ({"ms_played": 10**400}, "has no 'ms_played', or one of more than 24 days"),
        ({"master_metadata_track_name": 7}, "has no text in 'master_metadata_track_name'"),
        ({"master_metadata_track_name": "\ud800"}, "has text that is not UTF-8 in 'master_metadata_track_name'"),
        ({"master_metadata_track_name": "a\0b"}, "has a NUL in 'master_metadata_track_name'"),
        ({"master_metadata_album_artist_name": None}, "is no listen: it has no artist or no title"),
        ({"master_metadata_track_name": "x" * 1001}, "is no listen: a name has more than 1000 characters"),
        ({"offline": True, "offline_timestamp": "soon"}, "has no time in 'offline_timestamp'"),
    ],
)
def test_a_bad_entry_costs_only_itself_and_is_named_by_place_alone(read, change, why):
    good = extended(AT_S, SONG, 200_000, False)
    found = read(good, good | change, extended(AT_S + 900, SONG, 200_000, False))
    assert found[1] == Malformed(f"entry 2 of {NAME}", why)
    assert [type(entry) for entry in found] == [Listen, Malformed, Listen]
