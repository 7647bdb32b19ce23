import json
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from client.recommend.formats import Entry, jspf, listenbrainz, m3u8, one_line
from client.recommend.own_tracks import Named
from client.recommend.past import Past
from client.recommend.reasons import Reason

MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
REASON = Reason(index=1, path="audio", shares={"audio": 0.7, "pairs": 0.3}, past=(Past(index=2, weight=1.0),), plays=4)
GRETCHEN = Entry(
    named=Named(artist="Schübert", title="Gretchen\nam #1", album="Lieder", recording_mbid=MBID, duration_ms=199_600),
    path="/home/me/Müsik und mehr/#1 100% 夜.flac",
    probability=0.25,
    words="its sound fits that of “Erl\nkönig”, which you played lately",
    reason=REASON,
    past=(Named(artist="Schubert", title="Erlkönig"),),
)
BARE = Entry(named=Named(artist="A", title="B"), path=None, probability=0.5, words="w", reason=None, past=())


def parsed(playlist: str) -> list[tuple[int, str, str]]:
    """Seconds, name and path of each, as players read them."""
    lines = playlist.splitlines()
    assert lines[0] == "#EXTM3U"
    found, described = [], None
    for line in lines[1:]:
        if line.startswith("#EXTINF:"):
            seconds, _, name = line.removeprefix("#EXTINF:").partition(",")
            described = (int(seconds), name)
        elif not line.startswith("#"):
            assert described is not None
            found.append((*described, line))
            described = None
    return found


def test_a_playlist_of_lines_is_read_back() -> None:
    assert parsed(m3u8([BARE, GRETCHEN], title="a\nb", explain=False)) == [
        (200, "Schübert - Gretchen am #1", "/home/me/Müsik und mehr/#1 100% 夜.flac")
    ]
    explained = m3u8([GRETCHEN], title="t", explain=True)
    assert "# its sound fits that of “Erl könig”, which you played lately\n" in explained
    assert len(parsed(explained)) == 1
    assert m3u8([], title="t", explain=True) == "#EXTM3U\n#PLAYLIST:t\n"


@given(st.text(min_size=1), st.text(min_size=1), st.text().filter(lambda text: "\0" not in text), st.booleans())
def test_no_name_breaks_a_playlist(artist: str, title: str, path: str, explain: bool) -> None:
    entry = Entry(
        named=Named(artist=artist, title=title),
        path=f"/{path}",
        probability=0,
        words=f"it is by the artist of “{title}”",
        reason=None,
        past=(),
    )
    lines = m3u8([entry], title=title, explain=explain).split("\n")
    assert len(lines) == (5 + explain if entry.is_playable else 3)
    if entry.is_playable:
        assert lines[-2] == f"/{path}"


def test_control_characters_reach_no_terminal() -> None:
    assert one_line("a\x1b[31m\tb\x00\x85\u2028c  d é") == "a [31m b c d é"


def test_jspf_has_the_documented_keys() -> None:
    found = json.loads(json.dumps(jspf([GRETCHEN, BARE], now_s=1_700_000_000, title="next")))
    assert set(found) == {"playlist"}
    playlist = found["playlist"]
    assert set(playlist) == {"title", "creator", "date", "extension", "track"}
    assert playlist["date"] == "2023-11-14T22:13:20+00:00"
    assert playlist["extension"] == {"https://musicbrainz.org/doc/jspf#playlist": {"public": False}}
    first, second = playlist["track"]
    assert first["identifier"] == [f"https://musicbrainz.org/recording/{UUID(MBID)}"]
    (location,) = first["location"]
    assert Path(unquote(urlsplit(location).path)) == Path(GRETCHEN.path)
    assert (first["title"], first["creator"], first["album"]) == ("Gretchen\nam #1", "Schübert", "Lieder")
    assert first["duration"] == 199_600
    assert first["annotation"] == GRETCHEN.words
    assert second == {"title": "B", "creator": "A", "annotation": "w"}


def test_listenbrainz_has_the_documented_keys() -> None:
    payload = listenbrainz([GRETCHEN, BARE], now_s=5, explain=False)["payload"]
    assert {key: payload[key] for key in ("last_updated", "type", "entity", "count", "total_mbid_count", "offset")} == {
        "last_updated": 5,
        "type": "next",
        "entity": "recording",
        "count": 2,
        "total_mbid_count": 1,
        "offset": 0,
    }
    assert [each["recording_mbid"] for each in payload["mbids"]] == [MBID, None]
    assert [each["score"] for each in payload["mbids"]] == [0.25, 0.5]
    assert "reason" not in payload["mbids"][0]


def test_listenbrainz_with_reasons() -> None:
    first, second = listenbrainz([GRETCHEN, BARE], now_s=5, explain=True)["payload"]["mbids"]
    assert first["reason"] == {
        "words": GRETCHEN.words,
        "path": "audio",
        "shares": {"audio": 0.7, "pairs": 0.3},
        "past": [{"artist_name": "Schubert", "track_name": "Erlkönig", "weight": 1.0}],
        "plays": 4,
    }
    assert second["reason"] == {"words": "w"}
