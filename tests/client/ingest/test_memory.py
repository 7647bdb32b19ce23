import json
import resource
import tracemalloc

import pytest
from write_fixtures import endsong, koito, maloja, songs, utc

MIB = 2**20
SCROBBLE, LISTEN = maloja()["scrobbles"][0], koito()["listens"][0]


def test_a_file_of_fifty_megabytes_is_imported_in_the_memory_of_a_batch(run, tmp_path, fixtures):
    listed = songs()
    with (tmp_path / "endsong_0.json").open("w") as file:
        file.write("[")
        for place in range(20_000):
            entry = endsong(1_500_000_000 + 200 * place, listed[place % 60], 150_000, False) | {
                "user_agent_decrypted": "x" * 2_000
            }
            file.write(("," if place else "") + json.dumps(entry))
        file.write("]")
    assert (tmp_path / "endsong_0.json").stat().st_size > 50 * MIB
    run(fixtures / "spotify/endsong_0.json", dry_run=True)  # whatever is only needed once
    resident_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        counts = run(tmp_path, batch=2_000).counts
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts.imported == 20_000
    assert peak_bytes < 12 * MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident_kib < 30 * 1024


def maloja_entry(place: int) -> str:
    return json.dumps(SCROBBLE | {"time": 1_500_000_000 + 200 * place, "origin": "x" * 1_000})


def koito_entry(place: int) -> str:
    at = utc(1_500_000_000 + 200 * place)
    return json.dumps(LISTEN | {"listened_at": at, "client": "x" * 1_000})


def pano_entry(place: int) -> str:
    at_ms = 1000 * (1_500_000_000 + 200 * place)
    return json.dumps(
        {"timeMs": at_ms, "artist": "a", "track": "t", "event": "scrobble", "mediaPlayerName": "x" * 1_000}
    )


def log_entry(place: int) -> str:
    return f"a\t{'x' * 900}\tt\t1\t200\tL\t{1_500_000_000 + 200 * place}\t"


@pytest.mark.parametrize(
    ("begin", "entry", "between", "end"),
    [
        ('{"scrobbles": [', maloja_entry, ",", "]}"),
        ('{"version": "1", "listens": [', koito_entry, ",", "]}"),
        ("", pano_entry, "\n", "\n"),
        ("#AUDIOSCROBBLER/1.1\n#TZ/UTC\n", log_entry, "\n", "\n"),
    ],
    ids=["maloja", "koito", "pano", "scrobbler-log"],
)
def test_other_formats_are_streamed_as_well(run, tmp_path, begin, entry, between, end):
    with (tmp_path / "export").open("w") as file:
        file.write(begin)
        for place in range(10_000):
            file.write((between if place else "") + entry(place))
        file.write(end)
    assert (tmp_path / "export").stat().st_size > 9_000_000
    tracemalloc.start()
    try:
        counts = run(tmp_path, batch=1_000, dry_run=True).counts
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts.imported == 10_000
    assert peak_bytes < 6 * MIB
