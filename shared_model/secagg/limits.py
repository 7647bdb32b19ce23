"""What a device accepts of a round at all, and the one way in which it declines."""

from dataclasses import dataclass

from shared_model.errors import Refused
from shared_model.secagg.graph import LOG2_SECRECY
from shared_model.secagg.parameters import SecAggParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLimits:
    """What a device accepts at all, whatever is signed: at least so many in a round, in a sum, and honest ones in it;
    log2_secrecy_failure: of a drawn graph, at most."""

    smallest_cohort: int
    smallest_threshold: int
    smallest_honest: int
    log2_secrecy_failure: float = LOG2_SECRECY


def require_within(parameters: SecAggParameters, limits: DeviceLimits) -> None:
    """Raises Refused for a round that is below the device's own limits."""
    for name, planned, least in (
        ("a cohort", parameters.cohort, limits.smallest_cohort),
        ("a threshold", parameters.threshold, limits.smallest_threshold),
        ("no more honest devices than", parameters.honest, limits.smallest_honest),
    ):
        if planned < least:
            raise refused(f"the round has {name} of {planned}, below this device's own minimum of {least}")


def refused(what: str) -> Refused:
    """What a device says to itself."""
    return Refused(f"secure aggregation: {what}; the device declines")
