"""Epsilon that a new Opacus engine prints after each round, and what the rounds cost together."""

from dataclasses import dataclass

from shared_model.privacy.loss_distribution import pld_epsilon
from simulations.auditing.others.engine_each_round import LocalTraining, printed_epsilon
from simulations.auditing.others.finding import Finding

AS_SHIPPED = LocalTraining(examples=20_000, batch_size=32, noise_multiplier=1.0, delta=1e-5)
"""Flower's example divides the 50,000 images of CIFAR-10 between two devices and keeps a fifth of each for tests."""
SMALL = LocalTraining(examples=480, batch_size=32, noise_multiplier=1.0, delta=1e-5)
"""As many examples as a device of a music listener may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineClaim:
    """Rounds of one device that trains once over its examples in each."""

    name: str
    training: LocalTraining
    rounds: int

    def finding(self) -> Finding:
        """dp-accounting's epsilon is of the same steps, by its privacy loss distributions."""
        printed = printed_epsilon(self.training, rounds=self.rounds, keep_engine=False)
        kept = printed_epsilon(self.training, rounds=self.rounds, keep_engine=True)
        steps = self.rounds * self.training.steps
        true = pld_epsilon(
            sample_rate=1 / self.training.steps,
            noise_multiplier=self.training.noise_multiplier,
            rounds=steps,
            delta=self.training.delta,
        )
        return Finding(
            question=8,
            mechanism="Opacus, a new engine each round",
            situation=f"{self.name}: {self.training.examples:,} examples, batches of 32, {self.rounds} rounds",
            claimed=f"epsilon {printed:.3f} after the last",
            found=f"one engine kept: epsilon {kept:.2f}",
            exact=f"dp-accounting, {steps:,} steps: {true:.2f}",
            good=printed >= 0.99 * true,
        )


ENGINE_CLAIMS = (
    EngineClaim(name="as shipped", training=AS_SHIPPED, rounds=3),
    EngineClaim(name="a small device", training=SMALL, rounds=50),
)
