import pytest
import torch
from safetensors.torch import save_file

from server import checkpoint
from server.round import RoundRecord, RoundState
from shared_model.errors import BadInput


def state(number):
    records = tuple(
        RoundRecord(
            round=at,
            invited=5,
            answered=4,
            declined=1,
            update_norm=None if at == 2 else 0.1 + at,
            noise_norm=None if at == 2 else 0.3,
            bytes_down=20,
            bytes_up=16,
        )
        for at in range(1, number + 1)
    )
    return RoundState(
        round=number,
        vector=torch.randn(7, generator=torch.Generator().manual_seed(number)),
        velocity=torch.randn(7, generator=torch.Generator().manual_seed(number), dtype=torch.float64) * 1e-12,
        records=records,
    )


def assert_same(one, other):
    assert (one.round, one.records) == (other.round, other.records)
    assert torch.equal(one.vector, other.vector)
    assert torch.equal(one.velocity, other.velocity)
    assert (one.vector.dtype, one.velocity.dtype) == (torch.float32, torch.float64)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_state_comes_back_bit_by_bit(number, tmp_path):
    checkpoint.save(state(number), tmp_path)
    assert_same(checkpoint.load(checkpoint.path(tmp_path, number)), state(number))


def test_the_latest_is_the_last_finished_round(tmp_path):
    assert checkpoint.latest(tmp_path) is None
    for number in (0, 2, 9, 10):
        checkpoint.save(state(number), tmp_path)
    assert checkpoint.latest(tmp_path).round == 10


def test_a_kill_while_writing_leaves_the_round_before(tmp_path, monkeypatch):
    checkpoint.save(state(1), tmp_path)

    def killed(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(state(2), tmp_path)
    assert_same(checkpoint.latest(tmp_path), state(1))
    assert [file.name for file in tmp_path.iterdir()] == [checkpoint.path(tmp_path, 1).name]


def test_a_file_that_a_kill_9_left_half_written_is_not_taken_for_a_round(tmp_path):
    checkpoint.save(state(1), tmp_path)
    (tmp_path / ".round-00002.safetensors.x8s_2").write_bytes(b"half")
    assert checkpoint.latest(tmp_path).round == 1


def test_a_state_stays_readable_when_its_file_is_removed(tmp_path):
    checkpoint.save(state(1), tmp_path)
    loaded = checkpoint.load(checkpoint.path(tmp_path, 1))
    checkpoint.path(tmp_path, 1).unlink()
    assert_same(loaded, state(1))


@pytest.mark.parametrize("kept", [0, 7, 100, -1])
def test_a_truncated_file_is_bad_input(kept, tmp_path):
    checkpoint.save(state(3), tmp_path)
    file = checkpoint.path(tmp_path, 3)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(BadInput, match=r"round-00003\.safetensors cannot be read .* remove it"):
        checkpoint.latest(tmp_path)


def test_a_missing_or_foreign_file_is_bad_input(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        checkpoint.load(tmp_path / "none.safetensors")
    for metadata in (None, {"round": "x", "records": "[]"}, {"round": "1", "records": '[{"round": 1}]'}):
        save_file({"vector": torch.zeros(2), "velocity": torch.zeros(2)}, tmp_path / "other", metadata=metadata)
        with pytest.raises(BadInput, match="cannot be read"):
            checkpoint.load(tmp_path / "other")
    save_file({"vector": torch.zeros(2)}, tmp_path / "other", metadata={"round": "1", "records": "[]"})
    with pytest.raises(BadInput, match="cannot be read"):
        checkpoint.load(tmp_path / "other")
