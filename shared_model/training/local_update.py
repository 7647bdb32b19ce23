"""The local update: what each client of a cohort computes in one round, for many listeners side by side.

Plain SGD on the listener's own examples from the round's parameters (FedAvg, McMahan et al. 2017). Listeners are
vectorised by torch.func: the arithmetic of each is what it would be alone.
Letters: K listeners, E examples of each, d released numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call, grad, vmap

from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.parameters import ParameterLayout
from shared_model.privacy.adaptive_clipping import AdaptiveClipping, contributions
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.local_gaussian import LocalGaussian
from shared_model.privacy.mechanism import noised_update
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.randomness import Randomness
from shared_model.training.examples import Examples, take


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTraining:
    """learning_rate > 0; batch_size and epochs >= 1. All come from the round's plan, never from the device's data."""

    learning_rate: float
    batch_size: int
    epochs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A head, the frozen tables it reads, and which of its parameters take part in rounds."""

    head: AttentiveFusionHead
    tables: Tables
    layout: ParameterLayout

    def vector(self) -> Tensor:
        """The released parameters as they are now, (d,)."""
        return self.layout.vector(dict(self.head.named_parameters()))


def loss(model: Model, tensors: dict[str, Tensor], examples: Examples) -> Tensor:
    """Mean cross-entropy of the play that came among the candidates; 0 where no example has a weight.

    tensors: the released parameters by name; the head's others are used as they are.
    """
    logits = functional_call(model.head, tensors, (examples.batch, model.tables)).logits
    each = -F.log_softmax(logits, -1)[:, 0]
    return (each * examples.weight).sum() / examples.weight.sum().clamp(min=1)


@torch.no_grad()  # of the frozen parameters; torch.func differentiates by the released ones all the same
def local_updates(model: Model, start: Tensor, examples: Examples, training: LocalTraining) -> Tensor:
    """Trained minus received parameters, (K, d) float32, not yet clipped.

    start: (d,) the round's parameters; examples: (K, E, ...). Batches are strided through the history, so that each
    one holds old and new plays; nothing is shuffled, so that a client is a function of what it is given.
    """
    listeners, held = examples.weight.shape
    steps = -(-held // training.batch_size)
    gradient = vmap(grad(lambda tensors, batch: loss(model, tensors, batch)))
    current = start.expand(listeners, -1).clone()
    for step in range(training.epochs * steps):
        batch = take_strided(examples, step % steps, steps)
        gradients = gradient(model.layout.tensors(current), batch)
        flat = torch.cat([gradients[name].flatten(1) for name, _ in model.layout.shapes], 1)
        current = current - training.learning_rate * flat
    return current - start


def take_strided(examples: Examples, first: int, stride: int) -> Examples:
    """Every `stride`-th example of each listener, from `first` on; examples: (K, E, ...)."""
    return take(examples, (slice(None), slice(first, None, stride)))


def noised_updates(updates: Tensor, *, plan: PrivacyPlan, noises: Sequence[Randomness]) -> Tensor:
    """What leaves K devices that add all of their noise themselves, (K, d): local trust. noises: one for each."""
    mechanism = LocalGaussian.of(plan)
    rows = [
        noised_update(update, mechanism=mechanism, randomness=noise)
        for update, noise in zip(updates, noises, strict=True)
    ]
    return torch.stack(rows)


def clipped_updates(
    model: Model, start: Tensor, examples: Examples, *, training: LocalTraining, plan: PrivacyPlan
) -> Tensor:
    """What leaves K devices after plain local training on examples (K, E, ...): see `bounded_updates`."""
    return bounded_updates(local_updates(model, start, examples, training), plan=plan)


def bounded_updates(updates: Tensor, *, plan: PrivacyPlan) -> Tensor:
    """Updates (K, d), however trained, as they leave K devices: each of L2 norm at most the plan's clip norm.

    Unclipped where the plan's mechanism is off, and then no epsilon is claimed. With adaptive clipping, contributions
    (K, d + 1) in units of the clip norm, with a bit each. plan: of this round.
    """
    if plan.clipping is Clipping.ADAPTIVE:
        return contributions(updates, clip_norm=plan.clip_norm, clipping=AdaptiveClipping.of(plan))
    return updates if plan.mechanism is Mechanism.OFF else clip_rows(updates, clip_norm=plan.clip_norm)
