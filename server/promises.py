"""What a plan protects and what not, in sentences for the operator who chooses it."""

from shared_model.privacy.disclosure import assumption
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spending import device_spent, population_spent
from shared_model.privacy.spent import Trust

SMALL_COHORT = 50


def promises(plan: PrivacyPlan) -> list[str]:
    """The numbers that every reader of releases and every device may quote, and what a small cohort does to them."""
    most = min(plan.participation_limit, plan.rounds)
    said = [
        f"Against who reads releases, after {plan.rounds} rounds: {population_spent(plan, rounds=plan.rounds).quoted}.",
        f"By the own count of a device that took part {most} times: {device_spent(plan, participations=most)}.",
    ]
    if plan.trust is Trust.CENTRAL:
        said.append("Trust is central: this coordinator sees each device's clipped update, and adds the noise itself.")
    if plan.trust is Trust.DISTRIBUTED:
        colluding = plan.minimum_cohort - plan.honest
        said.append(
            "Trust is distributed: devices add the noise, and this coordinator sees noised sums and nothing else; that "
            f"{assumption(plan)}, and at most {colluding} of a round work with it."
        )
    if plan.evaluation_share:
        said.append(
            f"Quality by mood takes {plan.evaluation_share:.0%} of what a round may tell, in the same noised vector: "
            f"the epsilons count it, and noise on updates is {plan.vector_norm / plan.clip_norm - 1:.1%} larger for it."
        )
    if plan.sample_rate == 1:
        said.append("Every device is in every round, so that sampling hides nobody and amplifies nothing.")
    if plan.cohort < SMALL_COHORT:
        said += [
            f"A cohort of {plan.cohort} is small. The epsilons above hold all the same, since the noise on the sum has "
            f"a standard deviation of {plan.noise_standard_deviation:.3g} whatever the cohort.",
            f"It protects no more than they say: who knows what the other {plan.cohort - 1} sent has the last one's "
            "update but for that noise; and that a round was aborted tells that somebody was away.",
            f"And it is costly: after division by {plan.cohort} the noise on each released number is "
            f"{plan.noise_standard_deviation / plan.cohort:.3g}, where a cohort of {20 * plan.cohort} would have "
            f"{plan.noise_standard_deviation / (20 * plan.cohort):.3g}: enough for a trial, too much to learn from.",
        ]
    return said
