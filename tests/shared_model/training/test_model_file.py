from pathlib import Path

import pytest
import torch

from shared_model.errors import BadInput
from shared_model.training.examples import Examples
from shared_model.training.local_update import Model, loss
from shared_model.training.model_file import load_model, save_model


@pytest.mark.parametrize("name", ["plain", "dense", "no modalities", "adapter"])
def test_a_model_reads_back_with_the_same_vector_and_the_same_loss(
    models: dict[str, Model], examples: Examples, tmp_path: Path, name: str
) -> None:
    model = models[name]
    save_model(model, tmp_path / "model.safetensors")
    read = load_model(tmp_path / "model.safetensors")
    assert read.head.shape == model.head.shape
    assert read.layout == model.layout
    assert torch.equal(read.vector(), model.vector())
    one = Examples(
        batch=type(examples.batch)(*(field[0] for field in examples.batch)),
        weight=examples.weight[0],
    )
    assert torch.equal(loss(read, {}, one), loss(model, {}, one))


def test_a_truncated_or_missing_model_is_refused_with_a_sentence(models: dict[str, Model], tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(BadInput, match="cannot be read"):
        load_model(path)
    save_model(models["adapter"], path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match="cannot be read"):
        load_model(path)
