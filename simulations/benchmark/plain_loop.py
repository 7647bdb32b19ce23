"""What most people write first: one listener after the other with a module and torch.optim, and no privacy."""

import copy

import torch
from torch import Tensor

from shared_model.training.examples import take
from shared_model.training.local_update import loss, take_strided
from simulations.benchmark.workload import Workload


def plain_loop(work: Workload) -> Tensor:
    """The mean of the listeners' updates, (d,), neither clipped nor noised."""
    model, examples, training = work.model, work.examples, work.training
    received = copy.deepcopy(model.head.state_dict())
    start, total = model.vector(), torch.zeros(model.layout.size)
    parameters: dict[str, Tensor] = dict(model.head.named_parameters())
    steps = -(-examples.weight.shape[1] // training.batch_size)
    for listener in range(len(examples.weight)):
        model.head.load_state_dict(received)
        optimiser = torch.optim.SGD(parameters.values(), lr=training.learning_rate)
        own = take(examples, slice(listener, listener + 1))
        batches = [take(take_strided(own, step, steps), torch.tensor(0)) for step in range(steps)]
        for step in range(training.epochs * steps):
            optimiser.zero_grad()
            loss(model, parameters, batches[step % steps]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        total += model.vector() - start
    model.head.load_state_dict(received)
    return total / len(examples.weight)
