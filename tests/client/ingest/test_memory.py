import json
import resource
import tracemalloc

from write_fixtures import endsong, songs

MIB = 2**20


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
