"""Example-level DP-SGD in a simulation: what every device trains by, and what it has paid for.

A simulated account is a function of how often its device took part, so that nothing is kept between runs.
"""

from dataclasses import dataclass, replace

from shared_model.errors import Refused
from shared_model.privacy.example_account import Debited, ExampleAccount
from shared_model.training.example_level import ExampleLevelTraining

IN_PROCESS_ONLY = "example-level training runs in process only so far; leave --engine out"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleLevel:
    """training: of one round, on every device; account: of a device that never took part."""

    training: ExampleLevelTraining
    account: ExampleAccount

    def account_after(self, times: int) -> ExampleAccount:
        """Of a device that took part `times` times."""
        return replace(self.account, steps=times * self.training.steps)

    def debit(self, times: int) -> Debited:
        """Pay for one round more after `times`. Raises Refused where that would exceed the cap."""
        return self.account_after(times).debit(self.training.steps, store=lambda _: None)

    def may_train(self, times: int) -> bool:
        """Whether a device that took part `times` times can pay for one round more; else it declines."""
        try:
            self.debit(times)
        except Refused:
            return False
        return True
