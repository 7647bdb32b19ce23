"""Which plans a deployed federation can keep: those that its devices can count from the log, round after round."""

from shared_model.errors import Refused
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.spent import Sampling


def require_countable(plan: PrivacyPlan) -> None:
    """Raises Refused for a plan that is sound in a simulation, but that deployed devices cannot count."""
    if plan.mechanism not in (Mechanism.GAUSSIAN, Mechanism.SKELLAM) or plan.clipping is not Clipping.FLAT:
        raise Refused(
            f"deployment: mechanism {plan.mechanism.value} with {plan.clipping.value} clipping, which devices "
            "cannot count from the log; plan the mechanism gaussian or skellam with flat clipping"
        )
    if plan.sampling not in (Sampling.POISSON, Sampling.FULL_PARTICIPATION):
        raise Refused(
            f"deployment: sampling {plan.sampling.value} draws a cohort of fixed size, which a population that "
            "grows does not have; plan poisson sampling"
        )
