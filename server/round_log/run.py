"""One run's leaves: what each of its rounds is going to do, from plan and state, and what came of it."""

from dataclasses import dataclass
from functools import lru_cache

from server.round import RoundState
from server.round_log.code import code_sha256
from server.round_log.log import RoundLog
from shared_model.books.round_log import UNIFORM, Intent, LoggedEpsilon, Outcome, Result
from shared_model.errors import Refused
from shared_model.head.parameters import ParameterLayout
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spending import population_spent
from shared_model.privacy.spent import Trust
from shared_model.release import model_hash
from shared_model.secagg.planned import secagg_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRun:
    """A private run in a log. run: its name there; layout: gives the released numbers their names;
    learning_sha256: as in `Intent`."""

    log: RoundLog
    run: str
    plan: PrivacyPlan
    layout: ParameterLayout
    learning_sha256: str | None = None

    def announce(self, state: RoundState, *, registry_root: str | None = None) -> None:
        """Log the intent of the round after `state`, before anyone is asked. Raises Refused as `RoundLog.append`, and
        where no accountant counts the round. registry_root: of the devices that may be in it, where that is told."""
        plan, number = self.plan, state.round + 1
        distributed = plan.trust is Trust.DISTRIBUTED
        self.log.append(
            Intent(
                run=self.run,
                round=number,
                model_sha256=self._model_hash(state),
                code_sha256=code_sha256(),
                mechanism=plan.mechanism.value,
                noise_multiplier=plan.noise_multiplier,
                clip_norm=plan.clip_norm if state.clip_norm is None else state.clip_norm,
                planned_cohort=plan.cohort,
                minimum_cohort=plan.minimum_cohort,
                sample_rate=plan.sample_rate,
                sampling=plan.sampling,
                releases=plan.releases,
                delta=plan.delta,
                epsilon_before=logged_epsilon(plan, rounds=number - 1),
                epsilon_after=logged_epsilon(plan, rounds=number),
                weights=UNIFORM,
                secagg=secagg_of(plan, size=self.layout.size) if distributed else None,
                registry_root=registry_root,
                learning_sha256=self.learning_sha256,
                evaluation_share=plan.evaluation_share,
            )
        )

    def conclude(self, state: RoundState) -> None:
        """Log the outcome of the round that led to `state`, before it is saved. Raises Refused as `RoundLog.append`."""
        aborted = state.records[-1].update_norm is None
        self.log.append(
            Outcome(
                run=self.run,
                round=state.round,
                model_sha256=self._model_hash(state),
                result=Result.ABORTED if aborted else Result.RELEASED,
            )
        )

    def _model_hash(self, state: RoundState) -> str:
        return model_hash(self.layout.tensors(state.vector))


@lru_cache(maxsize=4)  # what one round ends with the next begins with
def logged_epsilon(plan: PrivacyPlan, *, rounds: int) -> LoggedEpsilon:
    """The population's number after that many rounds, by the accountant that is quoted."""
    spent = population_spent(plan, rounds=rounds).quoted
    if spent.epsilon is None:
        raise Refused(f"round log: no epsilon can be announced ({spent.reason}); plan a mechanism that is accounted")
    return LoggedEpsilon(
        epsilon=spent.epsilon,
        unit=spent.unit,
        relation=spent.relation,
        adversary=spent.adversary,
        trust=plan.trust,
        accountant=spent.accountant,
    )
