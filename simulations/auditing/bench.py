"""What an audit of a scenario starts from: its plan, and the federation that its rounds would be run by."""

from dataclasses import dataclass
from pathlib import Path

from server.round import ServerStep
from shared_model.errors import BadInput, Refused
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.training.local_update import Model
from simulations.datasets.dataset import Dataset
from simulations.datasets.load import load_dataset
from simulations.engines.federation import Federation
from simulations.experiment import (
    local_training,
    new_head,
    plan_of,
    private_examples,
    public_paths,
    tables_of,
    trainable_model,
)
from simulations.quality.scenario import QualityScenario
from simulations.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditBench:
    """scenario, data set and plan of the run that is audited."""

    scenario: Scenario
    dataset: Dataset
    plan: PrivacyPlan

    def federation(self) -> Federation:
        """As a run would have it, from an untrained head: what is audited does not depend on what was learned.

        Raises Refused for example-level training, whose own guarantee no gate here tests.
        """
        scenario, dataset, training = self.scenario, self.dataset, self.scenario.training
        if scenario.privacy.example_level is not None:
            raise Refused(
                "audit: gate G1 looks for devices, and no gate here for training windows; take example-level training "
                "away (--set privacy.example_level=) to audit what holds for devices"
            )
        return Federation(
            model=self._model(),
            examples=private_examples(scenario, dataset, public_paths(dataset)),
            training=local_training(scenario),
            plan=self.plan,
            step=ServerStep(learning_rate=training.server_learning_rate, momentum=training.server_momentum),
            seed=scenario.seed,
        )

    def federation_size(self) -> int:
        """d, the numbers that a round releases."""
        return self._model().layout.size

    def _model(self) -> Model:
        head = new_head(self.scenario.model, self.dataset.catalogue, seed=self.scenario.seed)
        return trainable_model(self.scenario, head, tables_of(self.dataset.catalogue))


def set_up_audit(scenario: Scenario | QualityScenario, *, data: Path | None) -> AuditBench:
    """Raises BadInput where the scenario promises nothing that could be refuted."""
    if isinstance(scenario, QualityScenario):
        raise BadInput("audit: a quality scenario has no rounds and promises no privacy; give one with rounds")
    dataset = load_dataset(scenario, data=data)
    plan = plan_of(scenario, population=len(dataset.private))
    if plan.mechanism is Mechanism.OFF:
        raise BadInput("audit: the mechanism is off, so that nothing is promised; set privacy.mechanism to audit one")
    return AuditBench(scenario=scenario, dataset=dataset, plan=plan)
