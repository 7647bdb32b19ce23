import json
from contextlib import contextmanager

from simulations.benchmark.measure import Measured
from simulations.benchmark.secagg.cost import cost_of_secure_rounds


def test_a_small_cohort_is_measured_on_both_sides_and_its_sums_are_right():
    seen = []

    @contextmanager
    def watched(_name):
        yield seen.append

    rows = tuple(cost_of_secure_rounds(watched, cohorts=(10,), sizes=(400,)))
    assert [(row.devices, row.size, row.lost) for row in rows] == [(10, 400, 0), (10, 400, 1)]
    assert seen == [0.5, 1.0]
    for row in rows:
        # the masked vector, nine sealed pairs of shares each way and nine introductions, at the least
        assert row.ours.device_bytes > 3 * 400 + 18 * 82 + 9 * 245
        assert min(row.ours.device_ms, row.ours.server_s, *row.flowers) > 0
    found = Measured(secagg=rows)
    assert len(found.lines()) == 2
    assert json.loads(json.dumps(found.as_json()))["secagg"][1]["lost"] == 1
