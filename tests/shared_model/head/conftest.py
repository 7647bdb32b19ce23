import pytest
import torch

from shared_model.head.batch import Batch
from shared_model.memory.channels import CHANNELS
from shared_model.training.examples import Examples


@pytest.fixture(scope="session")
def batch(examples: Examples) -> Batch:
    """20 moments of several listeners over the whole catalogue of 50: few and many listens, answers and none."""
    rows = examples.weight.bool()
    some = {name: field[rows][::2][:20] for name, field in examples.batch._asdict().items()}
    evidence = torch.rand(20, len(CHANNELS), 50, generator=torch.Generator().manual_seed(0))
    return Batch(**some | {"candidates": torch.arange(50).expand(20, 50), "evidence": evidence})
