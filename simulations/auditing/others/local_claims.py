"""Claims of `LocalDpMod` for one answer, replace-one: gate G0, and the exact number of what it does."""

import math
from dataclasses import dataclass

from scipy.optimize import brentq

from shared_model.privacy.gaussian import gaussian_delta, gaussian_epsilon, gaussian_mu, sensitivity
from shared_model.privacy.spent import Relation
from simulations.auditing.mechanism_gate import MechanismClaim, MechanismVerdict, audit_mechanism
from simulations.auditing.others.finding import Finding
from simulations.auditing.others.local_noise import FlowerLocalNoise
from simulations.auditing.others.noise_claims import FALSE_ALARMS, SIZE

DELTA = 1e-5
ANSWERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalClaim:
    """sensitivity: that the user of the mod gives, in clip norms, of which the true one is 2; epsilon: at `DELTA`."""

    sensitivity: float
    epsilon: float

    @property
    def noise(self) -> FlowerLocalNoise:
        """The mod that makes the claim."""
        return FlowerLocalNoise(epsilon=self.epsilon, delta=DELTA, clip_norm=1.0, sensitivity=self.sensitivity)

    @property
    def exact_delta(self) -> float:
        """Of one answer, at the epsilon that is claimed."""
        return gaussian_delta(self.epsilon, mu=self.noise.mu)

    def exact_epsilon(self, *, answers: int) -> float:
        """Of so many answers of one device, at `DELTA`."""
        return gaussian_epsilon(DELTA, mu=self.noise.mu * math.sqrt(answers))

    def audit(self, *, trials: int, seed: int) -> MechanismVerdict:
        """Gate G0, against the noise that (epsilon, `DELTA`) needs. trials: of either kind."""
        needed = sensitivity(Relation.REPLACE_ONE) / gaussian_mu(epsilon=self.epsilon, delta=DELTA)
        return audit_mechanism(
            self.noise,
            MechanismClaim(noise_multiplier=needed, clip_norm=1.0, relation=Relation.REPLACE_ONE),
            size=SIZE,
            trials=trials,
            false_alarms=FALSE_ALARMS,
            seed=seed,
            progress=lambda _: None,
        )

    def finding(self, *, trials: int, seed: int) -> Finding:
        """What the gate saw and what is exact; `good` goes by the latter."""
        lower = self.audit(trials=trials, seed=seed).epsilon_lower(DELTA)
        return Finding(
            question=6,
            mechanism="Flower, LocalDpMod",
            situation=f"one answer, sensitivity given as {self.sensitivity:g} C",
            claimed=f"epsilon {self.epsilon:g}, delta {DELTA:g}",
            found=f"epsilon >= {lower:.2f}",
            exact=f"epsilon {self.exact_epsilon(answers=1):.2f}; delta {self.exact_delta:.1e} at {self.epsilon:g}; "
            f"{ANSWERS} answers: epsilon {self.exact_epsilon(answers=ANSWERS):.1f}",
            good=self.exact_delta <= DELTA,
            trials=trials,
        )


LOCAL_CLAIMS = tuple(LocalClaim(sensitivity=given, epsilon=epsilon) for given in (2.0, 1.0) for epsilon in (1, 4, 8))


def largest_epsilon(delta: float) -> float:
    """Up to which the formula gives enough noise for `delta`, with the true sensitivity."""

    def excess(epsilon: float) -> float:
        noise = FlowerLocalNoise(epsilon=epsilon, delta=delta, clip_norm=1.0, sensitivity=2.0)
        return gaussian_delta(epsilon, mu=noise.mu) - delta

    return float(brentq(excess, 1.0, 100.0))


def reach_of_the_formula() -> Finding:
    """Its proof covers epsilon below 1 (Dwork and Roth 2014, theorem A.1)."""
    return Finding(
        question=6,
        mechanism="Flower, LocalDpMod",
        situation=f"largest epsilon that is kept at delta {DELTA:g}, sensitivity given as 2 C",
        claimed="any; proved below 1",
        found="–",
        exact=f"epsilon {largest_epsilon(DELTA):.2f}",
        good=False,
    )
