"""The parameters of a plan's secure rounds."""

from shared_model.privacy.plan import PrivacyPlan
from shared_model.secagg.encoding import SumEncoding
from shared_model.secagg.parameters import SecAggParameters


def secagg_of(plan: PrivacyPlan, *, size: int) -> SecAggParameters:
    """Of every round of a plan with distributed trust that releases `size` numbers.

    Whoever of the smallest sum is not counted on as honest may work with the server. Raises ValueError where there are
    more devices than the protocol serves.
    """
    return SecAggParameters(
        cohort=plan.cohort,
        most=plan.largest_cohort,
        threshold=plan.minimum_cohort,
        modulus_bits=SumEncoding.of(plan, size=size).modulus_bits,
        honest=plan.honest,
        dishonest=plan.minimum_cohort - plan.honest,
    )
