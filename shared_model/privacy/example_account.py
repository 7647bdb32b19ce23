"""What example-level DP-SGD has spent on one device, over all rounds and restarts: it outlives whoever trains.

A debit is stored before the steps it pays for are taken and is never given back. The unit is the example, one training
window with the rest of the history fixed: another unit than the device's, and never added to it.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from shared_model.errors import BadInput, Refused
from shared_model.privacy.coverage import account
from shared_model.privacy.plan import SMALLEST_DELTA
from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Sampling, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleAccount:
    """steps: taken so far, those without any example included, since noise and epsilon are the same for them.

    sample_rate: q of each example in a step, batch size over data-set size, both public nominal numbers (privacy
    requirement 10); noise_multiplier: z; epsilon_cap: what the device spends at most. One account is for one q and z:
    what others cost is an account of its own, and the two numbers are added.

    Raises BadInput for numbers that cannot be used.
    """

    sample_rate: float
    noise_multiplier: float
    delta: float
    epsilon_cap: float
    steps: int = 0

    def __post_init__(self) -> None:
        if not (
            0 < self.sample_rate <= 1
            and 0 < self.noise_multiplier < math.inf
            and SMALLEST_DELTA <= self.delta < 1
            and 0 < self.epsilon_cap < math.inf
            and self.steps >= 0
        ):
            raise BadInput(
                f"example account: sample_rate {self.sample_rate:g}, noise_multiplier {self.noise_multiplier:g}, delta "
                f"{self.delta:g}, epsilon_cap {self.epsilon_cap:g} and {self.steps} steps cannot be; the rate lies "
                f"above 0 and at most at 1, delta between {SMALLEST_DELTA:g} and 1, the others are positive"
            )

    def spent(self) -> PrivacySpent:
        """For the unit example, under add-or-remove-one, after all steps so far.

        Against the server, and so against everybody: nobody but the device sees its batches or its steps, and what
        leaves has the noise in it already. Raises Refused where the accountant does not converge.
        """
        return _spent(self)

    def debit(self, steps: int, *, store: Callable[[str], None]) -> "Debited":
        """Pay for `steps` more. store: puts the account's JSON on disk, synced, before it returns.

        Raises Refused, with nothing stored, where they would exceed the cap or no accountant counts them.
        """
        if steps < 1:
            raise BadInput(f"example account: {steps} steps; ask for at least 1")
        after = replace(self, steps=self.steps + steps)
        epsilon = after.spent().epsilon
        assert epsilon is not None
        if not epsilon <= self.epsilon_cap:
            raise Refused(
                f"example account: {steps} more steps would make the epsilon of an example {epsilon:.3f}, above its "
                f"cap of {self.epsilon_cap:g}; the device does not train"
            )
        store(after.to_json())
        return Debited(account=after, steps=steps)

    def to_json(self) -> str:
        """A line of JSON; `from_json` gives the same account, to the last bit."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ExampleAccount":
        """Raises Refused for anything but what `to_json` wrote: unknown counts as spent (privacy requirement 32)."""
        try:
            found = cls(**json.loads(text))
        except (ValueError, TypeError, BadInput) as error:
            raise Refused(
                "example account: what is stored cannot be read; its budget counts as spent, and nothing is trained"
            ) from error
        if found.to_json() != text.strip() or type(found.steps) is not int:
            raise Refused("example account: what is stored is not what was written; its budget counts as spent")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Debited:
    """Proof that the last `steps` of `account`, as it now is, are paid for and stored: what training asks for."""

    account: ExampleAccount
    steps: int

    @property
    def first_step(self) -> int:
        """Number of the first of them, from 0, in the account's whole life."""
        return self.account.steps - self.steps


@lru_cache(maxsize=1024)
def _spent(of: ExampleAccount) -> PrivacySpent:
    """Kept, since a simulation asks for the same few accounts once for each device and round."""
    accounted = account(
        sampling=Sampling.POISSON,
        relation=Relation.ADD_OR_REMOVE_ONE,
        sample_rate=of.sample_rate,
        noise_multiplier=of.noise_multiplier,
        rounds=of.steps,
        delta=of.delta,
    )
    return PrivacySpent(
        epsilon=accounted.epsilon,
        delta=of.delta,
        unit=Unit.EXAMPLE,
        relation=Relation.ADD_OR_REMOVE_ONE,
        adversary=Adversary.SERVER,
        mechanism="example-level DP-SGD on the device",
        rounds=of.steps,
        accountant=accounted.pld_by,
    )
