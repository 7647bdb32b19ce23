"""Local differential privacy: each device adds all of its noise itself, and need trust nobody.

The analytic Gaussian mechanism (Balle and Wang 2018, arXiv 1805.06530), for any epsilon. The server's sum of K answers
holds K times the variance of one, which is the price: sqrt(K) times the noise that a trusted server would add. What is
done to the numbers is in `shared_model.privacy.mechanism`.
Letters: T rounds in which one device takes part.
"""

import math
from dataclasses import dataclass

from shared_model.errors import BadInput
from shared_model.privacy.coverage import EXACT
from shared_model.privacy.gaussian import composed_mu, gaussian_epsilon, gaussian_mu, sensitivity
from shared_model.privacy.plan import CLIP_NORMS, PrivacyPlan
from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGaussian:
    """What a device does to its update before it leaves. noise_multiplier: standard deviation over `clip_norm`, C.

    Sensitivity: 2 C, replace-one: an update may become any other of norm at most C, and that the device answered is
    seen. Raises BadInput for numbers that cannot be used.
    """

    clip_norm: float
    noise_multiplier: float

    def __post_init__(self) -> None:
        if not CLIP_NORMS[0] <= self.clip_norm <= CLIP_NORMS[1] or not 0 < self.noise_multiplier < math.inf:
            raise BadInput(
                f"local Gaussian: clip_norm {self.clip_norm:g} with noise_multiplier {self.noise_multiplier:g}; the "
                f"first must lie between {CLIP_NORMS[0]:g} and {CLIP_NORMS[1]:g}, the second be above 0 and finite"
            )

    @classmethod
    def calibrated(cls, *, epsilon: float, delta: float, participations: int, clip_norm: float) -> "LocalGaussian":
        """The least noise with which T = `participations` answers together cost at most `epsilon` at `delta`.

        Exact composition: mu = 2 sqrt(T) / z. Raises BadInput for numbers that cannot be used.
        """
        if not 0 < epsilon < math.inf or not 0 < delta < 1 or participations < 1:
            raise BadInput(
                f"local Gaussian: epsilon {epsilon:g} at delta {delta:g} over {participations} participations; "
                "epsilon must be above 0 and finite, delta between 0 and 1, and the participations at least 1"
            )
        mu = gaussian_mu(epsilon=epsilon, delta=delta)
        noise_multiplier = sensitivity(Relation.REPLACE_ONE) * math.sqrt(participations) / mu
        return cls(clip_norm=clip_norm, noise_multiplier=noise_multiplier)

    @classmethod
    def of(cls, plan: PrivacyPlan) -> "LocalGaussian":
        """What each device of a plan with local trust does."""
        return cls(clip_norm=plan.clip_norm, noise_multiplier=plan.noise_multiplier)

    @property
    def standard_deviation(self) -> float:
        """Of each number of the noise on one device's answer."""
        return self.noise_multiplier * self.clip_norm

    def spent(self, *, participations: int, delta: float) -> PrivacySpent:
        """What a device that answered this often has spent, against the server and so against everybody.

        Never amplified: the server knows who answered.
        """
        mu = composed_mu(self.noise_multiplier, releases=participations, relation=Relation.REPLACE_ONE)
        return PrivacySpent(
            epsilon=gaussian_epsilon(delta, mu=mu) if participations else 0.0,
            delta=delta,
            unit=Unit.DEVICE,
            relation=Relation.REPLACE_ONE,
            adversary=Adversary.SERVER,
            mechanism="Gaussian noise that the device adds itself",
            rounds=participations,
            accountant=EXACT,
        )


def noise_purpose(device: int) -> str:
    """Names the noise of one simulated device: each has a stream of its own in each round."""
    return f"local noise {device}"
