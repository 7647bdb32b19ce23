from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from simulations.report.result_schema import parse_result
from simulations.report.scalars import write_scalars


def read(folder: Path) -> dict[str, dict[int, float]]:
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    return {tag: {event.step: event.value for event in accumulator.Scalars(tag)} for tag in tags}


def test_tensorboard_reads_the_curve(content: dict[str, Any], tmp_path: Path) -> None:
    write_scalars(parse_result(content, source="x"), tmp_path / "scalars")
    scalars = read(tmp_path / "scalars")
    assert all(tag.startswith("simulated/") for tag in scalars)
    quality = scalars["simulated/quality/hr_at_10/federated_private"]
    assert list(quality) == list(range(0, 41, 4))
    for step, value in quality.items():
        assert value == pytest.approx(content["curve"][step]["federated_private"]["hr_at_10"], rel=1e-6)
    assert scalars["simulated/privacy/epsilon_pld"][40] == pytest.approx(content["curve"][40]["epsilon_pld"], rel=1e-6)
    assert 0 not in scalars["simulated/rounds/bytes_up"]


def test_real_listeners_have_plain_tags(content: dict[str, Any], tmp_path: Path) -> None:
    content["simulated"] = False
    write_scalars(parse_result(content, source="x"), tmp_path)
    assert "rounds/cohort" in read(tmp_path)


def test_writing_again_replaces_the_same_bytes(content: dict[str, Any], tmp_path: Path) -> None:
    result = parse_result(content, source="x")
    first = write_scalars(result, tmp_path).read_bytes()
    assert write_scalars(result, tmp_path).read_bytes() == first
    assert len(list(tmp_path.iterdir())) == 1
