"""Example-level DP-SGD on the device (Abadi et al. 2016, arXiv 1607.00133): each training window is protected alone.

Per-sample gradients by Opacus (Yousefpour et al. 2021, arXiv 2109.12298); clipping, noise, batches and accounting are
our own, since its engine draws noise from torch's generator and forgets what it spent when it is made anew. The update
that comes out is clipped and noised again as any other, for the device as a unit: two guarantees, each with its unit.
Letters: E examples of one listener, of which some are padding; d released numbers.
"""

import copy
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.example_account import Debited
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import CLIP_NORMS
from shared_model.privacy.randomness import Randomness, uniforms
from shared_model.privacy.spent import PrivacySpent
from shared_model.training.examples import Examples, take
from shared_model.training.local_update import Model

BATCH, NOISE = "example batch", "example noise"
"""Purposes of the randomness of a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleLevelTraining:
    """learning_rate > 0; steps: of one round; clip_norm: bound on the gradient of each example.

    batch_size: expected; dataset_size: E, with padding. Both are public and nominal, never what the device holds.
    microbatch: gradients held at once, which changes memory and nothing else. Raises BadInput for other numbers.
    """

    learning_rate: float
    steps: int
    clip_norm: float
    batch_size: int
    dataset_size: int
    microbatch: int = 64

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= self.dataset_size or self.steps < 1 or self.microbatch < 1:
            raise BadInput(
                f"example-level training: batches of {self.batch_size} from {self.dataset_size} examples in "
                f"{self.steps} steps, {self.microbatch} at once; each is at least 1, and a batch at most all"
            )
        if not CLIP_NORMS[0] <= self.clip_norm <= CLIP_NORMS[1] or not 0 < self.learning_rate < math.inf:
            raise BadInput(
                f"example-level training: clip_norm {self.clip_norm:g} with learning rate {self.learning_rate:g}; the "
                f"first must lie between {CLIP_NORMS[0]:g} and {CLIP_NORMS[1]:g}, the second be above 0 and finite"
            )

    @property
    def sample_rate(self) -> float:
        """The chance q of each example to be in a step."""
        return self.batch_size / self.dataset_size


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleLevelUpdate:
    """update: (d,) float32, trained minus received, not yet clipped for the device; spent: for the unit example."""

    update: Tensor
    spent: PrivacySpent


def example_level_update(
    model: Model,
    start: Tensor,
    examples: Examples,
    *,
    training: ExampleLevelTraining,
    debited: Debited,
    randomness: Callable[[str, int], Randomness],
) -> ExampleLevelUpdate:
    """The steps that were `debited`, from the round's parameters start (d,) on examples (E, ...).

    Each step sums the clipped gradients of a Poisson batch, adds noise of deviation noise_multiplier * clip_norm and
    divides by the nominal batch size. Sensitivity of that sum to one example: clip_norm, add-or-remove-one. A batch
    without examples is a step of noise alone, accounted as any other.

    randomness: a stream for `BATCH` or `NOISE` and a step's number in the account's life, so that none is drawn twice;
    the operating system's where deployed. Raises BadInput where training, examples and account do not agree.
    """
    _require_agreement(training, examples, debited)
    deviation = debited.account.noise_multiplier * training.clip_norm
    gradients = PerSampleGradients(model)
    current = start.clone()
    for step in range(debited.first_step, debited.first_step + debited.steps):
        coins = uniforms(training.dataset_size, randomness=randomness(BATCH, step))
        batch = torch.from_numpy(np.flatnonzero(coins < training.sample_rate))
        noise = gaussian_noise(len(start), standard_deviation=deviation, randomness=randomness(NOISE, step))
        total = torch.from_numpy(noise)
        for rows in torch.split(batch, training.microbatch):
            if len(rows):
                each = gradients.of(current, take(examples, rows))
                total = total + clip_rows(each, clip_norm=training.clip_norm).sum(0, dtype=torch.float64)
        current = current - training.learning_rate * (total / training.batch_size).float()
    return ExampleLevelUpdate(update=current - start, spent=debited.account.spent())


class PerSampleGradients:
    """The gradient of each example as if it were alone, by hooks of Opacus on a copy of the head."""

    def __init__(self, model: Model) -> None:
        # takes a second of CPU to import: who trains otherwise does without
        from opacus.grad_sample import GradSampleModule

        self._layout, self._tables = model.layout, model.tables
        head = copy.deepcopy(model.head)
        released = dict(model.layout.shapes)
        for name, parameter in head.named_parameters():
            parameter.requires_grad_(name in released)
        self._parameters = {name: parameter for name, parameter in head.named_parameters() if name in released}
        self._watched = GradSampleModule(head, loss_reduction="sum")

    def of(self, current: Tensor, examples: Examples) -> Tensor:
        """(B, d) float32 at the parameters current (d,), of examples (B, ...), B >= 1; those of weight 0 have none."""
        with torch.no_grad():
            for name, tensor in self._layout.tensors(current).items():
                self._parameters[name].copy_(tensor)
        self._watched.zero_grad(set_to_none=True)
        with torch.enable_grad(), warnings.catch_warnings():
            # the first layers read data, which needs no gradient: what the hooks of Opacus are for
            warnings.filterwarnings("ignore", message="Full backward hook is firing")
            logits = self._watched(examples.batch, self._tables).logits
            torch.autograd.backward((-F.log_softmax(logits, -1)[:, 0] * examples.weight).sum())
        count = len(examples.weight)
        return torch.cat([self._rows(name, count) for name, _ in self._layout.shapes], dim=1)

    def _rows(self, name: str, count: int) -> Tensor:
        found = getattr(self._parameters[name], "grad_sample", None)
        if found is None:  # no path leads there from the loss
            return torch.zeros(count, self._parameters[name].numel())
        rows: Tensor = found.detach().reshape(count, -1)
        return rows


def _require_agreement(training: ExampleLevelTraining, examples: Examples, debited: Debited) -> None:
    held = len(examples.weight)
    if held != training.dataset_size:
        raise BadInput(
            f"example-level training: {held} examples where {training.dataset_size} are planned; pad or cut them to "
            "the nominal number"
        )
    if debited.account.sample_rate != training.sample_rate or debited.steps != training.steps:
        raise BadInput(
            f"example-level training: {training.steps} steps at rate {training.sample_rate:g}, and {debited.steps} at "
            f"rate {debited.account.sample_rate:g} are paid for; debit what is trained"
        )
