import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.ingest.entry import Malformed
from client.ingest.export import opened_export
from client.ingest.formats import FormatName
from client.ingest.scrobbler_log import parse as parse_file
from shared_model.listen import Listen

MBID = "8a2b1c3d-0000-4000-8000-00000000abcd"
LINE = f"Hugo Wolf\tLieder\tEr ist's\t3\t203\tL\t1700000000\t{MBID}"
BERLIN = ZoneInfo("Europe/Berlin")


def play(**facts: object) -> Listen:
    known = {"album": "Lieder", "recording_mbid": MBID, "duration_ms": 203_000, "skipped": False}
    return Listen(**{"started_at_s": 1_700_000_000, "artist": "Hugo Wolf", "title": "Er ist's"} | known | facts)


def log(*lines: str, zone: str = "UNKNOWN") -> bytes:
    return "\r\n".join(["#AUDIOSCROBBLER/1.1", f"#TZ/{zone}", "#CLIENT/Rockbox", *lines, ""]).encode()


def read(parse, *lines: str, zone: str = "UTC") -> list:
    return parse(log(*lines, zone=zone), ".scrobbler.log", FormatName.AUTO)


def test_the_stamp_is_the_start_and_a_skip_stays_one(parse):
    assert read(parse, LINE, LINE.replace("\tL\t", "\tS\t")) == [play(), play(skipped=True)]


def test_album_length_and_mbid_may_be_missing(parse):
    bare = play(album=None, duration_ms=None, recording_mbid=None)
    assert read(parse, "Hugo Wolf\t\tEr ist's\t\t\tL\t1700000000") == [bare]
    assert read(parse, "Hugo Wolf\t\tEr ist's\t\t0\tL\t1700000000\tnone") == [bare]


def test_comments_in_the_middle_are_passed_over(parse):
    assert read(parse, LINE, "# FAILED x\ty", LINE) == [play(), play()]


@pytest.fixture
def starts(tmp_path):
    """When the plays of a log began, the player's clock having stood in a zone."""

    def started(content: bytes, **zone: ZoneInfo) -> list[int]:
        (tmp_path / ".scrobbler.log").write_bytes(content)
        with opened_export(tmp_path, **zone) as [file]:
            return [entry.started_at_s for entry in parse_file(file)]

    return started


def test_an_unknown_zone_is_utc_until_its_owner_says_another(starts):
    assert starts(log(LINE)) == [1_700_000_000]
    assert starts(log(LINE), zone=BERLIN) == [1_700_000_000 - 3600]
    assert starts(log(LINE.replace("1700000000", "1689000000")), zone=BERLIN) == [1_689_000_000 - 7200]  # in summer


def test_what_says_utc_is_utc_whatever_its_owner_says(starts):
    assert starts(log(LINE, zone="UTC"), zone=BERLIN) == [1_700_000_000]


@pytest.mark.parametrize("zone", ["UNKNOWN", "UTC"])
def test_the_zone_of_this_device_is_never_asked(starts, monkeypatch, zone):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert starts(log(LINE, zone=zone)) == [1_700_000_000]
    finally:
        monkeypatch.undo()
        time.tzset()


@given(
    st.integers(1_200_000_000, 1_900_000_000), st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
)
def test_the_hands_of_the_clock_at_the_start_are_those_that_were_written(stamp_s, name):
    """An oracle from the other end: what the clock showed then, written as the player writes it, is the stamp again."""
    from client.ingest.scrobbler_log import _started_at_s

    started_at_s = _started_at_s({"start": str(stamp_s)}, ZoneInfo(name))
    shown = datetime.fromtimestamp(started_at_s, ZoneInfo(name))
    again_s = int(shown.replace(tzinfo=ZoneInfo("UTC")).timestamp())
    assert again_s - stamp_s in (0, 3600)  # an hour that the clocks skipped in spring was never shown


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (LINE.replace("1700000000", "0"), "has no time, as of a player without a clock"),
        (LINE.replace("1700000000", "soon"), "has no time in 'start'"),
        (LINE.replace("\tL\t", "\tB\t"), "has neither L nor S as its rating"),
        (LINE.replace("Er ist's", ""), "has no 'title'"),
        ("Hugo Wolf\tLieder", "does not have 7 or 8 cells"),
        (LINE + "\tx", "does not have 7 or 8 cells"),
    ],
)
def test_a_bad_line_costs_only_itself(parse, line, why):
    assert read(parse, LINE, line, LINE) == [play(), Malformed("line 5 of .scrobbler.log", why), play()]
