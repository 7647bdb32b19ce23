"""Opacus on a device with an engine made anew in each round, as Flower's Opacus example does, and what it prints."""

import warnings
from dataclasses import dataclass

import torch
from opacus import PrivacyEngine
from torch.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTraining:
    """examples: of one device; one epoch of Poisson batches a round."""

    examples: int
    batch_size: int
    noise_multiplier: float
    delta: float

    @property
    def steps(self) -> int:
        """Of one round."""
        return -(-self.examples // self.batch_size)


def printed_epsilon(training: LocalTraining, *, rounds: int, keep_engine: bool) -> float:
    """Epsilon that Opacus, with its default accountant, gives after the last of `rounds`; the model is one number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that noise is not from the operating system
        engine = PrivacyEngine()
        for _ in range(rounds):
            engine = engine if keep_engine else PrivacyEngine()
            _train(training, engine)
        return float(engine.get_epsilon(training.delta))


def _train(training: LocalTraining, engine: PrivacyEngine) -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    model, optimizer, loader = engine.make_private(
        module=model,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        data_loader=DataLoader(TensorDataset(torch.ones(training.examples, 1)), batch_size=training.batch_size),
        noise_multiplier=training.noise_multiplier,
        max_grad_norm=1.0,
    )
    for (batch,) in loader:
        optimizer.zero_grad()
        model(batch).sum().backward()
        optimizer.step()
