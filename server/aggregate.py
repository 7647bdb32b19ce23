"""The sum of a round: clipped updates in, one noised mean out. Nothing per listener survives it.

Letters: K answers at once, d released numbers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from shared_model.errors import BadInput, Refused
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.mechanism import private_average
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.randomness import Randomness


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """mean: (d,) float32, what leaves the round; update_norm: L2 norm of it before noise.

    noise_norm: expected L2 norm of its noise. update_norm is a diagnosis for the
    operator, without noise: a simulation reports it, and no release holds it.
    """

    mean: Tensor
    update_norm: float
    noise_norm: float


class Aggregate:
    """Sums answers in float64 with equal weights; a claimed number of examples has no say (privacy requirement 11).

    Sensitivity: `plan.clip_norm`, add-or-remove-one device, whatever the clients send: every row is clipped here too.
    """

    def __init__(self, size: int, *, plan: PrivacyPlan) -> None:
        self._plan = plan
        self._sum = torch.zeros(size, dtype=torch.float64)
        self.answers = 0

    def add(self, updates: Tensor) -> None:
        """updates: (K, d) float32, one row a device.

        Raises BadInput for rows of another width: a shorter one would be repeated along the sum, unclipped as a whole.
        """
        if updates.shape[1:] != self._sum.shape:
            raise BadInput(
                f"round: an answer has shape {tuple(updates.shape)} and {len(self._sum)} numbers are released; "
                "leave it out"
            )
        private = self._plan.mechanism is not Mechanism.OFF
        rows = clip_rows(updates, clip_norm=self._plan.clip_norm) if private else updates
        self._sum += rows.sum(0, dtype=torch.float64)
        self.answers += len(rows)

    def release(self, randomness: Randomness) -> Released:
        """The mean over the *planned* cohort: fewer answers must not mean less noise (privacy requirement 12).

        Raises Refused when fewer than the plan's minimum answered: nothing partial is released. That a round was
        aborted shows that few answered, which no epsilon counts; with a minimum of 0 it is never shown.
        """
        plan = self._plan
        if self.answers < plan.minimum_cohort:
            raise Refused(
                f"round: {self.answers} devices answered and the plan asks for at least {plan.minimum_cohort}; "
                "nothing was released. Invite more devices or plan a smaller minimum_cohort"
            )
        plain = self._sum / plan.cohort
        private = plan.mechanism is not Mechanism.OFF
        return Released(
            mean=private_average(self._sum, plan=plan, randomness=randomness) if private else plain.float(),
            update_norm=float(plain.norm()),
            noise_norm=plan.noise_standard_deviation * len(plain) ** 0.5 / plan.cohort,
        )
