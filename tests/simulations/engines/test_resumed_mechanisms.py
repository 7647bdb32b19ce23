"""A run that is stopped and goes on from its checkpoint releases the same bytes, whatever the mechanism."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from server.round import RoundState
from shared_model.privacy.plan import Clipping, Mechanism
from shared_model.privacy.spent import Relation, Sampling, Trust
from simulations.engines.federation import Federation, train
from simulations.engines.in_process import run_in_process
from simulations.engines.participation import taken_part_after

VISIBLE: dict[str, Any] = {"sampling": Sampling.NONE, "rounds": 6, "max_participations": 3}
MECHANISMS: dict[str, dict[str, Any]] = {
    "adaptive clipping": {"clipping": Clipping.ADAPTIVE, "rounds": 5, "max_participations": 4},
    "matrix factorisation": VISIBLE | {"mechanism": Mechanism.MATRIX_FACTORISATION, "bands": 2, "cohort": 5},
    "local trust": VISIBLE | {"trust": Trust.LOCAL, "relation": Relation.REPLACE_ONE},
}


class Killed(Exception):
    pass


@pytest.mark.parametrize("changes", MECHANISMS.values(), ids=MECHANISMS)
@pytest.mark.parametrize("after", [1, 4])
def test_a_killed_run_goes_on_to_the_same_bytes_lines_17_to_19(
    tiny_federation: Federation, tmp_path: Path, changes: dict[str, Any], after: int
) -> None:
    federation = replace(tiny_federation, plan=replace(tiny_federation.plan, **changes))

    def until(stop: int | None, folder: Path) -> RoundState:
        def progress(number: int) -> None:
            if number == stop:
                raise Killed

        return train(
            federation, engine=run_in_process, folder=folder, every=10, evaluated=lambda _: None, progress=progress
        )

    whole = until(None, tmp_path / "whole")
    with pytest.raises(Killed):
        until(after, tmp_path / "killed")
    resumed = until(None, tmp_path / "killed")
    assert torch.equal(resumed.vector, whole.vector)
    assert resumed.clip_norm == whole.clip_norm
    assert resumed.records == whole.records


def test_line_19_no_simulated_device_takes_part_twice_within_the_bands(tiny_federation: Federation) -> None:
    changes = MECHANISMS["matrix factorisation"] | {"bands": 3, "cohort": 4, "rounds": 9, "max_participations": 9}
    federation = replace(tiny_federation, plan=replace(tiny_federation.plan, **changes))
    before = taken_part_after(federation, rounds=0)
    assert (before.latest < 0).all()
    declined = 0
    for number in range(1, 10):
        after = taken_part_after(federation, rounds=number)
        took = np.flatnonzero(after.times > before.times)
        assert (number - before.latest[took] >= 3).all()
        declined += 4 - len(took)
        before = after
    assert declined > 0
    assert before.times.max() <= federation.plan.participation_limit == 3
