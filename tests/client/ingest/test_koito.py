import json

import pytest

from client.ingest.entry import Malformed
from client.ingest.formats import FormatName
from shared_model.listen import Listen

MBID = "8a2b1c3d-0000-4000-8000-00000000abcd"


def aliases(*names: str, primary: int = 0) -> list[dict]:
    return [{"id": 1, "alias": name, "source": "s", "is_primary": place == primary} for place, name in enumerate(names)]


def artist(*names: str, is_primary: bool = True) -> dict:
    return {"image_url": "", "mbid": None, "is_primary": is_primary, "aliases": aliases(*names)}


LISTEN = {
    "listened_at": "2023-11-14T22:13:20Z",
    "client": "",
    "track": {"mbid": MBID, "duration": 203, "aliases": aliases("Er ist's")},
    "album": {"image_url": "", "mbid": None, "aliases": aliases("Lieder")},
    "artists": [artist("Hugo Wolf")],
}
PLAY = Listen(
    started_at_s=1_700_000_000,
    artist="Hugo Wolf",
    title="Er ist's",
    album="Lieder",
    recording_mbid=MBID,
    duration_ms=203_000,
)


def read(parse, *listens: object) -> list:
    content = {"version": "1", "exported_at": "2025-01-01T00:00:00Z", "user": "me", "listens": listens}
    return parse(json.dumps(content).encode(), "koito_export.json", FormatName.AUTO)


@pytest.mark.parametrize(
    "time",
    ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.999999999Z", "2023-11-14T17:13:20-05:00", "2023-11-14T22:13:20"],
)
def test_listened_at_is_the_start_in_whatever_zone_it_is_told(parse, time):
    assert read(parse, LISTEN | {"listened_at": time}) == [PLAY]


def test_the_primary_alias_is_the_name_wherever_it_stands(parse):
    track = LISTEN["track"] | {"aliases": aliases("Another", "Er ist's", primary=1)}
    assert read(parse, LISTEN | {"track": track}) == [PLAY]
    none_primary = LISTEN["track"] | {"aliases": aliases("Er ist's", "Another", primary=9)}
    assert read(parse, LISTEN | {"track": none_primary}) == [PLAY]


@pytest.mark.parametrize(
    ("artists", "named"),
    [
        ([artist("A guest", is_primary=False), artist("Hugo Wolf")], "Hugo Wolf"),
        ([artist("Hugo Wolf"), artist("Clara Wieck")], "Hugo Wolf, Clara Wieck"),
        ([artist("Hugo Wolf", is_primary=False), artist("Clara Wieck", is_primary=False)], "Hugo Wolf, Clara Wieck"),
    ],
)
def test_primary_artists_are_named_or_all_where_none_is(parse, artists, named):
    [found] = read(parse, LISTEN | {"artists": artists})
    assert found.artist == named


def test_what_is_unknown_is_left_out(parse):
    bare = LISTEN | {"track": {"mbid": None, "duration": 0, "aliases": aliases("Er ist's")}, "album": {"aliases": None}}
    assert read(parse, bare) == [Listen(started_at_s=1_700_000_000, artist="Hugo Wolf", title="Er ist's")]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"listened_at": None}, "has no 'listened_at'"),
        ({"listened_at": 1_700_000_000}, "has no text in 'listened_at'"),
        ({"listened_at": "yesterday"}, "has no time in 'listened_at'"),
        ({"track": None}, "has no 'aliases' of a track"),
        ({"artists": [{"aliases": []}]}, "has no 'aliases' of an artist"),
        ({"artists": "Hugo Wolf"}, "has no 'aliases' of an artist"),
    ],
)
def test_a_bad_listen_costs_only_itself(parse, change, why):
    assert read(parse, LISTEN, LISTEN | change, LISTEN) == [PLAY, Malformed("entry 2 of koito_export.json", why), PLAY]
