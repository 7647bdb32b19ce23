"""The document is parsed as XML and held against what the specification says of its elements."""

import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from client.recommend.formats import Entry
from client.recommend.own_tracks import Named
from client.recommend.xspf import NAMESPACE, xspf
from tests.client.recommend.test_formats import BARE, GRETCHEN, MBID

XSPF = "{http://xspf.org/ns/0/}"
# of https://www.xspf.org/spec: how often each may stand in a playlist (4.1.1) and in a track (4.1.1.2.14)
PLAYLIST = {"title", "creator", "annotation", "info", "location", "identifier", "image", "date", "license", "trackList"}
ONCE_IN_A_TRACK = {"title", "creator", "annotation", "info", "image", "album", "trackNum", "duration"}
MANY_IN_A_TRACK = {"location", "identifier", "link", "meta", "extension"}


def checked(document: str) -> ET.Element:
    """The root of a document that keeps the rules."""
    root = ET.fromstring(document.encode())  # noqa: S314 - our own
    assert (root.tag, root.attrib) == (f"{XSPF}playlist", {"version": "1"})
    names = [child.tag.removeprefix(XSPF) for child in root]
    assert set(names) <= PLAYLIST
    assert len(names) == len(set(names))
    assert names.count("trackList") == 1
    datetime.fromisoformat(root.findtext(f"{XSPF}date") or "")
    for track in root.find(f"{XSPF}trackList") or ():
        assert track.tag == f"{XSPF}track"
        names = [child.tag.removeprefix(XSPF) for child in track]
        assert set(names) <= ONCE_IN_A_TRACK | MANY_IN_A_TRACK
        assert all(names.count(name) <= 1 for name in ONCE_IN_A_TRACK)
        assert all(urlsplit(each.text or "").scheme for each in track.findall(f"{XSPF}location"))
        assert all((each.text or "").isdigit() for each in track.findall(f"{XSPF}duration"))
    return root


def test_the_namespace_is_the_specified_one() -> None:
    assert NAMESPACE == "http://xspf.org/ns/0/"


def test_what_is_known_of_a_track_is_read_back() -> None:
    root = checked(xspf([GRETCHEN, BARE], now_s=1_700_000_000, title="next & more"))
    assert root.findtext(f"{XSPF}title") == "next & more"
    assert root.findtext(f"{XSPF}date") == "2023-11-14T22:13:20+00:00"
    first, second = root.iter(f"{XSPF}track")
    assert Path(unquote(urlsplit(first.findtext(f"{XSPF}location") or "").path)) == Path(GRETCHEN.path or "")
    assert first.findtext(f"{XSPF}identifier") == f"https://musicbrainz.org/recording/{MBID}"
    assert first.findtext(f"{XSPF}title") == "Gretchen\nam #1"
    assert first.findtext(f"{XSPF}duration") == "199600"
    assert first.findtext(f"{XSPF}annotation") == GRETCHEN.words
    assert [child.tag.removeprefix(XSPF) for child in second] == ["title", "creator", "annotation"]


@given(st.text(min_size=1), st.text(min_size=1), st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_name_breaks_the_document(artist: str, title: str, words: str) -> None:
    entry = Entry(named=Named(artist=artist, title=title), path="/a", probability=0, words=words, reason=None, past=())
    (track,) = checked(xspf([entry], now_s=5, title=title)).iter(f"{XSPF}track")
    assert track.find(f"{XSPF}creator") is not None


def test_a_list_of_nothing_is_a_playlist() -> None:
    checked(xspf([], now_s=5, title="t"))
