"""The formats that can be imported. A new one is a file like those imported here, and a line in KINDS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from client.ingest import (
    koito,
    lastfm_csv,
    lastfm_json,
    listenbrainz,
    maloja,
    pano,
    research,
    scrobbler_log,
    spotify_basic,
    spotify_extended,
)
from client.ingest.entry import Entry
from client.ingest.export_file import ExportFile


class FormatName(StrEnum):
    """What the command line calls them; `auto` finds out."""

    SPOTIFY = "spotify"
    LISTENBRAINZ = "listenbrainz"
    LASTFM = "lastfm"
    MALOJA = "maloja"
    KOITO = "koito"
    SCROBBLER_LOG = "scrobbler-log"
    PANO = "pano"
    RESEARCH = "research"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file of a format. parse: yields, and never raises for anything that a file may hold."""

    name: FormatName
    recognises: Callable[[ExportFile], bool]
    parse: Callable[[ExportFile], Iterator[Entry]]


KINDS = (
    Kind(FormatName.SPOTIFY, spotify_extended.recognises, spotify_extended.parse),
    Kind(FormatName.SPOTIFY, spotify_basic.recognises, spotify_basic.parse),
    Kind(FormatName.KOITO, koito.recognises, koito.parse),  # before what has `listened_at`, too
    Kind(FormatName.LISTENBRAINZ, listenbrainz.recognises, listenbrainz.parse),
    Kind(FormatName.LASTFM, lastfm_json.recognises, lastfm_json.parse),
    Kind(FormatName.LASTFM, lastfm_csv.recognises, lastfm_csv.parse),
    Kind(FormatName.MALOJA, maloja.recognises, maloja.parse),
    Kind(FormatName.SCROBBLER_LOG, scrobbler_log.recognises, scrobbler_log.parse),
    Kind(FormatName.PANO, pano.recognises, pano.parse),
    Kind(FormatName.RESEARCH, research.recognises, research.parse),
)


def kind_of(file: ExportFile, name: FormatName) -> Kind | None:
    """The first kind of the format that knows the file."""
    return next((kind for kind in KINDS if name in (kind.name, FormatName.AUTO) and kind.recognises(file)), None)
