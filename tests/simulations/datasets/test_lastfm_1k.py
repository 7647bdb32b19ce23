import logging
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared_model.errors import BadInput
from simulations.datasets.lastfm_1k import read_lastfm_1k

START_S = 1_241_478_000  # 2009-05-04T23:00:00Z


def line(
    listener: str, minute: int, *, title: str, mbid: str = "", artist: str = "Clara", artist_mbid: str = ""
) -> str:
    started_at = datetime.fromtimestamp(START_S + 60 * minute, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "\t".join([listener, started_at, artist_mbid, artist, mbid, title])


def written(folder: Path, lines: list[str]) -> Path:
    file = folder / "userid-timestamp-artid-artname-traid-traname.tsv"
    file.write_bytes("".join(f"{one}\n" for one in lines).encode())
    return file


def alternating(listener: str, plays: int) -> list[str]:
    """Newest first: the oldest play is Song 0 at minute 0."""
    return [line(listener, minute, title=f"Song {minute % 2}") for minute in reversed(range(plays))]


def played(file: Path) -> list[str]:
    """The track ids of the only listener's plays."""
    catalogue, (history,) = read_lastfm_1k(file, name="log", last=None)
    return [catalogue.track_ids[track] for track in history.tracks]


@pytest.fixture
def in_new_york(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


def test_plays_come_out_oldest_first_with_their_start_in_utc(tmp_path, in_new_york):
    catalogue, (history,) = read_lastfm_1k(written(tmp_path, alternating("user_000001", 40)), name="log", last=None)
    assert history.listener == "user_000001"
    assert [catalogue.track_ids[track] for track in history.tracks[:3]] == [
        "clara\tsong 0",
        "clara\tsong 1",
        "clara\tsong 0",
    ]
    assert history.started_at_s.tolist() == [START_S + 60 * minute for minute in range(40)]


def test_a_file_in_another_order_gives_the_same_history(tmp_path):
    lines = alternating("user_000001", 40)
    assert played(written(tmp_path, lines)) == played(written(tmp_path, lines[::-1]))


def test_of_plays_with_one_stamp_the_lower_line_came_first(tmp_path):
    lines = [line("user_000001", minute // 2, title=f"Song {minute % 2}") for minute in reversed(range(40))]
    assert played(written(tmp_path, lines)) == ["clara\tsong 0", "clara\tsong 1"] * 20


def test_a_track_is_its_mbid_or_else_artist_and_title_without_case(tmp_path):
    spellings = [
        line("u", 0, title="Nacht", mbid="mbid-1", artist_mbid="artist-1"),
        line("u", 1, title="Straße"),
        line("u", 2, title="Night", mbid="mbid-1", artist_mbid="artist-1"),
        line("u", 3, title="STRASSE", artist="CLARA"),
    ]
    lines = [one.replace("T23:0", f"T{hour:02}:0") for hour in range(23, 13, -1) for one in reversed(spellings)]
    catalogue, (history,) = read_lastfm_1k(written(tmp_path, lines), name="log", last=None)
    assert catalogue.track_ids == ("mbid-1", "clara\tstrasse")
    assert catalogue.artist.tolist() == [0, 1]
    assert catalogue.album.tolist() == [-1, -1]
    assert history.tracks.tolist() == [0, 1] * 20


@pytest.mark.parametrize(("plays", "last", "kept"), [(200, 300, 40), (200, 33, 33), (2_000, 300, 300), (45, None, 45)])
def test_the_newest_fifth_is_kept_and_no_more_than_asked(tmp_path, plays, last, kept):
    _, (history,) = read_lastfm_1k(written(tmp_path, alternating("u", plays)), name="log", last=last)
    assert len(history) == kept
    assert history.started_at_s[-1] == START_S + 60 * (plays - 1)


def test_broken_lines_are_skipped_and_counted(tmp_path, caplog):
    whole = alternating("u", 30)
    broken = [
        "u\t2009-05-04T23:08:57Z\t\tClara",
        "u\tyesterday Z\t\tClara\t\tSong 0",
        "u\t2009-05-04T23:08:57\t\tClara\t\tSong 0",
        "\t2009-05-04T23:08:57Z\t\tClara\t\tSong 0",
        "u\t2009-05-04T23:08:57Z\t\tClara\t\t",
        "",
    ]
    with caplog.at_level(logging.WARNING):
        _, (history,) = read_lastfm_1k(written(tmp_path, whole[:10] + broken + whole[10:]), name="log", last=None)
    assert len(history) == 30
    (record,) = caplog.records
    assert record.getMessage() == "lastfm_1k.lines_skipped skipped=6 first_line=11 lines=36"


def test_a_whole_file_logs_nothing(tmp_path, caplog):
    read_lastfm_1k(written(tmp_path, alternating("u", 30)), name="log", last=None)
    assert not caplog.records


def test_a_title_may_hold_tabs_carriage_returns_and_broken_bytes(tmp_path):
    file = tmp_path / "plays.tsv"
    odd = [b"u\t2009-05-04T23:%02d:00Z\t\tA\t\tone\ttwo\rthree \xff" % minute for minute in range(0, 40, 2)]
    even = [b"u\t2009-05-04T23:%02d:00Z\t\tA\t\tplain" % minute for minute in range(1, 40, 2)]
    file.write_bytes(b"\n".join([*even, *odd]))
    catalogue, (history,) = read_lastfm_1k(file, name="log", last=None)
    assert sorted(catalogue.track_ids) == ["a\tone\ttwo\rthree \N{REPLACEMENT CHARACTER}", "a\tplain"]
    assert len(history) == 40


def test_a_file_of_something_else_is_refused(tmp_path):
    file = written(tmp_path, ["listener\ttracks"] + ["a\t1 2 3"] * 200)
    with pytest.raises(BadInput, match=r"101 of the first 101 lines are not plays \(first: line 1\); give the file"):
        read_lastfm_1k(file, name="log")


def test_lines_of_a_listener_that_do_not_stand_together_are_refused(tmp_path):
    lines = alternating("u", 30)
    file = written(tmp_path, [*lines[:15], *alternating("v", 30), *lines[15:]])
    with pytest.raises(BadInput, match="do not stand together; sort the file by listener"):
        read_lastfm_1k(file, name="log")


@pytest.mark.parametrize("name", ["absent.tsv", ""])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(BadInput, match="cannot be read"):
        read_lastfm_1k(tmp_path / name, name="log")


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no listener has 30 plays"):
        read_lastfm_1k(written(tmp_path, []), name="log")
