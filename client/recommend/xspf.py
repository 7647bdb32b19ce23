"""A list of tracks as XSPF, version 1 (https://www.xspf.org/spec), which most players read."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from client.recommend.formats import CREATOR, RECORDING, Entry

NAMESPACE: Final = "http://xspf.org/ns/0/"


def xspf(entries: Sequence[Entry], *, now_s: int, title: str) -> str:
    """The document, with its declaration. Lengths are milliseconds; an annotation is the reason."""
    playlist = ET.Element("playlist", {"version": "1", "xmlns": NAMESPACE})
    _add(playlist, "title", title)
    _add(playlist, "creator", CREATOR)
    _add(playlist, "date", datetime.fromtimestamp(now_s, UTC).isoformat())
    tracks = ET.SubElement(playlist, "trackList")
    for entry in entries:
        _add_track(ET.SubElement(tracks, "track"), entry)
    ET.indent(playlist)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(playlist, encoding="unicode") + "\n"


def _add_track(track: ET.Element, entry: Entry) -> None:
    named = entry.named
    if entry.path:
        _add(track, "location", Path(entry.path).as_uri())
    if named.recording_mbid:
        _add(track, "identifier", RECORDING + named.recording_mbid)
    _add(track, "title", named.title)
    _add(track, "creator", named.artist)
    _add(track, "annotation", entry.words)
    if named.album:
        _add(track, "album", named.album)
    if named.duration_ms:
        _add(track, "duration", str(named.duration_ms))


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = "".join(character for character in text if _is_xml(character))


def _is_xml(character: str) -> bool:
    """Whether XML 1.0 has the character at all (section 2.2): tags may hold what it has not."""
    return (
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character > "\uffff"
    )
