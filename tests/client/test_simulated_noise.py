from pathlib import Path

import pytest

from client.simulated_noise import simulated_noise, simulated_share_streams, write_simulated_noise
from shared_model.errors import BadInput
from shared_model.privacy.randomness import REPRODUCIBLE


def test_each_device_has_a_stream_of_its_own_in_each_round_and_it_says_that_it_is_reproducible(tmp_path: Path) -> None:
    write_simulated_noise(tmp_path, seed=2**62)
    streams = [(device, number) for device in range(3) for number in range(1, 3)]
    drawn = {simulated_noise(tmp_path, device=device, round_number=number).draw(16) for device, number in streams}
    assert len(drawn) == 6
    assert simulated_noise(tmp_path, device=0, round_number=1).label == REPRODUCIBLE
    assert simulated_noise(tmp_path, device=0, round_number=1).draw(16) in drawn


def test_with_distributed_trust_each_purpose_has_a_stream_of_its_own_too(tmp_path: Path) -> None:
    write_simulated_noise(tmp_path, seed=7)
    drawn = {simulated_noise(tmp_path, device=0, round_number=1).draw(16)}
    for device, number in ((0, 1), (0, 2), (1, 1)):
        streams = simulated_share_streams(tmp_path, device=device, round_number=number)
        for purpose in ("rounding 0", "rounding 1", "share of noise"):
            assert streams(purpose).label == REPRODUCIBLE
            drawn.add(streams(purpose).draw(16))
    assert len(drawn) == 10


@pytest.mark.parametrize("content", [None, "", "seed"])
def test_without_a_seed_nothing_is_drawn(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "devices-noise.seed").write_text(content)
    with pytest.raises(BadInput, match="start the run again"):
        simulated_noise(tmp_path, device=0, round_number=1)
    with pytest.raises(BadInput, match="start the run again"):
        simulated_share_streams(tmp_path, device=0, round_number=1)
