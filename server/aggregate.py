"""The sum of a round: clipped updates in, one noised mean out. Nothing per listener survives it.

Letters: K answers at once, d released numbers, D numbers in an answer: d, and one more with adaptive clipping.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from shared_model.errors import BadInput, Refused
from shared_model.privacy.adaptive_clipping import AdaptiveClipping, adapted_average
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.matrix_factorisation import NoiseMemory
from shared_model.privacy.mechanism import average_of_noised, correlated_average, private_average
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.randomness import Randomness
from shared_model.privacy.spent import Trust
from shared_model.secagg.encoding import Streams, SumEncoding, add_modulo, decode, missing_noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """mean: (d,) float32, what leaves the round; update_norm: L2 norm of it before noise.

    noise_norm: expected L2 norm of its noise. update_norm is a diagnosis for the operator, without noise (with local
    and distributed trust with it, since nobody else ever sees it without): a simulation reports it, and no release
    holds it.
    quality: with distributed trust, what devices say of quality, summed, noised and in their own units, empty where
    the plan has no share for it. next_clip_norm: where clipping is adaptive; noise_memory: after this round, where
    noise is correlated.
    """

    mean: Tensor
    update_norm: float
    noise_norm: float
    quality: tuple[float, ...] = ()
    next_clip_norm: float | None = None
    noise_memory: NoiseMemory | None = None


class Aggregate:
    """Sums answers in float64 with equal weights; a claimed number of examples has no say (privacy requirement 11).

    Sensitivity: `plan.clip_norm`, add-or-remove-one device, whatever the clients send: every row is clipped here too.
    With local trust rows come noised, protect themselves, and are neither clipped nor noised again.
    With adaptive clipping rows are contributions in units of the clip norm, and clipped to their own sensitivity.
    With distributed trust rows are int64 below the modulus, bounded and noised where they come from, and summed in it.
    """

    def __init__(
        self, size: int, *, plan: PrivacyPlan, rotation: bytes | None = None, streams: Streams | None = None
    ) -> None:
        """size: d; plan: of this round, so that its clip norm is the one that the devices were told.

        With distributed trust, rotation: the round's `shared_model.secagg.encoding.rotation_seed`; streams: for the
        noise of devices that are missing.
        """
        self._plan = plan
        self._size = size
        self._rotation, self._streams = rotation, streams
        self._encoding: SumEncoding | None = None
        self._adaptive = AdaptiveClipping.of(plan) if plan.clipping is Clipping.ADAPTIVE else None
        self._sum = torch.zeros(answer_size(size, plan=plan), dtype=torch.float64)
        if plan.trust is Trust.DISTRIBUTED:
            self._encoding = SumEncoding.of(plan, size=size)
            self._sum = self._sum.long()
        self.answers = 0

    def add(self, updates: Tensor) -> None:
        """updates: (K, D) float32, one row a device.

        Raises BadInput for rows of another width: a shorter one would be repeated along the sum, unclipped as a whole.
        """
        if updates.shape[1:] != self._sum.shape:
            raise BadInput(
                f"round: an answer has shape {tuple(updates.shape)} and {len(self._sum)} numbers are released; "
                "leave it out"
            )
        if self._encoding is not None:
            self.add_sum(_modular_sum(updates, encoding=self._encoding), answers=len(updates))
            return
        if self._plan.trust is Trust.LOCAL:  # rows are noised, so that their norms say nothing
            rows = torch.where(updates.isfinite().all(1, keepdim=True), updates, 0.0)
        elif self._plan.mechanism is Mechanism.OFF:
            rows = updates
        else:
            bound = self._plan.clip_norm if self._adaptive is None else self._adaptive.sensitivity
            rows = clip_rows(updates, clip_norm=bound)
        self._sum += rows.sum(0, dtype=torch.float64)
        self.answers += len(rows)

    def add_sum(self, opened: Tensor, *, answers: int) -> None:
        """opened: (D,) int64 below the modulus, what secure aggregation opens of so many `answers`; with distributed
        trust alone."""
        assert self._encoding is not None
        self._sum = _modular_sum(torch.stack([self._sum, opened]), encoding=self._encoding)
        self.answers += answers

    def release(self, randomness: Randomness, *, memory: NoiseMemory | None = None) -> Released:
        """The mean over the *planned* cohort: fewer answers must not mean less noise (privacy requirement 12).

        Raises Refused when fewer than the plan's minimum answered: nothing partial is released. That a round was
        aborted shows that few answered, which no epsilon counts; with a minimum of 0 it is never shown.
        memory: of earlier rounds' noise, None before the first.
        """
        plan = self._plan
        if self.answers < plan.minimum_cohort:
            raise Refused(
                f"round: {self.answers} devices answered and the plan asks for at least {plan.minimum_cohort}; "
                "nothing was released. Invite more devices or plan a smaller minimum_cohort"
            )
        if self._encoding is not None:
            return self._decoded(self._encoding)
        if self._adaptive is not None:
            return self._adapted(self._adaptive, randomness)
        plain = self._sum / plan.cohort
        if plan.trust is Trust.LOCAL:
            return Released(
                mean=average_of_noised(self._sum, cohort=plan.cohort),
                update_norm=float(plain.norm()),
                noise_norm=plan.noise_standard_deviation * (self.answers * len(plain)) ** 0.5 / plan.cohort,
            )
        released = Released(
            mean=plain.float(),
            update_norm=float(plain.norm()),
            noise_norm=plan.noise_standard_deviation * len(plain) ** 0.5 / plan.cohort,
        )
        if plan.mechanism is Mechanism.OFF:
            return released
        if plan.mechanism is Mechanism.GAUSSIAN:
            return replace(released, mean=private_average(self._sum, plan=plan, randomness=randomness))
        before = NoiseMemory.start(size=len(plain)) if memory is None else memory
        mean, after = correlated_average(self._sum, plan=plan, memory=before, randomness=randomness)
        growth = plan.factorisation.row_norm(after.round)
        return replace(released, mean=mean, noise_norm=growth * released.noise_norm, noise_memory=after)

    def _decoded(self, encoding: SumEncoding) -> Released:
        """The server adds the noise of who is missing, so that readers of releases do not learn how many there were."""
        assert self._rotation is not None
        assert self._streams is not None
        missing = missing_noise(encoding, devices=self.answers, randomness=self._streams)
        self.add_sum(torch.from_numpy(missing.view(np.int64)), answers=0)
        opened = self._sum.numpy().view(np.uint64)
        decoded = decode(opened[None], encoding=encoding, seed=self._rotation)[0]
        mean = torch.from_numpy(decoded[: self._size] / self._plan.cohort)
        quality = decoded[self._size :] / (self._plan.quality_norm or 1.0)
        return Released(
            mean=mean.float(),
            update_norm=float(mean.norm()),
            noise_norm=encoding.noise_standard_deviation * self._size**0.5 / self._plan.cohort,
            quality=tuple(quality.tolist()),
        )

    def _adapted(self, clipping: AdaptiveClipping, randomness: Randomness) -> Released:
        plan = self._plan
        after = adapted_average(self._sum, clip_norm=plan.clip_norm, clipping=clipping, randomness=randomness)
        deviation = clipping.update_noise_multiplier * plan.clip_norm
        return Released(
            mean=after.mean,
            update_norm=float(self._sum[:-1].norm()) * plan.clip_norm / plan.cohort,
            noise_norm=deviation * len(after.mean) ** 0.5 / plan.cohort,
            next_clip_norm=after.next_clip_norm,
        )


def _modular_sum(rows: Tensor, *, encoding: SumEncoding) -> Tensor:
    """(D,) int64, the sum of `rows` (K, D) modulo 2^b."""
    summed = add_modulo(rows.numpy().view(np.uint64), bits=encoding.modulus_bits)
    return torch.from_numpy(summed.view(np.int64))


def answer_size(size: int, *, plan: PrivacyPlan) -> int:
    """D for d = `size`."""
    if plan.trust is Trust.DISTRIBUTED:
        return SumEncoding.of(plan, size=size).padded
    return size + (plan.clipping is Clipping.ADAPTIVE)


def answer_bytes(size: int, *, plan: PrivacyPlan) -> int:
    """Of the numbers in one answer: float32, or b bits each with distributed trust."""
    bits = SumEncoding.of(plan, size=size).modulus_bits if plan.trust is Trust.DISTRIBUTED else 32
    return -(-answer_size(size, plan=plan) * bits // 8)
